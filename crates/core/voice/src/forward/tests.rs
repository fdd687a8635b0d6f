use super::*;

const FRAME_US: u64 = 20_000;

fn peer(n: u8) -> PeerKey {
    PeerKey([n; 32])
}

/// Runs `ticks` frames of talkers `(peer, level)` and gives who was heard by `listener` at the last tick, by slot.
fn run(f: &mut Forwarder, now: &mut u64, ticks: u64, talkers: &[(u8, u8)], listener: u8) -> Vec<(u8, u8)> {
    let all: Vec<_> = (0..10).map(peer).collect();
    let mut heard = Vec::new();
    for _ in 0..ticks {
        *now += FRAME_US;
        heard.clear();
        for (from, level) in talkers {
            let Verdict::Send(sends) = f.frame(peer(*from), *level, true, &all, *now) else { continue };
            for (slot, to) in sends {
                assert!(!to.contains(&peer(*from)), "nothing goes back to its sender");
                if to.contains(&peer(listener)) {
                    heard.push((slot, *from));
                }
            }
        }
    }
    heard.sort_unstable();
    heard
}

#[test]
fn the_loudest_three_are_heard_each_in_a_slot_of_its_own() {
    let (mut f, mut now) = (Forwarder::default(), 0);
    let talkers = [(1, 70), (2, 60), (3, 50), (4, 20), (5, 25), (6, 30)];
    let heard = run(&mut f, &mut now, 200, &talkers, 9);
    let slots: BTreeSet<_> = heard.iter().map(|(slot, _)| *slot).collect();
    let who: BTreeSet<_> = heard.iter().map(|(_, who)| *who).collect();
    assert_eq!(slots, (1..=3).collect());
    assert_eq!(who, [4, 5, 6].into());
}

#[test]
fn who_talks_hears_three_others() {
    let (mut f, mut now) = (Forwarder::default(), 0);
    let talkers = [(1, 30), (2, 30), (3, 30), (4, 40)];
    let heard = run(&mut f, &mut now, 100, &talkers, 2);
    assert_eq!(heard.iter().map(|(_, who)| *who).collect::<BTreeSet<_>>(), [1, 3, 4].into());
    assert_eq!(heard.iter().map(|(slot, _)| *slot).collect::<BTreeSet<_>>().len(), 3);
}

#[test]
fn a_challenger_waits_half_a_second_and_a_pause_of_a_second_loses_no_slot() {
    let (mut f, mut now) = (Forwarder::default(), 0);
    let quiet = [(1, 40), (2, 40), (3, 60), (5, 70)];
    run(&mut f, &mut now, 100, &quiet, 9);
    let loud = [(1, 40), (2, 40), (3, 60), (5, 70), (4, 20)];
    assert!(!run(&mut f, &mut now, 20, &loud, 9).iter().any(|(_, who)| *who == 4), "0.4 s");
    assert!(run(&mut f, &mut now, 80, &loud, 9).iter().any(|(_, who)| *who == 4), "2 s");
    // Talker 1 pauses for a second; nobody else wants in, and it still has its slot.
    let before = run(&mut f, &mut now, 1, &[(1, 40)], 9);
    assert_eq!(before.len(), 1);
    run(&mut f, &mut now, 50, &[(2, 40), (4, 20)], 9);
    assert_eq!(run(&mut f, &mut now, 1, &[(1, 40)], 9), before);
}

#[test]
fn whoever_speaks_up_while_all_seats_are_silent_is_heard_at_once() {
    let (mut f, mut now) = (Forwarder::default(), 0);
    run(&mut f, &mut now, 100, &[(1, 20), (2, 20), (3, 20), (4, 20)], 9);
    now += limits::SILENT_US;
    let heard = run(&mut f, &mut now, 1, &[(5, 70)], 9);
    assert_eq!(heard.iter().map(|(_, who)| *who).collect::<Vec<_>>(), [5], "and its first frame already");
    // Whoever lost its seat to another while it was silent takes that of the next silent one.
    let back = run(&mut f, &mut now, 1, &[(1, 20), (2, 20), (3, 20), (4, 20), (5, 70)], 9);
    assert_eq!(back.len(), 3);
    assert_eq!(back.iter().map(|(slot, _)| *slot).collect::<BTreeSet<_>>().len(), 3);
}

#[test]
fn a_priority_speaker_takes_no_slot_from_others() {
    let (mut f, mut now) = (Forwarder::default(), 0);
    f.set_priority(peer(7), true);
    let heard = run(&mut f, &mut now, 100, &[(1, 30), (2, 30), (3, 30), (7, 90)], 9);
    assert!(heard.contains(&(limits::PRIORITY_SLOT, 7)));
    assert_eq!(heard.len(), 4);
}

#[test]
fn a_flood_is_dropped_and_others_are_not() {
    let mut f = Forwarder::default();
    let all: Vec<_> = (0..10).map(peer).collect();
    let passed = (0..10_000).filter(|i| f.frame(peer(1), 0, true, &all, i * 100) != Verdict::Flood).count() as u64;
    assert!(passed <= limits::FRAMES_BURST + limits::FRAMES_PER_SECOND + 1, "{passed} in a second");
    assert_ne!(f.frame(peer(2), 30, true, &all, 1_000_000), Verdict::Flood);
}

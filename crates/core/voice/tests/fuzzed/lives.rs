//! The first lives of the call that is fuzzed, and what comes to pass in one.

use crate::live::{DATAGRAM, FRAME, LEAVE, MESSAGE, OP, OWN, REPEAT, ROSTER, SEALED, SIGNAL, STATE, STATS, TIME, WISH};

/// What came to pass, so that inputs which should reach far can be seen to.
#[derive(Debug, Default)]
pub struct Seen {
    pub heard: usize,
    pub said: usize,
    pub forwarded: usize,
    pub proven: usize,
    pub keys: usize,
    pub left: usize,
}

/// An operation, filled up with zeros.
fn op(bytes: &[u8]) -> [u8; OP] {
    let mut op = [0; OP];
    op[..bytes.len()].copy_from_slice(bytes);
    op
}

/// Rooms that live: a mesh, a relayed room with oneself at each place, a crowd, somebody outside.
pub fn seeds() -> Vec<Vec<u8>> {
    let own = 255;
    let hello = |n| op(&[MESSAGE, n, own, 0, 0]);
    let key = |n| op(&[MESSAGE, n, own, 0, 4, 0, 9, 0]);
    let up = |n| op(&[STATE, n]);
    let speak = |n| op(&[FRAME, n, own, 0, 0, 0, 0, 9, 0, 5, 0, 30]);
    let prove = |n| op(&[MESSAGE, n, own, 0, 11, 0, 0, 5]);
    let again = |n| op(&[REPEAT, n]);
    let wait = |how| op(&[TIME, how]);
    let epoch = |relay, backup, reason| op(&[MESSAGE, 1, own, 0, 2, 1, relay, backup, reason]);
    let room = |here: [u8; 2]| op(&[ROSTER, here[0], here[1]]);
    let greet = |epoch| {
        let first = vec![room([6, 0]), hello(1), hello(2), key(1), key(2), epoch, wait(0x20)];
        [first, vec![up(1), up(2), wait(0x30)]].concat()
    };
    let mesh = greet(epoch(16, 16, 0));
    let talk =
        vec![speak(1), again(8), prove(1), speak(2), again(8), prove(2), op(&[OWN, 1, 30, 1]), again(70), wait(0x59)];
    let outside = vec![hello(3), key(3), speak(3), room([10, 0]), speak(1), speak(3), key(3), room([6, 0]), speak(3)];
    let wishes = (0..9).map(|kind| op(&[WISH, kind, 1, 2])).collect();
    let bye = vec![op(&[MESSAGE, 1, own, 0, 8]), speak(1), op(&[LEAVE]), wait(0x50)];
    let rest = vec![
        op(&[STATS, 1, 50, 100, 3]),
        op(&[SIGNAL, 1, 5, 90]),
        op(&[SEALED]),
        op(&[DATAGRAM, 1]),
        op(&[DATAGRAM, 1, 1]),
    ];
    let crowd = vec![room([255, 255]), wait(0x90), wait(0x59), op(&[MESSAGE, 1, own, 0, 1, 3, 0, 7, 8]), wait(0x59)];
    let lives: [Vec<Vec<[u8; OP]>>; 8] = [
        vec![mesh.clone(), talk.clone(), bye.clone()],
        vec![greet(epoch(0, 1, 1)), talk.clone(), vec![epoch(1, 2, 4)], talk.clone(), bye.clone()],
        vec![greet(epoch(1, 0, 1)), vec![op(&[DATAGRAM, 1])], talk.clone(), vec![wait(0xf7)], talk.clone()],
        vec![greet(epoch(1, 2, 1)), talk.clone(), vec![wait(0xf9)], bye.clone()],
        vec![mesh.clone(), outside, bye.clone()],
        vec![mesh.clone(), wishes, talk.clone(), rest, talk.clone()],
        vec![mesh, crowd, talk.clone(), vec![wait(0xfb)], bye],
        vec![vec![room([6, 0]), hello(1), hello(2), up(1), up(2), speak(1), speak(2), key(1), key(2)], talk],
    ];
    let life = |flags: u8, n: usize| [vec![flags, 200], lives[n].concat().concat()].concat();
    (0..lives.len()).map(|n| life(0, n)).chain((0..4).map(|n| life(1, n))).collect()
}

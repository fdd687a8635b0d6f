//! The power fails while messages are sent, and what was not synced is gone: every message that got an answer is there.

use crate::support::{PATIENCE, Peer, config};
use hearth_lossy::{Disk, Unsynced};
use hearth_node::NodeConfig;
use hearth_ports::{NodeCommand, NodeReply};
use hearth_testkit::Dice;
use hearth_types::{ChannelId, EntryId, SpaceId};
use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

const CUTS: u64 = 50;
/// Sends that wait for their answer at once.
const IN_FLIGHT: usize = 8;

/// Sends until the disk gives out; what was acknowledged goes into `promised`.
fn send_until_dark(ada: &mut Peer, channel: ChannelId, cut: u64, promised: &mut BTreeMap<EntryId, String>) {
    let mut flying = VecDeque::new();
    for line in 0.. {
        let text = format!("cut {cut} line {line}");
        let request = ada.post(NodeCommand::MessageSend { channel, text: text.clone(), reply_to: None });
        flying.push_back((request, text));
        if flying.len() < IN_FLIGHT {
            continue;
        }
        let (request, text) = flying.pop_front().unwrap();
        match ada.answer(request) {
            Ok(NodeReply::Message { message }) => drop(promised.insert(message, text)),
            Ok(other) => panic!("{other:?}"),
            Err(_) => break,
        }
    }
    for (request, text) in flying {
        if let Ok(NodeReply::Message { message }) = ada.answer(request) {
            promised.insert(message, text);
        }
    }
}

fn every_ok_survives(vfs: &str, unsynced: impl Fn(u64) -> Unsynced) {
    let mut dice = Dice::new(7);
    let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let disk = Disk::new(vfs);
    let mut bo = Peer::start(config(right.path()));
    let on_disk =
        |bo: &Peer| NodeConfig { vfs: Some(disk.vfs.clone()), bootstrap: bo.listen.clone(), ..config(left.path()) };
    let mut ada = Peer::start(on_disk(&bo));
    let (community, channel) = ada.found("The Den");
    let link = ada.invite(community);
    bo.ask(NodeCommand::CommunityJoin { link });

    let mut promised = BTreeMap::new();
    for cut in 0..CUTS {
        // A message costs about three changes of the disk.
        disk.fail_after(1 + dice.below(300));
        send_until_dark(&mut ada, channel, cut, &mut promised);
        ada.stop();
        disk.power_cut(unsynced(cut));
        bo.forget();
        ada = Peer::start(on_disk(&bo));
        let here = ada.messages(channel);
        for (message, text) in &promised {
            assert_eq!(here.get(message), Some(text), "after cut {cut} a promised message is lost");
        }
    }
    assert!(promised.len() as u64 > CUTS * 5, "only {} messages were promised", promised.len());
    agree(&mut ada, &mut bo, community);
    let there = bo.messages(channel);
    assert!(promised.iter().all(|(message, text)| there.get(message) == Some(text)), "the other peer lacks one");
    println!("{CUTS} power cuts, {} messages promised, {} kept", promised.len(), there.len());
    ada.stop();
    bo.stop();
}

#[test]
fn every_acknowledged_message_survives_a_disk_that_drops_what_was_not_synced() {
    every_ok_survives("hearth-node-lost", |_| Unsynced::Lost);
}

#[test]
fn every_acknowledged_message_survives_a_disk_that_writes_sectors_as_it_likes() {
    every_ok_survives("hearth-node-chance", Unsynced::ByChance);
}

/// Asks again and again, as nothing announces it, until both hold the same.
fn agree(left: &mut Peer, right: &mut Peer, community: SpaceId) {
    let end = Instant::now() + PATIENCE;
    while left.heads(community) != right.heads(community) {
        assert!(Instant::now() < end, "the two never came to hold the same");
        std::thread::sleep(Duration::from_millis(10));
    }
}

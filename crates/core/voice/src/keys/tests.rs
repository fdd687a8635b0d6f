#![allow(clippy::unwrap_used)]
use super::*;
use crate::limits;
use hearth_crypto::HashEntropy;
use hearth_types::PeerKey;
use std::collections::BTreeSet;

const ADA: DeviceId = DeviceId([1; 32]);

struct Pair {
    send: SendKeys,
    entropy: HashEntropy,
    listeners: BTreeSet<PeerKey>,
}

impl Pair {
    fn new() -> Self {
        let mut entropy = HashEntropy::new([5; 32]);
        let send = SendKeys::new(device_tag(CallId([0; 32]), ADA), &mut entropy, 0);
        Self { send, entropy, listeners: BTreeSet::new() }
    }
    fn hear(&mut self, n: u8, now_us: u64) -> ReceiveKeys {
        self.listeners.insert(PeerKey([n; 32]));
        let mut keys = ReceiveKeys::default();
        keys.add_sender(ADA, device_tag(CallId([0; 32]), ADA));
        self.deliver(n, &mut keys, now_us);
        keys
    }
    fn deliver(&mut self, n: u8, keys: &mut ReceiveKeys, now_us: u64) {
        for offer in self.send.tick(&self.listeners, &self.listeners, &mut self.entropy, now_us) {
            if offer.peer == PeerKey([n; 32]) {
                assert!(keys.insert(&ADA, offer.id, offer.secret, now_us));
                self.send.acked(offer.peer, offer.id);
            }
        }
    }
    fn frame(&mut self) -> (u64, Vec<u8>) {
        let (_, sealed) = self.send.seal(b"voice").unwrap();
        (crate::seal::header(&sealed).unwrap().0, sealed)
    }
}

#[test]
fn a_key_id_has_one_spelling() {
    let id = KeyId { tag: 0xdead_beef, whisper: true, generation: 0x7abc, step: 9 };
    assert_eq!(KeyId::from_u64(id.to_u64()), Some(id));
    assert_eq!(KeyId::from_u64(1 << 56), None);
}

#[test]
fn a_joiner_opens_nothing_said_before_and_all_after() {
    let mut pair = Pair::new();
    let mut early = pair.hear(1, 0);
    let before = pair.frame();
    pair.send.joined(1);
    let mut late = pair.hear(2, 1);
    let after = pair.frame();
    assert!(early.open(&ADA, before.0, &before.1, 2).is_ok());
    assert!(early.open(&ADA, after.0, &after.1, 2).is_ok(), "who was there follows the ratchet unasked");
    assert_eq!(late.open(&ADA, before.0, &before.1, 2), Err(OpenFault::NoKey));
    assert!(late.open(&ADA, after.0, &after.1, 2).is_ok());
}

#[test]
fn who_left_opens_nothing_after_the_switch_and_old_keys_go_after_ten_seconds() {
    let mut pair = Pair::new();
    let (mut stays, mut leaves) = (pair.hear(1, 0), pair.hear(2, 0));
    let old = pair.frame();
    pair.listeners.remove(&PeerKey([2; 32]));
    pair.send.left(0);
    let mut now = 0;
    while pair.send.is_changing() {
        now += limits::TICK_US;
        pair.deliver(1, &mut stays, now);
    }
    assert!(now <= limits::KEY_COALESCE_US + limits::KEY_SWITCH_US + limits::TICK_US, "{now}");
    let new = pair.frame();
    assert!(stays.open(&ADA, new.0, &new.1, now).is_ok());
    assert_eq!(leaves.open(&ADA, new.0, &new.1, now), Err(OpenFault::NoKey));
    assert!(stays.open(&ADA, old.0, &old.1, now + 1_000_000).is_ok(), "a late frame still opens");
    assert_eq!(stays.open(&ADA, old.0, &old.1, now + limits::KEY_KEEP_US), Err(OpenFault::NoKey));
    stays.expire(now + limits::KEY_KEEP_US);
    assert_eq!(stays.len(), 1);
}

#[test]
fn a_switch_waits_half_a_second_for_a_silent_listener_and_no_longer() {
    let mut pair = Pair::new();
    let mut quick = pair.hear(1, 0);
    pair.listeners.insert(PeerKey([9; 32]));
    pair.send.left(0);
    let old = crate::seal::header(&pair.send.seal(b"a").unwrap().1).unwrap().0;
    pair.deliver(1, &mut quick, limits::KEY_COALESCE_US);
    pair.deliver(1, &mut quick, limits::KEY_COALESCE_US + limits::KEY_SWITCH_US - 1);
    assert_eq!(pair.frame().0, old);
    pair.deliver(1, &mut quick, limits::KEY_COALESCE_US + limits::KEY_SWITCH_US);
    assert_ne!(pair.frame().0, old);
}

#[test]
fn a_key_of_another_tag_is_refused_and_the_same_key_again_changes_nothing() {
    let mut keys = ReceiveKeys::default();
    keys.add_sender(ADA, 7);
    let id = |tag| KeyId { tag, whisper: false, generation: 1, step: 0 }.to_u64();
    assert!(!keys.insert(&ADA, id(8), Secret32::new([1; 32]), 0));
    assert!(!keys.insert(&DeviceId([2; 32]), id(7), Secret32::new([1; 32]), 0), "an unknown device");
    assert!(keys.insert(&ADA, id(7), Secret32::new([1; 32]), 0));
    assert!(keys.insert(&ADA, id(7), Secret32::new([1; 32]), 0));
    assert_eq!(keys.len(), 1);
}

#[test]
fn keys_of_one_sender_are_bounded() {
    let mut keys = ReceiveKeys::default();
    keys.add_sender(ADA, 7);
    for generation in 0..1000 {
        let id = KeyId { tag: 7, whisper: false, generation, step: 0 };
        keys.insert(&ADA, id.to_u64(), Secret32::new([1; 32]), 0);
    }
    assert_eq!(keys.len(), limits::SENDER_KEYS);
}

#[test]
fn counters_run_on_through_every_key_and_a_whisper_has_its_own_listeners() {
    let mut pair = Pair::new();
    let (mut one, mut two) = (pair.hear(1, 0), pair.hear(2, 0));
    assert_eq!(pair.send.seal(b"a").unwrap().0, 0);
    let only: BTreeSet<_> = [PeerKey([1; 32])].into();
    pair.send.set_whisper(Some(only), &mut pair.entropy, 0);
    for offer in pair.send.tick(&pair.listeners.clone(), &pair.listeners.clone(), &mut pair.entropy, 0) {
        assert_eq!(offer.peer, PeerKey([1; 32]));
        one.insert(&ADA, offer.id, offer.secret, 0);
    }
    let (counter, whispered) = pair.send.seal(b"b").unwrap();
    assert_eq!(counter, 1);
    let id = crate::seal::header(&whispered).unwrap().0;
    assert!(one.open(&ADA, id, &whispered, 0).is_ok());
    assert_eq!(two.open(&ADA, id, &whispered, 0), Err(OpenFault::NoKey));
    pair.send.set_whisper(None, &mut pair.entropy, 0);
    let (id, loud) = pair.frame();
    assert!(two.open(&ADA, id, &loud, 0).is_ok());
}

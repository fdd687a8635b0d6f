//! What is made here is admitted and stands, by the replica's own account of logs, counters and authority.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hearth_replica::{Admission, Replica};
use hearth_testkit::{Community, Crowd, CrowdConfig, community::rows};
use hearth_types::{ChannelKind, ContentBody, Permissions, Scope, time::DAY_MS};
use hearth_wire::CheckedEntry;

const START: u64 = 20_000 * DAY_MS;

fn admit_all(replica: &mut Replica, entries: &[CheckedEntry]) {
    for entry in entries {
        let checked = CheckedEntry::from_bytes(&entry.to_bytes()).expect("canonical, within limits, signed");
        assert_eq!(&checked, entry);
        match replica.admit(entry, entry.envelope().day) {
            Admission::New { .. } => {}
            other => panic!("seq {} not admitted: {other:?}", entry.envelope().seq),
        }
    }
}

#[test]
fn a_community_stands_as_it_was_made() {
    let mut c = Community::found(7, "Club", START);
    let ada = c.join(0, START);
    let bob = c.join(ada, START + 5);
    let news = c.channel(0, START + 6, "news", ChannelKind::Text);
    let first = c.send(bob, START + 7, news, "hello", None).unwrap();
    c.amend(ada, START + DAY_MS, news, first, ContentBody::React { emoji: "👍".into(), on: true }).unwrap();
    c.amend(bob, START + DAY_MS, news, first, ContentBody::Edit { text: "hello all".into() }).unwrap();
    let entries = c.take();

    let mut replica = Replica::new(c.space, c.genesis.clone()).unwrap();
    admit_all(&mut replica, &entries);
    let state = replica.state();
    assert_eq!(state.settings.get("name").map(String::as_str), Some("Club"));
    assert_eq!((state.members.len(), state.channels.len()), (3, 3));
    assert!(c.members.iter().all(|m| state.members[&m.person.user()].name == m.person.name));
    assert!(replica.may(&c.members[bob].person.user(), Permissions::SEND_MESSAGES));
    assert!(
        entries
            .iter()
            .all(|e| e.envelope().scope == Scope::Control || replica.counts(&e.envelope().device, e.envelope().seq))
    );
    assert_eq!(replica.epoch(&c.epoch).unwrap().commitment, c.epoch_secret().commitment());

    let texts: Vec<_> = entries.iter().filter_map(|e| e.content(&c.epoch_secret()).ok()).collect();
    assert_eq!(texts[0], ContentBody::Message { text: "hello".into(), reply_to: None });
    assert_eq!(texts.len(), 3);
    assert!(rows(&entries).into_iter().all(|row| CheckedEntry::from_row(row).is_ok()));
}

#[test]
fn a_crowd_is_admitted_whole_and_is_always_the_same() {
    let config = CrowdConfig { messages: 3_000, days: 3, people: 60, seed: 5, start_ms: START };
    let mut crowd = Crowd::new(config);
    let entries: Vec<CheckedEntry> = crowd.by_ref().flatten().collect();
    let c = crowd.into_community();
    let mut replica = Replica::new(c.space, c.genesis.clone()).unwrap();
    admit_all(&mut replica, &entries);
    assert_eq!(replica.state().members.len(), 60);
    assert!(c.members.iter().all(|m| replica.broken(&m.person.device_id()).is_none()));

    let bodies: Vec<_> = entries.iter().filter_map(|e| e.content(&c.epoch_secret()).ok()).collect();
    let count = |f: fn(&ContentBody) -> bool| bodies.iter().filter(|b| f(b)).count();
    assert_eq!(count(|b| matches!(b, ContentBody::Message { .. })), 3_000);
    assert!(count(|b| matches!(b, ContentBody::Message { reply_to: Some(_), .. })) > 200);
    assert!(
        count(|b| matches!(b, ContentBody::React { .. })) > 200
            && count(|b| matches!(b, ContentBody::Edit { .. })) > 60
    );
    assert!(count(|b| matches!(b, ContentBody::Delete)) > 10);
    assert_eq!(replica.channel_days(c.general).count(), 3);

    let again: Vec<CheckedEntry> = Crowd::new(config).flatten().collect();
    assert!(entries == again);
}

//! The page vectors that `tests/yjs` builds again with npm `yjs`. With `HEARTH_WRITE_VECTORS=1` they are written anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/world.rs"]
mod world;

use data_encoding::HEXLOWER;
use hearth_replica::Page;
use hearth_types::Scope;
use hearth_wire::CheckedEntry;
use serde_json::{Value, json};
use world::*;

/// Asked at run time: another clone may have built this.
fn file() -> std::path::PathBuf {
    std::path::PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap())
        .join("../../../tests/yjs/fixtures/pages.json")
}

fn hollow(entry: &CheckedEntry) -> CheckedEntry {
    let mut row = entry.to_row();
    row.body = None;
    CheckedEntry::from_row(row).unwrap()
}

fn case(name: &str, world: &World, scope: Scope, entries: &[CheckedEntry], bits: u32) -> Value {
    let page = Page::with_bits(world.space, scope, today(), entries, bits);
    assert!(page.len() as usize <= entries.len());
    json!({
        "name": name,
        "space": world.space.to_string(),
        "channel": match scope { Scope::Control => None, Scope::Channel(id) => Some(id.to_string()) },
        "day": today().0,
        "client_bits": bits,
        "entries": entries.iter().map(|e| HEXLOWER.encode(&e.to_bytes())).collect::<Vec<_>>(),
        "page": HEXLOWER.encode(&page.to_bytes()),
    })
}

fn vectors() -> Value {
    let mut world = World::new(9);
    let mut people: Vec<_> = (0..3).map(|_| world.member()).collect();
    let channel = world.channel;
    let all: Vec<CheckedEntry> = (0..60).map(|n| people[n % 3].message(channel, &format!("message {n}"))).collect();
    let gaps: Vec<_> = all
        .iter()
        .enumerate()
        .filter(|(n, _)| n % 4 != 1)
        .map(|(n, e)| if n % 5 == 0 { hollow(e) } else { e.clone() })
        .collect();
    people[0].now_ms += DAY_MS;
    let late = people[0].content(channel, target(&all[4]), b"an edit of another day");
    let mut twin = people[1].clone();
    let forked = [people[1].message(channel, "left"), twin.message(channel, "right")];
    let scope = Scope::Channel(channel);
    let amended = [all[..10].to_vec(), vec![late]].concat();
    let both = [all[..10].to_vec(), forked.to_vec()].concat();
    json!([
        case("an empty page", &world, scope, &[], 53),
        case("one message", &world, scope, &all[..1], 53),
        case("a day", &world, scope, &all, 53),
        case("places and bodies missing", &world, scope, &gaps, 53),
        case("an amendment of another day", &world, scope, &amended, 53),
        case("two branches of one log", &world, scope, &both, 53),
        case("control", &world, Scope::Control, &world.entries, 53),
        case("clients of four bits, nearly all shared", &world, scope, &all, 4),
        case("clients of four bits, places and bodies missing", &world, scope, &gaps, 4),
    ])
}

#[test]
fn the_page_vectors_stand_as_written() {
    let text = serde_json::to_string_pretty(&vectors()).unwrap() + "\n";
    if std::env::var_os("HEARTH_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(file().parent().unwrap()).unwrap();
        std::fs::write(file(), &text).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(file()).unwrap(),
        text,
        "page bytes are fixed: copies of them are kept elsewhere"
    );
}

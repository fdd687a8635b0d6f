//! Two real nodes over loopback: how soon a message is heard, how soon they find each other, how fast a history comes.
//!
//! `cargo bench -p hearth-node` prints a line a figure. `HEARTH_MESSAGES` and `HEARTH_SENDS` make it shorter.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/node/support.rs"]
mod support;

use hearth_node::NodeConfig;
use hearth_ports::{NodeCommand, NodeEvent, SendState, StoreReply, StoreRequest};
use hearth_replica::{Admission, Replica};
use hearth_store::{Secret32, StoreConfig};
use hearth_testkit::{Crowd, CrowdConfig};
use hearth_types::{ChannelId, Day, EntryRow, SpaceId, limits};
use hearth_wire::{CheckedEntry, entry::row_bytes};
use std::{
    hint::black_box,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use support::{Peer, config};

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let [_, serve, home, community] = words.as_slice()
        && serve == "serve"
    {
        return serve_home(Path::new(home), community.parse().expect("an id"));
    }
    if let [_, word, folder, now_ms] = words.as_slice()
        && word == "stages"
    {
        return stages(history(now_ms.parse().expect("a number")), Path::new(folder));
    }
    figure("cores", std::thread::available_parallelism().map_or(1, usize::from).to_string());
    figure("RSS of the empty program", format!("{:.1} MiB", rss_mib(std::process::id(), "VmRSS")));
    message_to_event(from_env("HEARTH_SENDS", 1_000));
    import();
}

fn from_env(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn figure(name: &str, value: impl AsRef<str>) {
    println!("{name}: {}", value.as_ref());
}

fn rate(name: &str, entries: usize, took: Duration) {
    let seconds = took.as_secs_f64();
    figure(name, format!("{seconds:.2} s, {:.0} entries/s", entries as f64 / seconds));
}

/// A line of `/proc/PID/status`, in MiB.
fn rss_mib(process: u32, line: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kib = status.lines().find_map(|l| l.strip_prefix(line)?.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// The value below which `percent` of the sorted times lie.
fn percentile(times: &[Duration], percent: usize) -> String {
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    format!("{:.2} ms", times.get(at).map_or(0.0, |t| t.as_secs_f64() * 1_000.0))
}

fn message_to_event(sends: u64) {
    let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut ada = Peer::start(config(left.path()));
    figure("RSS with one empty node", format!("{:.1} MiB", rss_mib(std::process::id(), "VmRSS")));
    let mut bo = Peer::start(config(right.path()));
    let (community, channel) = ada.found("The Den");
    let link = ada.invite(community);
    bo.ask(NodeCommand::CommunityJoin { link });

    let (mut heard, mut answered) = (Vec::new(), Vec::new());
    for n in 0..sends {
        let (text, start) = (format!("message {n}"), Instant::now());
        let request = ada.post(NodeCommand::MessageSend { channel, text: text.clone(), reply_to: None });
        let (ok, _) = ada.wait(|e| matches!(e, NodeEvent::Reply { request: r, .. } if *r == request));
        let theirs = |e: &NodeEvent| matches!(e, NodeEvent::Message { message: m, .. } if m.state == SendState::Received && m.text == text);
        let (at, _) = bo.wait(theirs);
        answered.push(ok.duration_since(start));
        heard.push(at.duration_since(start));
        ada.forget();
        bo.forget();
    }
    answered.sort();
    heard.sort();
    figure("message.send to ok, p50, p99", format!("{}, {}", percentile(&answered, 50), percentile(&answered, 99)));
    figure(
        &format!("message.send to the other's event over {sends}, p50, p99"),
        format!("{}, {}", percentile(&heard, 50), percentile(&heard, 99)),
    );
    figure("RSS with both nodes after that", format!("{:.1} MiB", rss_mib(std::process::id(), "VmRSS")));

    let mut times = Vec::new();
    for _ in 0..10 {
        bo.stop();
        // The other side knows that it is gone before it comes back.
        let gone = |e: &NodeEvent| match e {
            NodeEvent::PeerGone { .. } => true,
            NodeEvent::Peer(peer) => !peer.linked,
            _ => false,
        };
        ada.wait(gone);
        ada.forget();
        let start = Instant::now();
        bo = Peer::start(config(right.path()));
        let (at, _) = bo.wait(|e| matches!(e, NodeEvent::Peer(peer) if peer.linked));
        times.push(at.duration_since(start));
    }
    times.sort();
    figure(
        "start to first link, warm, p50, worst of 10",
        format!("{}, {}", percentile(&times, 50), percentile(&times, 100)),
    );
    ada.stop();
    bo.stop();
}

/// 25 people over the 20 days until now.
fn history(now_ms: u64) -> CrowdConfig {
    hearth_makehome::before(now_ms, from_env("HEARTH_MESSAGES", 100_000), 20, 25)
}

fn import() {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let folder = tempfile::tempdir().unwrap();
    // In a program of its own, so that what it held does not count below.
    let now = now_ms.to_string();
    let stages = [Path::new("stages"), folder.path(), Path::new(&now)];
    assert!(Command::new(std::env::current_exe().unwrap()).args(stages).status().unwrap().success());

    let home = folder.path().join("ada");
    let made = hearth_makehome::make(&home, history(now_ms), |_| {}).unwrap();
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args([Path::new("serve"), &home, Path::new(&made.community.to_string())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = BufReader::new(server.stdout.take().unwrap()).lines();
    let link = answers.next().unwrap().unwrap();
    let heads = answers.next().unwrap().unwrap();

    let before = rss_mib(std::process::id(), "VmRSS");
    let mut bo = Peer::start(config(&folder.path().join("bo")));
    let start = Instant::now();
    bo.ask(NodeCommand::CommunityJoin { link });
    while !newest_are_here(&mut bo, made.channel) {
        std::thread::sleep(Duration::from_millis(1));
    }
    figure("asking to join to newest 100 listed", format!("{:.0} ms", start.elapsed().as_secs_f64() * 1_000.0));
    // Joining adds an entry or two on both sides, so the end of catching up is what counts.
    bo.wait(|e| matches!(e, NodeEvent::SyncProgress { missing: 0, .. }));
    rate("import end to end over loopback QUIC", made.entries as usize, start.elapsed());
    assert_ne!(bo.heads(made.community), heads, "a member more");
    figure("RSS of the fetching node, grown by, peak", {
        let now = rss_mib(std::process::id(), "VmRSS");
        format!("{now:.1} MiB, {:.1} MiB, {:.1} MiB", now - before, rss_mib(std::process::id(), "VmHWM"))
    });
    figure("RSS of the serving node, peak", {
        format!("{:.1} MiB, {:.1} MiB", rss_mib(server.id(), "VmRSS"), rss_mib(server.id(), "VmHWM"))
    });
    let held = bo.messages(made.channel).len();
    figure("messages held", held.to_string());
    bo.stop();
    drop(server.stdin.take());
    server.wait().unwrap();
}

fn newest_are_here(bo: &mut Peer, channel: ChannelId) -> bool {
    bo.list(channel, None, 100).0.len() == 100
}

/// The steps of an import alone, each over everything.
fn stages(config: CrowdConfig, folder: &Path) {
    let start = Instant::now();
    let mut crowd = Crowd::new(config);
    let genesis = crowd.community().genesis.clone();
    let space = crowd.community().space;
    let rows: Vec<EntryRow> = crowd.by_ref().flat_map(|batch| hearth_testkit::community::rows(&batch)).collect();
    rate("generate", rows.len(), start.elapsed());
    let bytes: Vec<Vec<u8>> = rows.iter().map(row_bytes).collect();
    figure("bytes of an entry", format!("{}", bytes.iter().map(Vec::len).sum::<usize>() / bytes.len()));

    let start = Instant::now();
    let batches = bytes.chunks(limits::SYNC_BATCH_ENTRIES / 2);
    let checked: Vec<CheckedEntry> = batches.flat_map(CheckedEntry::many_from_bytes).flatten().collect();
    rate("decode and verify, one core", checked.len(), start.elapsed());
    drop(bytes);

    let mut replica = Replica::new(space, genesis).unwrap();
    let today = Day::from_ms(config.start_ms + u64::from(config.days) * hearth_types::time::DAY_MS);
    let start = Instant::now();
    let new = checked.iter().filter(|e| matches!(replica.admit(e, today), Admission::New { .. })).count();
    rate("admit", new, start.elapsed());
    assert_eq!(new, rows.len());
    drop((black_box(replica), checked));

    let store = hearth_store::start(StoreConfig::new(folder.join("stage.db"), Secret32::new([7; 32]))).unwrap();
    let (count, start) = (rows.len(), Instant::now());
    let mut waiting = 0;
    for batch in rows.chunks(limits::SYNC_BATCH_ENTRIES / 4) {
        store.requests.send_blocking(StoreRequest::PutFetched { token: 0, rows: batch.to_vec() }).unwrap();
        waiting += 1;
        while waiting > 8 {
            assert!(matches!(store.replies.recv_blocking().unwrap(), StoreReply::Stored { .. }));
            waiting -= 1;
        }
    }
    store.requests.send_blocking(StoreRequest::Shutdown).unwrap();
    while store.replies.recv_blocking().is_ok() {}
    store.join();
    rate("store, to the disk", count, start.elapsed());
}

/// The other program of the import: says a link and its digest, and serves until its input ends.
fn serve_home(home: &Path, community: SpaceId) {
    let mut ada = Peer::start(NodeConfig { name: None, ..config(home) });
    let link = ada.invite(community);
    println!("{link}\n{}", ada.heads(community));
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    ada.stop();
}

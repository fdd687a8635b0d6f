//! One peer driven by lines.

use anyhow::{Context, Result, bail};
use clap::Args;
use hearth_control as control;
use hearth_node::NodeConfig;
use hearth_ports::{ErrorCode, NodeCommand, NodeError, NodeEvent, NodeHandle, rtc::IceServer};
use hearth_types::limits;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write, stdin, stdout},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// How the peer is set up.
#[derive(Args)]
pub struct Options {
    /// Folder of this peer's keys and history; made when it is not there.
    #[arg(long)]
    home: Option<PathBuf>,
    /// Name that others see.
    #[arg(long)]
    name: Option<String>,
    /// Multiaddress to listen on, such as /ip4/0.0.0.0/udp/4001/quic-v1. Repeatable.
    #[arg(long)]
    listen: Vec<String>,
    /// Multiaddress of a peer to try first. Repeatable.
    #[arg(long)]
    bootstrap: Vec<String>,
    /// Do not look for peers on the same network.
    #[arg(long)]
    no_mdns: bool,
    /// Server that helps voices find a way: stun:HOST, turn:HOST:3478,USER,PASSWORD, the same with ?transport=tcp before
    /// the comma, or turns:HOST:5349,USER,PASSWORD. Repeatable.
    #[arg(long, value_name = "URL[,USER,PASSWORD]")]
    ice_server: Vec<IceServer>,
    /// Certificates to trust for turns: beside the public ones, a PEM file.
    #[arg(long, value_name = "FILE")]
    ice_ca: Option<PathBuf>,
    /// Send voice only through relay servers, so that whoever one talks to does not learn this address by it.
    #[arg(long)]
    hide_address: bool,
}

/// Ids of requests that wait for their answer.
type Waiting = Arc<Mutex<BTreeMap<u64, Value>>>;

pub fn run(options: Options) -> Result<()> {
    let Some(home) = options.home else { bail!("Name the folder of this peer: --home DIR") };
    let voice_ca = match options.ice_ca {
        Some(path) => {
            std::fs::read(&path).with_context(|| format!("The certificates in {} cannot be read", path.display()))?
        }
        None => Vec::new(),
    };
    let config = NodeConfig {
        name: options.name,
        listen: options.listen,
        bootstrap: options.bootstrap,
        mdns: !options.no_mdns,
        voice_servers: options.ice_server,
        voice_ca,
        relay_only: options.hide_address,
        ..NodeConfig::new(home)
    };
    let node = hearth_node::start(config)?;
    let handle = node.handle();
    let waiting = Waiting::default();
    let printer = {
        let (handle, waiting) = (handle.clone(), waiting.clone());
        std::thread::Builder::new()
            .name("lines-out".into())
            .spawn(move || print(&handle, &waiting))
            .context("no thread for output")?
    };
    // Ends with the input; the printer ends with the node.
    read(&handle, &waiting);
    drop(handle);
    let _ = printer.join();
    node.wait();
    Ok(())
}

fn read(handle: &NodeHandle, waiting: &Waiting) {
    let mut input = BufReader::new(stdin());
    let mut next = 0;
    let mut line = Vec::new();
    while read_line(&mut input, &mut line) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let request = control::parse(&line);
        let ends = matches!(request.command, Ok(NodeCommand::Shutdown));
        match request.command {
            Err(error) => say(&control::refusal_line(&request.id, &error)),
            Ok(command) => {
                next += 1;
                lock(waiting).insert(next, request.id.clone());
                if block_on(handle.send(next, command)).is_err() {
                    lock(waiting).remove(&next);
                    say(&control::refusal_line(
                        &request.id,
                        &NodeError::new(ErrorCode::Stopped, "Hearth is stopping."),
                    ));
                    return;
                }
            }
        }
        if ends {
            return;
        }
    }
    let _ = block_on(handle.send(u64::MAX, NodeCommand::Shutdown));
}

/// Reads one line of at most a byte over the limit and skips the rest of a longer one. False at the end of the input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> bool {
    line.clear();
    let limit = limits::CONTROL_LINE_BYTES as u64 + 2;
    let Ok(count) = input.by_ref().take(limit).read_until(b'\n', line) else { return false };
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if count as u64 == limit {
        let mut skipped = Vec::new();
        loop {
            skipped.clear();
            match input.by_ref().take(limit).read_until(b'\n', &mut skipped) {
                Ok(0) | Err(_) => break,
                Ok(_) if skipped.last() == Some(&b'\n') => break,
                Ok(_) => {}
            }
        }
    }
    count > 0
}

fn print(handle: &NodeHandle, waiting: &Waiting) {
    while let Some(event) = block_on(handle.recv()) {
        match event {
            NodeEvent::Reply { request, result } => {
                let id = lock(waiting).remove(&request);
                if let Some(id) = id {
                    say(&control::reply_line(&id, &result));
                }
            }
            other => {
                if let Some(line) = control::event_line(&other) {
                    say(&line);
                }
            }
        }
    }
}

fn say(line: &str) {
    let mut out = stdout().lock();
    // Nobody reads any more: the input will end too.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn lock(waiting: &Waiting) -> std::sync::MutexGuard<'_, BTreeMap<u64, Value>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

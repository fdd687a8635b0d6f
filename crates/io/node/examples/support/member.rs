//! A member's node with another voice than the product's: all else is a node's as ever, by the same loop.

use crate::{run, voice::VoiceConfig};
use async_channel::bounded;
use futures::executor::block_on;
use hearth_control as control;
use hearth_crypto::{AgreementKey, DeviceKey, RecoverySeed, Secret32};
use hearth_kernel::KernelKeys;
use hearth_net::NetConfig;
use hearth_ports::{NodeCommand, NodeEvent, NodeHandle};
use hearth_store::{Home, HomeSecrets, KeychainUse, StoreConfig};
use hearth_types::limits;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::BufRead,
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tokio::runtime::Runtime;

/// Pairs of words from the command line.
pub(crate) fn options() -> BTreeMap<String, String> {
    let mut options = BTreeMap::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        options.insert(arg, args.next().expect("a value"));
    }
    options
}

/// Runs it until its standard input ends; `voice` makes its voice of the secrets of its home.
pub(crate) fn live(
    options: &BTreeMap<String, String>,
    voice: impl FnOnce(&HomeSecrets, &Runtime, &NodeHandle) -> VoiceConfig,
) {
    let home = Home::open(PathBuf::from(&options["--home"])).unwrap();
    let (secrets, _) = HomeSecrets::open(&home, KeychainUse::from_env()).unwrap();
    let store = hearth_store::start(StoreConfig::new(home.database(), secrets.store.clone())).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = NetConfig { secret: *secrets.peer.expose(), listen: Vec::new(), mdns: true };
    let net = runtime.block_on(hearth_net::start(config)).unwrap();
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).unwrap();
    let keys = KernelKeys {
        seed: RecoverySeed::new(Secret32::new(*secrets.recovery_seed.expose())),
        device: DeviceKey::from_seed(&Secret32::new(*secrets.device.expose())),
        agreement: AgreementKey::from_seed(&Secret32::new(*secrets.agreement.expose())),
        peer: net.peer,
    };
    let (commands_in, commands) = bounded(limits::COMMAND_QUEUE);
    let (events, events_out) = bounded(limits::EVENT_QUEUE);
    let handle = NodeHandle::new(commands_in, events_out);
    let voice = voice(&secrets, &runtime, &handle);
    let parts = run::Parts {
        home,
        store,
        net,
        keys,
        voice,
        seed,
        commands,
        events,
        waker: Arc::new(|| {}),
        name: options.get("--name").cloned(),
        bootstrap: Vec::new(),
    };
    let node = std::thread::spawn(move || {
        runtime.block_on(run::run(parts));
        runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    });
    lines(handle);
    node.join().unwrap();
}

/// What `hearth-cli` does: commands from standard input, answers and events to standard output.
fn lines(handle: NodeHandle) {
    let waiting: Arc<Mutex<BTreeMap<u64, Value>>> = Arc::default();
    let (told, ids) = (handle.clone(), waiting.clone());
    let printer = std::thread::spawn(move || {
        while let Some(event) = block_on(told.recv()) {
            let line = match event {
                NodeEvent::Reply { request, result } => {
                    ids.lock().unwrap().remove(&request).map(|id| control::reply_line(&id, &result))
                }
                other => control::event_line(&other),
            };
            line.into_iter().for_each(|line| println!("{line}"));
        }
    });
    for (line, n) in std::io::stdin().lock().lines().map_while(Result::ok).zip(1..) {
        let request = control::parse(line.as_bytes());
        match request.command {
            Err(error) => println!("{}", control::refusal_line(&request.id, &error)),
            Ok(command) => {
                let ends = matches!(command, NodeCommand::Shutdown);
                waiting.lock().unwrap().insert(n, request.id);
                if block_on(handle.send(n, command)).is_err() || ends {
                    break;
                }
            }
        }
    }
    drop(handle);
    printer.join().unwrap();
}

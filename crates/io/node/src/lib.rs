//! A running peer: the kernel on a thread of its own, joined to the disk and the network.
//!
//! [`start`] opens the home folder, loads the keys, reads the disk, joins the network and gives a
//! [`hearth_ports::NodeHandle`]. This crate moves values between queues and holds no rule of its own: what anything means
//! is the kernel's affair. Start with [`run`], the loop; `voice` joins a call
//! to media and sound, on threads of its own that begin with the first room.

mod run;
mod verify;
mod voice;

use async_channel::bounded;
use hearth_crypto::{AgreementKey, DeviceKey, RecoverySeed, Secret32};
use hearth_kernel::KernelKeys;
use hearth_net::{NetConfig, NetFault};
use hearth_ports::{NodeHandle, Waker, rtc::IceServer};
use hearth_rtc::{RtcConfig, RtcFault};
pub use hearth_store::{Home, HomeError, HomeSecrets, KeyPlace, KeychainUse};
use hearth_store::{KeyError, StoreConfig, StoreError};
use hearth_types::limits;
use std::{path::PathBuf, sync::Arc, thread::JoinHandle};

/// What a node needs to know at start.
pub struct NodeConfig {
    /// Home folder; made when it is not there.
    pub home: PathBuf,
    /// Sets the person's name when given.
    pub name: Option<String>,
    /// Multiaddresses to listen on; empty for every interface and ports chosen by the system.
    pub listen: Vec<String>,
    /// Multiaddresses of peers to try first.
    pub bootstrap: Vec<String>,
    /// Whether to look for peers on the same network.
    pub mdns: bool,
    /// Called when events wait.
    pub waker: Waker,
    /// Where keys are kept when they are made.
    pub keychain: KeychainUse,
    /// Servers that help voices to find a way: `stun:`, `turn:` and `turns:`.
    pub voice_servers: Vec<IceServer>,
    /// Certificates to trust for `turns:` beside the public ones, PEM.
    pub voice_ca: Vec<u8>,
    /// Send voice only through such servers, so that nobody learns this computer's address by it.
    pub relay_only: bool,
    /// A registered SQLite file layer to use in place of the system's; for tests of power cuts.
    pub vfs: Option<String>,
}

impl NodeConfig {
    /// Everything by default in `home`.
    pub fn new(home: impl Into<PathBuf>) -> Self {
        Self {
            home: home.into(),
            name: None,
            listen: Vec::new(),
            bootstrap: Vec::new(),
            mdns: true,
            waker: Arc::new(|| {}),
            keychain: KeychainUse::from_env(),
            voice_servers: Vec::new(),
            voice_ca: Vec::new(),
            relay_only: false,
            vfs: None,
        }
    }
}

/// Why a node could not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The home folder.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The keys in it.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The database in it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The network.
    #[error(transparent)]
    Net(#[from] NetFault),
    /// The servers for voices.
    #[error(transparent)]
    Voice(#[from] RtcFault),
    /// An address to hide, and nothing to hide it behind.
    #[error("To hide your address, voices need a relay server to go through. Name one, like turn:host:3478.")]
    NoRelay,
    /// The operating system gave no thread or randomness.
    #[error("The system refused to start Hearth: {0}")]
    System(String),
}

/// A node that runs until its handle's `Shutdown`, or until every handle is gone.
pub struct Node {
    handle: NodeHandle,
    key_place: KeyPlace,
    thread: JoinHandle<()>,
}

impl Node {
    /// The door to it.
    pub fn handle(&self) -> NodeHandle {
        self.handle.clone()
    }
    /// Where the keys are: people are told when it is only a file.
    pub fn key_place(&self) -> KeyPlace {
        self.key_place
    }
    /// Waits until everything is on disk and closed.
    pub fn wait(self) {
        let Self { handle, thread, .. } = self;
        drop(handle);
        let _ = thread.join();
    }
}

/// Starts a node. Blocks for the disk and the keychain, not for the network.
pub fn start(config: NodeConfig) -> Result<Node, StartError> {
    let media = RtcConfig { servers: config.voice_servers, extra_ca: config.voice_ca, ..RtcConfig::default() };
    media.check()?;
    if config.relay_only && !media.servers.iter().any(|server| server.url.starts_with("turn")) {
        return Err(StartError::NoRelay);
    }
    let home = Home::open(&config.home)?;
    let (secrets, key_place) = HomeSecrets::open(&home, config.keychain)?;
    let store = hearth_store::start(StoreConfig {
        vfs: config.vfs.clone(),
        ..StoreConfig::new(home.database(), secrets.store.clone())
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("hearth-net")
        .enable_all()
        .build()
        .map_err(|e| StartError::System(e.to_string()))?;
    let net = runtime.block_on(hearth_net::start(NetConfig {
        secret: *secrets.peer.expose(),
        listen: config.listen.clone(),
        mdns: config.mdns,
    }))?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| StartError::System(e.to_string()))?;
    let keys = KernelKeys {
        seed: RecoverySeed::new(Secret32::new(*secrets.recovery_seed.expose())),
        device: DeviceKey::from_seed(&Secret32::new(*secrets.device.expose())),
        agreement: AgreementKey::from_seed(&Secret32::new(*secrets.agreement.expose())),
        peer: net.peer,
    };
    let voice =
        voice::VoiceConfig { device: Secret32::new(*secrets.device.expose()), media, relay_only: config.relay_only };
    drop(secrets);
    let (commands_in, commands) = bounded(limits::COMMAND_QUEUE);
    let (events, events_out) = bounded(limits::EVENT_QUEUE);
    let handle = NodeHandle::new(commands_in, events_out);
    let parts = run::Parts {
        home,
        store,
        net,
        keys,
        voice,
        seed,
        commands,
        events,
        waker: config.waker,
        name: config.name,
        bootstrap: config.bootstrap,
    };
    let thread = std::thread::Builder::new()
        .name("hearth-node".into())
        .spawn(move || {
            runtime.block_on(run::run(parts));
            runtime.shutdown_timeout(std::time::Duration::from_secs(2));
        })
        .map_err(|e| StartError::System(e.to_string()))?;
    Ok(Node { handle, key_place, thread })
}

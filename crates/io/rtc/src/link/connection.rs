//! What is negotiated: five Opus streams each way, one data channel, RFC 6464 levels; and the settings all links share.
//!
//! No jitter buffer, NACK or transport-wide feedback: frames go up as they come, and what repairs a loss is above.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU16;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use bytes::{Bytes, BytesMut};
use hearth_ports::rtc::RtcEvent;
use hearth_types::PeerKey;
use rtc::ice::mdns::MulticastDnsMode;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RTCRtpHeaderExtensionCapability, RTCRtpHeaderExtensionParameters, RtpCodecKind,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use webrtc::data_channel::{DataChannel, RTCDataChannelInit};
use webrtc::error::Result;
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder,
    RTCIceCandidate, RTCIceTransportPolicy, RTCPeerConnectionIceEvent, RTCPeerConnectionState, Registry,
    SettingEngineBuilder, configure_rtcp_reports,
};
use webrtc::rtp_transceiver::RtpSender;

use super::inlet::{self, Counters};
use super::outlet::{Slot, Wired};
use crate::limits::{
    BINDS, DATAGRAM_BACKLOG, DATAGRAM_QUEUE, FAILED, INTERRUPTED, KEEPALIVE, LOCAL_QUEUE, SETTLE, SLOTS,
};
use crate::turn::Servers;
use crate::{RtcConfig, RtcFault};

/// RFC 6464.
const LEVEL_URI: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
/// The payload type offered for Opus; an answerer takes the offer's.
const OPUS: u8 = 111;
/// The data channel's SCTP stream; agreed here, so that it needs no handshake of its own.
const DATAGRAM_STREAM: u16 = 0;
/// Between two checks of a way that has not answered yet.
const CHECK_EVERY: Duration = Duration::from_millis(100);
/// Checks before a way is given up: long enough for an answer that is carried slowly.
const CHECKS: u16 = 60;

/// What all links share.
pub struct Settings {
    servers: Servers,
    bind: Vec<SocketAddr>,
}

impl Settings {
    pub fn new(config: &RtcConfig) -> std::result::Result<Self, RtcFault> {
        if config.bind.len() > BINDS {
            return Err(RtcFault::TooMany);
        }
        Ok(Self { servers: Servers::new(&config.servers, &config.extra_ca)?, bind: config.bind.clone() })
    }

    /// Whether there is a server to go through.
    pub fn has_relay(&self) -> bool {
        self.servers.has_relay
    }

    /// Whether a loopback address leads somewhere: it was asked for, or there is no other.
    pub fn tells_loopback(&self) -> bool {
        if self.bind.is_empty() { !any_interface() } else { self.bind.iter().all(|bind| bind.ip().is_loopback()) }
    }

    /// What to bind now. A wildcard stays one: it follows the interfaces when ICE restarts.
    fn addresses(&self) -> Vec<SocketAddr> {
        let mut addresses = self.bind.clone();
        if addresses.is_empty() {
            let v6 = interfaces().iter().any(IpAddr::is_ipv6);
            addresses.push(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
            if v6 {
                addresses.push(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)));
            }
            if !any_interface() {
                addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
            }
        }
        addresses
    }

    /// What to bind for UDP: also what a bridged TURN server is spoken to from.
    fn udp(&self) -> Vec<SocketAddr> {
        let mut addresses = self.addresses();
        let loopback = addresses.iter().any(|bind| bind.ip() == Ipv4Addr::LOCALHOST);
        if self.servers.bridged && !loopback {
            addresses.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        }
        addresses
    }

    /// What to bind for TCP, at a port of the system's choice. Whoever hides takes no calls there.
    fn tcp(&self, relay_only: bool) -> Vec<SocketAddr> {
        if relay_only {
            return Vec::new();
        }
        self.addresses().into_iter().map(|bind| SocketAddr::new(bind.ip(), 0)).collect()
    }
}

/// This computer's addresses that lead somewhere.
pub(crate) fn interfaces() -> Vec<IpAddr> {
    let link_local = |ip: &IpAddr| match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    let found = if_addrs::get_if_addrs().unwrap_or_default();
    found.iter().map(|interface| interface.ip()).filter(|ip| !ip.is_loopback() && !link_local(ip)).collect()
}

fn any_interface() -> bool {
    !interfaces().is_empty()
}

/// What a connection says about itself.
pub enum Local {
    Candidate(RTCIceCandidate),
    Track(Arc<dyn TrackRemote>),
}

struct Handler {
    locals: Sender<Local>,
    state: watch::Sender<RTCPeerConnectionState>,
}

// These run inside the connection's own loop, so they never wait.
#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        if self.locals.try_send(Local::Candidate(event.candidate)).is_err() {
            tracing::debug!("more candidates than are told");
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.state.send_replace(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let _ = self.locals.try_send(Local::Track(track));
    }
}

/// One peer connection with all its streams, from the first offer to the end.
pub struct Connection {
    pub pc: Arc<dyn PeerConnection>,
    pub locals: Receiver<Local>,
    pub state: watch::Receiver<RTCPeerConnectionState>,
    pub counters: Arc<Counters>,
    tracks: Vec<(Arc<TrackLocalStaticRTP>, u32, Arc<dyn RtpSender>)>,
    datagrams: Sender<Bytes>,
    tasks: JoinSet<()>,
    closed: bool,
}

impl Connection {
    pub async fn new(settings: &Settings, relay_only: bool, peer: PeerKey, media: Sender<RtcEvent>) -> Result<Self> {
        let (locals, locals_rx) = async_channel::bounded(LOCAL_QUEUE);
        let (state, state_rx) = watch::channel(RTCPeerConnectionState::New);
        let pc = build(settings, relay_only, Handler { locals, state }).await?;
        let name = random();
        let mut tracks = Vec::with_capacity(SLOTS);
        for slot in 0..SLOTS {
            let ssrc = random();
            let track = Arc::new(TrackLocalStaticRTP::new(track(name, slot, ssrc)));
            let sender = pc.add_track(Arc::clone(&track) as Arc<dyn TrackLocal>).await?;
            tracks.push((track, ssrc, sender));
        }
        let init = RTCDataChannelInit {
            ordered: false,
            max_retransmits: Some(0),
            negotiated: Some(DATAGRAM_STREAM),
            ..Default::default()
        };
        let channel = pc.create_data_channel("hearth", Some(init)).await?;
        let (datagrams, datagrams_rx) = async_channel::bounded(DATAGRAM_QUEUE);
        let mut tasks = JoinSet::new();
        let open = Arc::new(Notify::new());
        tasks.spawn(send_datagrams(Arc::clone(&channel), Arc::clone(&open), datagrams_rx));
        tasks.spawn(inlet::datagrams(channel, open, peer, media));
        let counters = Arc::default();
        Ok(Self { pc, locals: locals_rx, state: state_rx, counters, tracks, datagrams, tasks, closed: false })
    }

    /// What an outlet sends by, once negotiated.
    pub async fn wired(&self) -> Option<Wired> {
        let (_, _, sender) = self.tracks.first()?;
        let parameters = sender.get_parameters().await.ok()?.rtp_parameters;
        let payload_type = parameters.codecs.first()?.payload_type;
        let level_id = level_id(&parameters.header_extensions);
        let slots = self.tracks.iter().map(|(track, ssrc, _)| Slot {
            track: Arc::clone(track),
            ssrc: *ssrc,
            sequence: AtomicU16::new(random() as u16),
        });
        let slots = slots.collect::<Vec<_>>().try_into().ok()?;
        Some(Wired { slots, datagrams: self.datagrams.clone(), payload_type, level_id })
    }

    /// Begins to read a remote track. The slot is the number of its media section.
    pub async fn listen(&mut self, track: Arc<dyn TrackRemote>, peer: PeerKey, media: Sender<RtcEvent>) {
        for transceiver in self.pc.get_transceivers().await {
            let Ok(Some(receiver)) = transceiver.receiver().await else { continue };
            if !Arc::ptr_eq(receiver.track(), &track) {
                continue;
            }
            let mid = transceiver.mid().await.ok().flatten();
            let slot = mid.and_then(|mid| mid.parse::<u8>().ok()).filter(|slot| usize::from(*slot) < SLOTS);
            let (Some(slot), Ok(parameters)) = (slot, receiver.get_parameters().await) else { break };
            let level_id = level_id(&parameters.rtp_parameters.header_extensions);
            self.tasks.spawn(inlet::frames(track, peer, slot, level_id, Arc::clone(&self.counters), media));
            return;
        }
        tracing::debug!("a remote track without a slot");
    }

    /// Ends it; says goodbye to TURN servers.
    pub async fn close(mut self) {
        self.closed = true;
        self.tasks.abort_all();
        if let Err(error) = self.pc.close().await {
            tracing::debug!(%error, "closing a connection");
        }
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Drop for Connection {
    /// A link that broke or was cut off leaves no connection running.
    fn drop(&mut self) {
        if !self.closed
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let pc = Arc::clone(&self.pc);
            runtime.spawn(async move { pc.close().await });
        }
    }
}

fn level_id(extensions: &[RTCRtpHeaderExtensionParameters]) -> Option<u8> {
    extensions.iter().find(|extension| extension.uri == LEVEL_URI).and_then(|extension| u8::try_from(extension.id).ok())
}

async fn send_datagrams(channel: Arc<dyn DataChannel>, open: Arc<Notify>, queue: Receiver<Bytes>) {
    open.notified().await;
    // What travels beside the end of SCTP's own handshake would meet a channel the other side has not made yet.
    tokio::time::sleep(SETTLE).await;
    while let Ok(bytes) = queue.recv().await {
        // Fails where the channel's backlog is full; the datagram is lost, as it may be.
        if let Err(error) = channel.try_send(BytesMut::from(bytes.as_ref())).await {
            tracing::trace!(%error, "a datagram dropped");
        }
    }
}

async fn build(settings: &Settings, relay_only: bool, handler: Handler) -> Result<Arc<dyn PeerConnection>> {
    let mut engine = MediaEngine::default();
    engine.register_codec(RTCRtpCodecParameters { rtp_codec: opus(), payload_type: OPUS }, RtpCodecKind::Audio)?;
    let level = RTCRtpHeaderExtensionCapability { uri: LEVEL_URI.to_owned() };
    engine.register_header_extension(level, RtpCodecKind::Audio, None)?;
    let wait = |ms| Some(Duration::from_millis(if relay_only { 0 } else { ms }));
    let setting = SettingEngineBuilder::new()
        .with_ice_timeouts(Some(INTERRUPTED), Some(FAILED), Some(KEEPALIVE))
        .with_ice_connection_attempts(Some(CHECK_EVERY), Some(CHECKS))
        .with_srflx_acceptance_min_wait(wait(200))
        .with_prflx_acceptance_min_wait(wait(400))
        .with_relay_acceptance_min_wait(wait(1_200))
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_include_loopback_candidate(true)
        .with_discard_local_candidates_during_ice_restart(true)
        .build();
    let policy = if relay_only { RTCIceTransportPolicy::Relay } else { RTCIceTransportPolicy::All };
    let configuration = RTCConfigurationBuilder::new()
        .with_ice_servers(settings.servers.ice(relay_only))
        .with_ice_transport_policy(policy)
        .build();
    let pc = PeerConnectionBuilder::new()
        .with_configuration(configuration)
        .with_media_engine(engine)
        .with_setting_engine(setting)
        .with_interceptor_registry(configure_rtcp_reports(Registry::new()))
        .with_handler(Arc::new(handler))
        .with_data_channel_send_buffer_limit(DATAGRAM_BACKLOG)
        .with_udp_addrs(settings.udp())
        .with_tcp_addrs(settings.tcp(relay_only))
        .build()
        .await?;
    Ok(Arc::new(pc))
}

fn opus() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: "audio/opus".to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

/// A local stream. Names are random, because both sides' share one table inside a connection.
fn track(name: u32, slot: usize, ssrc: u32) -> MediaStreamTrack {
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
        codec: opus(),
        ..Default::default()
    };
    let id = format!("{name:08x}-{slot}");
    MediaStreamTrack::new(id.clone(), id.clone(), id, RtpCodecKind::Audio, vec![coding])
}

/// A random number other than 0.
pub fn random() -> u32 {
    let mut bytes = [0; 4];
    // Without randomness from the system DTLS cannot start either; a fixed name then does no further harm.
    let _ = getrandom::fill(&mut bytes);
    u32::from_le_bytes(bytes).max(1)
}

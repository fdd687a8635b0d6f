//! A UDP socket on loopback that stands for a TURN server behind TCP or TLS.
//!
//! TURN tells clients apart by their address, so each address that sends here gets a stream of its own. What the bridge
//! carries is sealed by DTLS already, and it knows no password: those are inside the messages it passes.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use async_channel::{Receiver, Sender};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::framing;
use crate::limits::{BRIDGE_CONNECT, BRIDGE_IDLE, BRIDGE_MESSAGE_BYTES, BRIDGE_QUEUE, BRIDGE_STREAMS};

/// Where a bridge leads.
pub struct Target {
    pub host: String,
    pub port: u16,
    /// TLS, or TCP without.
    pub tls: Option<Arc<ClientConfig>>,
}

/// A running bridge; ends when dropped.
pub struct Bridge {
    /// What to give webrtc as the server.
    pub address: SocketAddr,
    task: AbortHandle,
}

impl Bridge {
    /// Starts on the runtime this is called in.
    pub fn start(target: Target) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let socket = Arc::new(UdpSocket::from_std(socket)?);
        let task = tokio::spawn(serve(socket, Arc::new(target))).abort_handle();
        Ok(Self { address, task })
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: Arc<UdpSocket>, target: Arc<Target>) {
    let mut streams: BTreeMap<SocketAddr, Sender<Bytes>> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    let mut datagram = vec![0; BRIDGE_MESSAGE_BYTES];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut datagram) => received,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {
                streams.retain(|_, stream| !stream.is_closed());
                continue;
            },
        };
        // An error here is a client's closed port answering; the socket itself stays good.
        let Ok((length, client)) = received else { continue };
        let Ok(message) = framing::to_stream(&datagram[..length]) else { continue };
        let sender = match streams.get(&client).filter(|stream| !stream.is_closed()) {
            Some(sender) => sender.clone(),
            None if streams.len() >= BRIDGE_STREAMS => continue,
            None => {
                let (sender, queue) = async_channel::bounded(BRIDGE_QUEUE);
                tasks.spawn(stream(Arc::clone(&socket), client, Arc::clone(&target), queue));
                streams.insert(client, sender.clone());
                sender
            }
        };
        let _ = sender.try_send(message);
    }
}

/// One client's stream to the server, from its first datagram to the end of either.
async fn stream(socket: Arc<UdpSocket>, client: SocketAddr, target: Arc<Target>, queue: Receiver<Bytes>) {
    let result = match tokio::time::timeout(BRIDGE_CONNECT, connect(&target)).await {
        Ok(Ok(Stream::Tcp(stream))) => carry(&socket, client, stream, &queue).await,
        Ok(Ok(Stream::Tls(stream))) => carry(&socket, client, *stream, &queue).await,
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    if let Err(error) = result {
        tracing::debug!(%error, "the way to a TURN server over TCP or TLS ended");
    }
    queue.close();
}

enum Stream {
    Tcp(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

async fn connect(target: &Target) -> io::Result<Stream> {
    let tcp = TcpStream::connect((target.host.as_str(), target.port)).await?;
    tcp.set_nodelay(true)?;
    let Some(tls) = &target.tls else { return Ok(Stream::Tcp(tcp)) };
    let name = ServerName::try_from(target.host.clone()).map_err(io::Error::other)?;
    let tls = TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await?;
    Ok(Stream::Tls(Box::new(tls)))
}

async fn carry<S>(socket: &UdpSocket, client: SocketAddr, stream: S, queue: &Receiver<Bytes>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let up = async {
        loop {
            let message = match tokio::time::timeout(BRIDGE_IDLE, queue.recv()).await {
                Ok(Ok(message)) => message,
                Ok(Err(_)) | Err(_) => return writer.shutdown().await,
            };
            writer.write_all(&message).await?;
            // What else waits goes into the same record.
            while let Ok(message) = queue.try_recv() {
                writer.write_all(&message).await?;
            }
            writer.flush().await?;
        }
    };
    let down = async {
        let mut buffer = BytesMut::with_capacity(2 * BRIDGE_MESSAGE_BYTES);
        while reader.read_buf(&mut buffer).await? > 0 {
            while let Some(message) = framing::from_stream(&mut buffer).map_err(io::Error::other)? {
                let _ = socket.send_to(&message, client).await;
            }
        }
        Ok(())
    };
    tokio::select! {
        ended = up => ended,
        ended = down => ended,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::time::Duration;

    use tokio::net::TcpListener;

    use super::*;

    const STUN: [u8; 20] = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    const CHANNEL: [u8; 7] = [0x40, 1, 0, 3, 7, 8, 9];

    /// A server that sends back whatever comes, byte by byte.
    async fn echo() -> (Bridge, TcpListener) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let bridge = Bridge::start(Target { host: "127.0.0.1".into(), port, tls: None }).unwrap();
        (bridge, listener)
    }

    async fn client(bridge: &Bridge) -> UdpSocket {
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        client.connect(bridge.address).await.unwrap();
        client
    }

    async fn receive(client: &UdpSocket) -> Vec<u8> {
        let mut buffer = [0; 2_048];
        let length = tokio::time::timeout(Duration::from_secs(20), client.recv(&mut buffer)).await.unwrap().unwrap();
        buffer[..length].to_vec()
    }

    #[tokio::test]
    async fn each_client_has_its_own_stream_and_messages_keep_their_edges() {
        let (bridge, listener) = echo().await;
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).await.is_ok() {
                        stream.write_all(&byte).await.unwrap();
                    }
                });
            }
        });
        let (one, other) = (client(&bridge).await, client(&bridge).await);
        for message in [&b"neither STUN nor ChannelData"[..], &CHANNEL, &STUN, &CHANNEL] {
            one.send(message).await.unwrap();
        }
        other.send(&STUN).await.unwrap();
        let got = [receive(&one).await, receive(&one).await, receive(&one).await];
        assert_eq!(got, [CHANNEL.to_vec(), STUN.to_vec(), CHANNEL.to_vec()]);
        assert_eq!(receive(&other).await, STUN);
    }

    #[tokio::test]
    async fn a_stream_that_broke_is_made_again() {
        let (bridge, listener) = echo().await;
        let one = client(&bridge).await;
        one.send(&STUN).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let again = async {
            loop {
                one.send(&STUN).await.unwrap();
                let next = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
                if next.is_ok() {
                    break;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), again).await.expect("another stream");
    }
}

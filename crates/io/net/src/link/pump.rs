//! Frames in and out of a link's stream. One task per link; it alone reports the link, so its events keep their order.

use super::GO;
use async_channel::Sender;
use futures::{AsyncReadExt, AsyncWriteExt, future::join, io::BufReader};
use hearth_ports::NetEvent;
use hearth_types::{PeerKey, limits};
use libp2p::Stream;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

/// How long a closing link may take to hand over what is queued and hear that it was read. One lost burst on a young
/// connection already costs seconds.
const DRAIN: Duration = Duration::from_secs(10);
/// Small frames are written together up to this.
const WRITE_BYTES: usize = 64 * 1024;
/// Events about a link that wait for its task; the newest are dropped.
const NOTES: usize = 8;

/// How a link ends from our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// At once.
    Now,
    /// After the frames queued before.
    Drain,
    /// At once, because the chooser has already put another stream in its place.
    Replaced,
}

/// How a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// One of the two sides wanted no link any more.
    Closed,
    /// The chooser has put another stream in its place.
    Replaced,
    /// Its connection failed.
    Lost,
}

/// Why a frame was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotQueued {
    /// The peer does not take frames as fast as they are sent.
    Overflow,
    /// The link is ending.
    Ending,
}

/// The actor's end of a link's task.
pub struct LinkEnd {
    frames: Option<mpsc::Sender<Vec<u8>>>,
    notes: mpsc::Sender<NetEvent>,
    stop: Option<oneshot::Sender<Stop>>,
    queued: Arc<AtomicUsize>,
    activity: Arc<AtomicU64>,
}

/// The task's end.
pub struct LinkTask {
    peer: PeerKey,
    events: Sender<NetEvent>,
    frames: mpsc::Receiver<Vec<u8>>,
    notes: mpsc::Receiver<NetEvent>,
    stop: oneshot::Receiver<Stop>,
    queued: Arc<AtomicUsize>,
    activity: Arc<AtomicU64>,
}

/// Makes the two ends.
pub fn link(peer: PeerKey, events: Sender<NetEvent>) -> (LinkEnd, LinkTask) {
    let (frame_tx, frames) = mpsc::channel(limits::LINK_QUEUE);
    let (note_tx, notes) = mpsc::channel(NOTES);
    let (stop_tx, stop) = oneshot::channel();
    let (queued, activity) = (Arc::<AtomicUsize>::default(), Arc::<AtomicU64>::default());
    let task = LinkTask { peer, events, frames, notes, stop, queued: queued.clone(), activity: activity.clone() };
    (LinkEnd { frames: Some(frame_tx), notes: note_tx, stop: Some(stop_tx), queued, activity }, task)
}

impl LinkEnd {
    /// Queues a frame, which is within `limits::FRAME_BYTES`.
    pub fn send(&self, frame: Vec<u8>) -> Result<(), NotQueued> {
        let Some(frames) = &self.frames else { return Err(NotQueued::Ending) };
        let bytes = frame.len();
        if self.queued.fetch_add(bytes, Ordering::Relaxed) + bytes > limits::LINK_QUEUE_BYTES {
            return Err(NotQueued::Overflow);
        }
        frames.try_send(frame).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotQueued::Overflow,
            mpsc::error::TrySendError::Closed(_) => NotQueued::Ending,
        })
    }
    /// Has the task report an event about this link, after its `LinkUp` and before its `LinkDown`.
    pub fn note(&self, event: NetEvent) {
        let _ = self.notes.try_send(event);
    }
    /// Ends the link; the task then reports it down.
    pub fn stop(&mut self, how: Stop) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(how);
        }
        // After the word of how: a writer that runs out of frames asks for it.
        self.frames = None;
    }
    /// Whether it was stopped, or ended by itself.
    pub fn is_ending(&self) -> bool {
        self.frames.as_ref().is_none_or(mpsc::Sender::is_closed)
    }
    /// Frames so far, both ways.
    pub fn activity(&self) -> u64 {
        self.activity.load(Ordering::Relaxed)
    }
}

/// Waits for the chooser's mark.
pub async fn await_go(stream: &mut Stream) -> io::Result<()> {
    let mut mark = [0];
    stream.read_exact(&mut mark).await?;
    if mark[0] == GO { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

impl LinkTask {
    /// Runs the link from `up`, its `LinkUp`, to its `LinkDown`. `chooser` says whether [`GO`] is still to be sent.
    pub async fn run(self, stream: Stream, chooser: bool, up: NetEvent) -> Ended {
        let Self { peer, events, frames, mut notes, mut stop, queued, activity } = self;
        if events.send(up).await.is_err() {
            return Ended::Closed;
        }
        let (reader, writer) = stream.split();
        let mut reader = BufReader::new(reader);
        let ended = {
            let write = write_frames(writer, frames, chooser, &queued, &activity);
            let mut write = std::pin::pin!(write);
            let read = read_frames(&mut reader, peer, &events, &mut notes, &activity);
            let mut read = std::pin::pin!(read);
            let (how, written) = tokio::select! {
                biased;
                // No word from the actor any more means that it is gone.
                how = &mut stop => (Ok(how.unwrap_or(Stop::Now)), false),
                why = &mut read => (Err(why), false),
                why = &mut write => (why.map(|()| stop.try_recv().unwrap_or(Stop::Now)).map_err(Err), true),
            };
            match how {
                Ok(Stop::Drain) => {
                    // Only one who has read everything closes its own side; that tells us that nothing is lost.
                    let _ = timeout(DRAIN, async {
                        if !written {
                            let _ = join(write, read).await;
                        } else {
                            let _ = read.await;
                        }
                    })
                    .await;
                    Ended::Closed
                }
                Ok(Stop::Now) => Ended::Closed,
                Ok(Stop::Replaced) => Ended::Replaced,
                Err(why) => how_it_ended(peer, why),
            }
        };
        let _ = events.send(NetEvent::LinkDown { link: peer }).await;
        ended
    }
}

fn how_it_ended(peer: PeerKey, why: io::Result<()>) -> Ended {
    tracing::debug!(peer = %peer.short(), ?why, "a link ended");
    match why.map_err(|error| error.kind()) {
        Ok(()) | Err(io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) => Ended::Closed,
        Err(_) => Ended::Lost,
    }
}

/// Length prefix of a frame; none for lengths that no honest peer writes.
fn frame_len(prefix: [u8; 4]) -> Option<usize> {
    let len = usize::try_from(u32::from_be_bytes(prefix)).ok()?;
    (1..=limits::FRAME_BYTES).contains(&len).then_some(len)
}

async fn read_frames(
    reader: &mut (impl futures::AsyncRead + Unpin),
    peer: PeerKey,
    events: &Sender<NetEvent>,
    notes: &mut mpsc::Receiver<NetEvent>,
    activity: &AtomicU64,
) -> io::Result<()> {
    loop {
        let mut prefix = [0; 4];
        {
            let mut next = std::pin::pin!(reader.read_exact(&mut prefix));
            loop {
                tokio::select! {
                    done = &mut next => break done?,
                    Some(note) = notes.recv() => if events.send(note).await.is_err() { return Ok(()) },
                }
            }
        }
        let Some(len) = frame_len(prefix) else { return Err(io::ErrorKind::InvalidData.into()) };
        // Memory is taken as bytes arrive, not on the sender's word.
        let mut frame = Vec::with_capacity(len.min(4_096));
        let got = (&mut *reader).take(len as u64).read_to_end(&mut frame).await?;
        if got < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        activity.fetch_add(1, Ordering::Relaxed);
        if events.send(NetEvent::Frame { link: peer, frame }).await.is_err() {
            return Ok(());
        }
    }
}

async fn write_frames(
    mut writer: impl futures::AsyncWrite + Unpin,
    mut frames: mpsc::Receiver<Vec<u8>>,
    chooser: bool,
    queued: &AtomicUsize,
    activity: &AtomicU64,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    if chooser {
        writer.write_all(&[GO]).await?;
        writer.flush().await?;
    }
    while let Some(frame) = frames.recv().await {
        let mut next = Some(frame);
        while let Some(frame) = next.take() {
            queued.fetch_sub(frame.len(), Ordering::Relaxed);
            activity.fetch_add(1, Ordering::Relaxed);
            let len = u32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
            buffer.extend_from_slice(&len.to_be_bytes());
            buffer.extend_from_slice(&frame);
            if buffer.len() < WRITE_BYTES {
                next = frames.try_recv().ok();
            }
        }
        writer.write_all(&buffer).await?;
        writer.flush().await?;
        buffer.clear();
        buffer.shrink_to(WRITE_BYTES);
    }
    writer.close().await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures::io::Cursor;

    const PEER: PeerKey = PeerKey([1; 32]);

    async fn read(bytes: Vec<u8>) -> (io::Result<()>, Vec<Vec<u8>>) {
        let (events, got) = async_channel::unbounded();
        let (_note, mut notes) = mpsc::channel(1);
        let end = read_frames(&mut Cursor::new(bytes), PEER, &events, &mut notes, &AtomicU64::new(0)).await;
        let mut frames = Vec::new();
        while let Ok(NetEvent::Frame { frame, .. }) = got.try_recv() {
            frames.push(frame);
        }
        (end, frames)
    }

    #[tokio::test]
    async fn what_is_written_is_read_again() {
        let frames: Vec<Vec<u8>> = [1, 5, 70_000, limits::FRAME_BYTES, 2].map(|len| vec![7; len]).into();
        let (tx, rx) = mpsc::channel(8);
        for frame in &frames {
            tx.send(frame.clone()).await.unwrap();
        }
        drop(tx);
        let mut bytes = Cursor::new(Vec::new());
        write_frames(&mut bytes, rx, false, &AtomicUsize::new(usize::MAX), &AtomicU64::new(0)).await.unwrap();
        let (end, got) = read(bytes.into_inner()).await;
        assert_eq!(got, frames);
        assert_eq!(end.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn lengths_no_honest_peer_writes_end_the_link() {
        for len in [0, u32::try_from(limits::FRAME_BYTES).unwrap() + 1, u32::MAX] {
            let mut bytes = vec![0, 0, 0, 1, 42];
            bytes.extend(len.to_be_bytes());
            bytes.extend([0; 100]);
            let (end, frames) = read(bytes).await;
            assert_eq!(end.unwrap_err().kind(), io::ErrorKind::InvalidData, "{len}");
            assert_eq!(frames, [[42]], "frames before it count");
        }
    }

    #[tokio::test]
    async fn a_cut_frame_is_not_passed_on() {
        let (end, frames) = read(vec![0, 0, 0, 9, 1, 2, 3]).await;
        assert_eq!(end.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(frames.is_empty());
    }

    #[test]
    fn a_queue_has_an_end_in_frames_and_in_bytes() {
        let (events, _keep) = async_channel::unbounded();
        let (end, _task) = link(PEER, events.clone());
        for _ in 0..limits::LINK_QUEUE {
            assert_eq!(end.send(vec![0]), Ok(()));
        }
        assert_eq!(end.send(vec![0]), Err(NotQueued::Overflow));

        let (end, _task) = link(PEER, events);
        let fit = limits::LINK_QUEUE_BYTES / limits::FRAME_BYTES;
        assert!(fit < limits::LINK_QUEUE);
        for _ in 0..fit {
            assert_eq!(end.send(vec![0; limits::FRAME_BYTES]), Ok(()));
        }
        assert_eq!(end.send(vec![0; limits::FRAME_BYTES]), Err(NotQueued::Overflow));
    }
}

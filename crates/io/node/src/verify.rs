//! Between network and kernel: frames are parsed and entries checked here, on all cores, in order.

use async_channel::{Receiver, Sender};
use hearth_kernel::{Incoming, Input};
use hearth_ports::NetEvent;
use hearth_wire::{CheckedEntry, DecodeError};

/// Parsed inputs that wait for the kernel.
pub(crate) const CHECKED_QUEUE: usize = 32;
/// Entries below which threads do not pay.
const ALONE: usize = 32;

/// Forwards network events to the kernel, frames parsed.
pub(crate) async fn run(events: Receiver<NetEvent>, checked: Sender<Input>) {
    while let Ok(event) = events.recv().await {
        let input = match event {
            NetEvent::Frame { link, frame } => {
                let incoming = tokio::task::block_in_place(|| Incoming::parse_with(&frame, check_all));
                Input::Incoming { link, incoming }
            }
            other => Input::Net(other),
        };
        if checked.send(input).await.is_err() {
            return;
        }
    }
}

/// Checks entries on as many threads as there are cores, keeping their order.
pub(crate) fn check_all(entries: &[Vec<u8>]) -> Vec<Result<CheckedEntry, DecodeError>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    if entries.len() < ALONE || cores == 1 {
        return CheckedEntry::many_from_bytes(entries);
    }
    std::thread::scope(|scope| {
        let parts: Vec<_> = entries
            .chunks(entries.len().div_ceil(cores))
            .map(|part| scope.spawn(|| CheckedEntry::many_from_bytes(part)))
            .collect();
        // A thread that failed leaves its part out, as if those entries had not come: sync brings them again.
        parts.into_iter().flat_map(|p| p.join().unwrap_or_default()).collect()
    })
}

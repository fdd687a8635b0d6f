//! A socket to itself that ends a wait.

use super::Waker;
use crate::error::Unavailable;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Read as _, Write as _};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Instant;

pub struct Wake {
    read: UnixStream,
    waker: Waker,
}

impl Wake {
    pub fn new() -> Result<Self, Unavailable> {
        let pair = || -> io::Result<_> {
            let (read, write) = UnixStream::pair()?;
            read.set_nonblocking(true)?;
            write.set_nonblocking(true)?;
            Ok((read, write))
        };
        let (read, write) = pair().map_err(|error| Unavailable::System(error.to_string()))?;
        let waker: Waker = Arc::new(move || {
            // A full socket wakes as well, and one that is closed has nobody to wake.
            let _ = (&write).write(&[0]);
        });
        Ok(Self { read, waker })
    }

    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Waits until one of `fds` can be read or is gone, the waker was called, or `until`. Says which of `fds`.
    pub fn poll(&self, fds: &[BorrowedFd<'_>], until: Option<Instant>) -> io::Result<Vec<bool>> {
        let mut polled: Vec<_> = fds.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
        polled.push(PollFd::new(&self.read, PollFlags::IN));
        let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready: Vec<bool> = polled.iter().map(|fd| !fd.revents().is_empty()).collect();
        if ready.pop() == Some(true) {
            let mut bytes = [0; 64];
            while (&self.read).read(&mut bytes).is_ok_and(|n| n == bytes.len()) {}
        }
        Ok(ready)
    }
}

//! The thread that owns the window, and the door to it: the newest frame and look wait in one place, and a word on an
//! eventfd says that they do. It sleeps on that and on the display's connection, with no clock but for a fade.

mod pixels;
mod place;
mod session;
mod window;

use crate::limits::RETRY;
use crate::{Corner, Look, OverlayEvent, OverlayFrame, Unavailable};
use async_channel::Sender;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use session::Session;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) struct Handle {
    shared: Arc<Shared>,
}

struct Shared {
    inbox: Mutex<Inbox>,
    /// An eventfd.
    wake: OwnedFd,
    updates: AtomicU64,
}

/// What is to be shown.
struct Inbox {
    news: News,
    fresh: bool,
    stop: bool,
}

#[derive(Clone)]
struct News {
    frame: OverlayFrame,
    /// When the frame came: its time counts on from here.
    came: Instant,
    look: Look,
}

pub(crate) fn start(look: Look, events: Sender<OverlayEvent>) -> Result<Handle, Unavailable> {
    let look = look.checked();
    let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(|_| Unavailable::NoThread)?;
    let news = News { frame: OverlayFrame::default(), came: Instant::now(), look };
    let inbox = Mutex::new(Inbox { news, fresh: true, stop: false });
    let shared = Arc::new(Shared { inbox, wake, updates: AtomicU64::new(0) });
    let session = Session::open()?;
    let theirs = shared.clone();
    let thread = std::thread::Builder::new().name("overlay".into());
    thread.spawn(move || live(&theirs, &events, session)).map_err(|_| Unavailable::NoThread)?;
    Ok(Handle { shared })
}

impl Handle {
    pub(crate) fn show(&self, frame: OverlayFrame) {
        let mut inbox = self.shared.inbox();
        if inbox.news.frame.same_as(&frame) {
            return;
        }
        (inbox.news.frame, inbox.news.came) = (frame, Instant::now());
        self.shared.tell(inbox);
    }

    pub(crate) fn set(&self, look: Look) {
        let look = look.checked();
        let mut inbox = self.shared.inbox();
        if inbox.news.look == look {
            return;
        }
        inbox.news.look = look;
        self.shared.tell(inbox);
    }

    pub(crate) fn updates(&self) -> u64 {
        self.shared.updates.load(Relaxed)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.inbox().stop = true;
        self.shared.wake();
    }
}

/// One display after another, until nobody wants the overlay.
fn live(shared: &Shared, events: &Sender<OverlayEvent>, mut session: Session) {
    // A reader that is away misses an event; the overlay waits for nobody.
    let tell = |event| {
        let _ = events.try_send(event);
    };
    loop {
        match session.run(shared, &tell) {
            Ok(()) => return,
            Err(why) => tracing::info!("the overlay's display went: {why}"),
        }
        drop(session);
        tell(OverlayEvent::Gone);
        session = loop {
            let until = Instant::now() + RETRY;
            while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                if shared.inbox().stop {
                    return;
                }
                shared.wait(true, None, Some(left));
            }
            if let Ok(session) = Session::open() {
                break session;
            }
        };
        shared.inbox().fresh = true;
        tell(OverlayEvent::Back);
    }
}

impl Shared {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that there is news, if that has not been said since the last was taken.
    fn tell(&self, mut inbox: MutexGuard<'_, Inbox>) {
        let said = std::mem::replace(&mut inbox.fresh, true);
        drop(inbox);
        if !said {
            self.wake();
        }
    }

    fn wake(&self) {
        // Full means that it is awake already.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    /// What is new since the last time; `Err` means to end.
    fn take(&self) -> Result<Option<News>, Ended> {
        let mut inbox = self.inbox();
        if inbox.stop {
            return Err(Ended);
        }
        Ok(std::mem::take(&mut inbox.fresh).then(|| inbox.news.clone()))
    }

    /// By hand; unless the client says another one, it stays there.
    fn moved(&self, corner: Corner) {
        self.inbox().news.look.corner = corner;
    }

    /// Sleeps until there is news, if it is to be heard, or something to read on `connection`, or the time is over.
    fn wait(&self, news: bool, connection: Option<BorrowedFd<'_>>, at_most: Option<Duration>) {
        let at_most = at_most.and_then(|d| Timespec::try_from(d + Duration::from_micros(500)).ok());
        let heard = news.then(|| self.wake.as_fd()).into_iter().chain(connection);
        let mut fds: Vec<_> = heard.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        match poll(&mut fds, at_most.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            // Never in a circle without a rest.
            Err(_) => std::thread::sleep(RETRY),
        }
        let _ = rustix::io::read(&self.wake, &mut [0; 8]);
    }
}

struct Ended;

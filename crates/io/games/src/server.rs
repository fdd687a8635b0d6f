//! The thread that games talk to.

use crate::place::Place;
use crate::talk::Talk;
use crate::{Playing, Unavailable, limits, process};
use interprocess::local_socket::traits::StreamCommon as _;
use interprocess::os::unix::uds_local_socket::Stream;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What is called with what is played.
pub type Sink = Box<dyn Fn(Option<Playing>) + Send>;

/// The thread. Dropping it waits for its end.
#[derive(Debug)]
pub struct Server {
    /// Closing it ends the thread.
    end: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
    slot: u8,
}

impl Server {
    pub fn start(folder: &Path, sink: Sink) -> Result<Self, Unavailable> {
        let place = Place::take(folder)?;
        let slot = place.slot;
        let system = |error: io::Error| Unavailable::System(error.to_string());
        let (end, ended) = UnixStream::pair().map_err(system)?;
        let run = move || Loop { place, ended, sink, all: Vec::new(), turn: 0, told: Told::default() }.run();
        let thread = std::thread::Builder::new().name("games".into()).spawn(run).map_err(system)?;
        Ok(Self { end: Some(end), thread: Some(thread), slot })
    }

    pub fn slot(&self) -> u8 {
        self.slot
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take().filter(|t| t.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }
}

/// One game.
struct Game {
    stream: Stream,
    talk: Talk,
    /// When it last said something else than before; the newest counts.
    turn: u64,
    /// Closed then: it did not say hello, or takes no answers.
    deadline: Option<Instant>,
    /// Bytes taken since, and when more are.
    taken: usize,
    second: Instant,
    paused: bool,
    /// An answer waits for the game to read.
    writes: bool,
}

struct Loop {
    place: Place,
    ended: UnixStream,
    sink: Sink,
    all: Vec<Game>,
    turn: u64,
    told: Told,
}

impl Loop {
    fn run(mut self) {
        let mut pause = None;
        loop {
            let now = Instant::now();
            self.tell(now);
            let Ok(ready) = self.wait(now, pause) else { break };
            pause = None;
            if ready.end {
                break;
            }
            let now = Instant::now();
            let (mut games, turn) = (ready.games.into_iter(), &mut self.turn);
            self.all.retain_mut(|game| game.stays(games.next() == Some(true), now, turn));
            if ready.listener {
                pause = self.accept(now).err().map(|_| now + limits::ERROR_PAUSE);
            }
        }
        self.all.clear();
        if let Some(change) = self.told.end() {
            (self.sink)(change);
        }
    }

    fn tell(&mut self, now: Instant) {
        let playing = self.all.iter().filter_map(|game| Some((game.turn, game.talk.playing()?)));
        let newest = playing.max_by_key(|(turn, _)| *turn).map(|(_, playing)| playing);
        if let Some(change) = self.told.change(newest, now) {
            (self.sink)(change);
        }
    }

    /// Waits for games, or until something is due. While the system is out of descriptors it is not asked for more.
    fn wait(&self, now: Instant, pause: Option<Instant>) -> io::Result<Ready> {
        let listen = if pause.is_some() { PollFlags::empty() } else { PollFlags::IN };
        let mut polled = vec![PollFd::new(&self.ended, PollFlags::IN), PollFd::new(&self.place.listener, listen)];
        let mut until = self.told.due.into_iter().chain(pause).min();
        let mut sooner = |at: Instant| until = Some(until.map_or(at, |until| until.min(at)));
        for game in &self.all {
            game.deadline.map(&mut sooner);
            // One that waits is not polled: the system would tell of its end again and again.
            if game.paused {
                sooner(game.second + Duration::from_secs(1));
            } else {
                polled.push(PollFd::new(&game.stream, if game.writes { PollFlags::OUT } else { PollFlags::IN }));
            }
        }
        let timeout = until.map(|until| until.saturating_duration_since(now));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut polled, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut events = polled.iter().map(|fd| !fd.revents().is_empty());
        let (end, listener) = (events.next().unwrap_or(true), events.next().unwrap_or(false));
        let games = self.all.iter().map(|game| !game.paused && events.next().unwrap_or(false)).collect();
        Ok(Ready { end, listener, games })
    }

    fn accept(&mut self, now: Instant) -> io::Result<()> {
        for _ in 0..limits::ACCEPTS {
            let stream = match self.place.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            // Dropped is closed: to the game it is as if nobody listened.
            if self.all.len() < limits::CONNECTIONS
                && let Some(game) = Game::new(stream, now, &mut self.turn)
            {
                self.all.push(game);
            }
        }
        Ok(())
    }
}

struct Ready {
    end: bool,
    listener: bool,
    games: Vec<bool>,
}

#[derive(PartialEq)]
enum Next {
    Stays,
    Gone,
}

impl Game {
    /// None: it is somebody else's on this computer, or gone.
    fn new(stream: UnixStream, now: Instant, turn: &mut u64) -> Option<Self> {
        stream.set_nonblocking(true).ok()?;
        let stream = Stream::from(stream);
        let who = stream.peer_creds().ok()?;
        if who.euid() != Some(rustix::process::geteuid().as_raw()) {
            return None;
        }
        let talk = Talk::new(who.pid().map(process::name).unwrap_or_default());
        *turn += 1;
        Some(Self {
            stream,
            talk,
            turn: *turn,
            deadline: Some(now + limits::HELLO),
            taken: 0,
            second: now,
            paused: false,
            writes: false,
        })
    }

    fn stays(&mut self, ready: bool, now: Instant, turn: &mut u64) -> bool {
        self.paused &= now < self.second + Duration::from_secs(1);
        let gone = ready && self.go(now, turn) == Next::Gone;
        !gone && self.deadline.is_none_or(|deadline| now < deadline)
    }

    fn go(&mut self, now: Instant, turn: &mut u64) -> Next {
        if self.talk.out().is_empty() {
            let mut bytes = [0; limits::READ_BYTES];
            match (&self.stream).read(&mut bytes) {
                Ok(0) => return Next::Gone,
                Ok(n) => self.take(bytes.get(..n).unwrap_or_default(), now, turn),
                Err(error) if again(&error) => {}
                Err(_) => return Next::Gone,
            }
        }
        self.write(now)
    }

    fn take(&mut self, bytes: &[u8], now: Instant, turn: &mut u64) {
        if now >= self.second + Duration::from_secs(1) {
            (self.second, self.taken) = (now, 0);
        }
        self.taken += bytes.len();
        self.paused = self.taken >= limits::BYTES_A_SECOND;
        let before = self.talk.playing().cloned();
        self.talk.take(bytes, unix_ms());
        if self.talk.playing() != before.as_ref() {
            *turn += 1;
            self.turn = *turn;
        }
    }

    fn write(&mut self, now: Instant) -> Next {
        let out = self.talk.out();
        while !out.is_empty() {
            match (&self.stream).write(out) {
                Ok(0) => return Next::Gone,
                Ok(n) => drop(out.drain(..n)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return Next::Gone,
            }
        }
        self.writes = !out.is_empty();
        if self.talk.over() && !self.writes {
            return Next::Gone;
        }
        // Who has not said hello keeps the deadline that began with the connection.
        if self.writes {
            self.deadline.get_or_insert(now + limits::HELLO);
        } else if self.talk.greeted() {
            self.deadline = None;
        }
        Next::Stays
    }
}

fn again(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// What was told, and when more may be.
#[derive(Debug, Default)]
struct Told {
    last: Option<Playing>,
    at: Option<Instant>,
    /// When a change that had to wait is due.
    due: Option<Instant>,
}

impl Told {
    /// What is to be told now, if anything.
    fn change(&mut self, playing: Option<&Playing>, now: Instant) -> Option<Option<Playing>> {
        self.due = None;
        if playing == self.last.as_ref() {
            return None;
        }
        if let Some(due) = self.at.map(|at| at + limits::BETWEEN).filter(|due| now < *due) {
            self.due = Some(due);
            return None;
        }
        (self.at, self.last) = (Some(now), playing.cloned());
        Some(self.last.clone())
    }

    fn end(&mut self) -> Option<Option<Playing>> {
        self.last.take().map(|_| None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn changes_come_at_their_pace_and_the_last_one_counts() {
        let game = |name: &str| Playing::new(name, "", None).unwrap();
        let (mut told, start) = (Told::default(), Instant::now());
        let after = |s: u64| start + Duration::from_secs(s);
        assert_eq!(told.change(Some(&game("a")), after(0)), Some(Some(game("a"))));
        assert_eq!(told.change(Some(&game("a")), after(1)), None);
        assert_eq!((told.change(Some(&game("b")), after(1)), told.due), (None, Some(after(4))));
        assert_eq!((told.change(Some(&game("a")), after(2)), told.due), (None, None), "back to what was told");
        assert_eq!(told.change(None, after(3)), None);
        assert_eq!(told.change(None, after(4)), Some(None));
        assert_eq!(told.end(), None, "nothing is told twice");
        told.change(Some(&game("a")), after(9));
        assert_eq!(told.end(), Some(None));
    }
}

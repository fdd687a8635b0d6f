//! Servers that are no display, or an old or a broken one.

use crate::screen::until;
use hearth_hotkeys::{Action, Hotkeys, Source, Unavailable, limits};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Bytes of a server that lets one in, with one screen.
fn welcome() -> Vec<u8> {
    let mut body = Vec::new();
    for word in [0u32, 0x0020_0000, 0x001f_ffff, 0] {
        body.extend(word.to_ne_bytes());
    }
    // Vendor of no length, requests of 65535 units, one screen, one format, byte orders, keycodes 8 to 255.
    body.extend(0u16.to_ne_bytes());
    body.extend(u16::MAX.to_ne_bytes());
    body.extend([1, 1, 0, 0, 32, 32, 8, 255, 0, 0, 0, 0]);
    body.extend([24, 32, 32, 0, 0, 0, 0, 0]);
    let mut screen = [0; 40];
    screen[..4].copy_from_slice(&0x123u32.to_ne_bytes());
    body.extend(screen);
    let mut bytes = vec![1, 0];
    bytes.extend(11u16.to_ne_bytes());
    bytes.extend(0u16.to_ne_bytes());
    bytes.extend(u16::try_from(body.len() / 4).unwrap().to_ne_bytes());
    bytes.extend(body);
    bytes
}

/// A display on the first free number from 100 on.
fn listen() -> (TcpListener, Source) {
    let free = (100..1000).find_map(|n| TcpListener::bind(("127.0.0.1", 6000 + n)).ok().map(|listener| (listener, n)));
    let (listener, number) = free.unwrap();
    (listener, Source::X11(format!("127.0.0.1:{number}")))
}

/// Answers each request in turn, whatever it is, and then says no more; without any answer it hangs up. Counts who came.
fn serve(answers: Vec<Vec<u8>>) -> (Source, Arc<AtomicUsize>) {
    let (listener, source) = listen();
    let came = Arc::new(AtomicUsize::new(0));
    let count = came.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = talk(stream, &answers);
        }
    });
    (source, came)
}

fn talk(mut stream: TcpStream, answers: &[Vec<u8>]) -> std::io::Result<()> {
    let mut hello = [0; 12];
    stream.read_exact(&mut hello)?;
    let padded = |at: usize| usize::from(u16::from_ne_bytes([hello[at], hello[at + 1]])).next_multiple_of(4);
    stream.read_exact(&mut vec![0; padded(6) + padded(8)])?;
    stream.write_all(&welcome())?;
    for answer in answers {
        let mut head = [0; 4];
        stream.read_exact(&mut head)?;
        let words = usize::from(u16::from_ne_bytes([head[2], head[3]]));
        stream.read_exact(&mut vec![0; (words * 4).saturating_sub(4)])?;
        stream.write_all(answer)?;
    }
    if !answers.is_empty() {
        std::io::copy(&mut stream, &mut std::io::sink())?;
    }
    Ok(())
}

/// A reply of 32 bytes.
fn reply(number: u16, at_8: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    bytes[0] = 1;
    bytes[2..4].copy_from_slice(&number.to_ne_bytes());
    bytes[8..8 + at_8.len()].copy_from_slice(at_8);
    bytes
}

fn refused(source: Source) -> Unavailable {
    Hotkeys::start(source, |_| {}).expect_err("it started")
}

#[test]
fn no_display_is_a_plain_answer() {
    for name in ["127.0.0.1:5000", "nonsense", "", ":x", "unix:/nowhere"] {
        assert_eq!(refused(Source::X11(name.to_owned())), Unavailable::NoAnswer, "{name}");
    }
}

/// XInput is there.
fn present() -> Vec<u8> {
    reply(1, &[1, 131, 67, 129])
}

fn version(major: u16, minor: u16) -> Vec<u8> {
    reply(2, &[major, minor].map(u16::to_ne_bytes).concat())
}

#[test]
fn a_server_without_xinput_2_is_a_plain_answer() {
    let mut error = reply(2, &[]);
    error[..2].copy_from_slice(&[0, 1]);
    for answers in [vec![reply(1, &[0])], vec![present(), version(1, 5)], vec![present(), error]] {
        assert_eq!(refused(serve(answers.clone()).0), Unavailable::TooOld, "{answers:?}");
    }
}

#[test]
fn a_server_that_hangs_up_or_raves_is_a_plain_answer() {
    for answers in [vec![], vec![vec![0xff; 300]], vec![vec![0; 64]], vec![reply(7, &[1, 131, 67, 129]); 3]] {
        let (source, came) = serve(answers.clone());
        assert_eq!(refused(source), Unavailable::NoAnswer, "{answers:?}");
        assert_eq!(came.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_server_that_raves_later_is_lost_and_tried_again() {
    let mut event = vec![35, 131, 4, 0, 1, 0, 0, 0, 13, 0];
    event.extend([0xff; 26]);
    // A kind of event that nobody knows is no reason; a key press that is cut short is.
    let mut unknown = event.clone();
    unknown[8] = 0xff;
    let (source, came) = serve(vec![present(), version(2, 2), reply(3, &[0]), [unknown, event].concat()]);
    let hotkeys = Hotkeys::start(source, |_| {}).unwrap();
    assert_eq!(hotkeys.trouble(), None);
    hotkeys.set(vec![(Action::Talk, "KeyV".parse().unwrap())]);
    until("it is lost", || hotkeys.trouble() == Some(Unavailable::NoAnswer));
    until("it is tried again", || came.load(Ordering::SeqCst) >= 3);
}

#[test]
fn a_server_that_says_nothing_holds_up_nobody_for_long() {
    let (_listener, source) = listen();
    let begun = Instant::now();
    assert_eq!(refused(source), Unavailable::NoAnswer);
    assert!((limits::OPEN..limits::OPEN + Duration::from_secs(5)).contains(&begun.elapsed()));
}

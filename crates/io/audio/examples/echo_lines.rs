//! A voice from the speakers and one in the room, through one's own way out as a call has it; and noise through the chain.
//!
//! `echo_lines echo FOLDER NAME:SPEAKERS:DELAY_MS:ECHO_DB:HISS_DB[:all] ...` reads `far.wav` and `near.wav` of a folder and
//! runs a transmit thread in real time for each scene: the far voice goes into its tap as the mix would, and comes out of the
//! speakers (`linear`, `bent`, `clipped` or `small`) into a furnished room and the microphone so much later, so much louder than the
//! near voice; hiss is below full scale. With `moved` the room is another from the 27th second on. `all` has noise and gain on too. It writes what the microphone heard
//! (`NAME.heard.wav`), what the chain made of it (`NAME.out.wav`), and what a listener
//! decodes (`NAME.sent.wav`).
//!
//! `echo_lines chain FOLDER SCENE ...` has the chain alone do it, as fast as it goes; nothing is encoded.
//!
//! `echo_lines noise usual|strong IN.wav OUT.wav ...` suppresses noise and does nothing else.
#![allow(clippy::print_stdout)]

use hearth_audio::limits::{BLOCK, CAPTURE_RING, FRAME, RATE, RENDER, TAP_RING};
use hearth_audio::shared::{Shared, SourceWanted};
use hearth_audio::transmit::chain::Chain;
use hearth_audio::transmit::{MicrophoneChange, Transmit};
use hearth_codec::{Complexity, Decoder};
use hearth_ports::audio::Processing;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const BLOCK_TIME: Duration = Duration::from_millis(10);
/// Nobody in a real room hears the speakers alone: a first wall, and a tail that is down by 60 dB after 180 ms.
const ROOM_MS: usize = 120;
const ROOM_T60_MS: f32 = 180.0;

/// When the microphone of a `moved` scene is put elsewhere, and how much further away that is.
const MOVED_S: usize = 27;
const FURTHER_MS: usize = 10;
/// A packet as short as this says that silence follows.
const SILENCE: usize = 2;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["echo", folder, scenes @ ..] => echo(Path::new(folder), scenes, play),
        ["chain", folder, scenes @ ..] => echo(Path::new(folder), scenes, straight),
        ["noise", which, files @ ..] => files.chunks_exact(2).try_for_each(|pair| noise(*which == "strong", pair)),
        _ => Err("echo FOLDER SCENE ... or noise usual|strong IN OUT ...".into()),
    }
}

fn noise(strong: bool, files: &[&str]) -> Outcome<()> {
    let mut chain = Chain::new(Processing { echo: false, noise: true, gain: false }, strong);
    let mut sound = read(Path::new(files[0]))?;
    for block in sound.as_chunks_mut::<BLOCK>().0 {
        chain.near(block);
    }
    write(Path::new(files[1]), &sound)
}

struct Scene {
    name: String,
    heard: Vec<f32>,
    processing: Processing,
}

fn echo(folder: &Path, scenes: &[&str], way: fn(&Path, &Scene, &[f32]) -> Outcome<()>) -> Outcome<()> {
    let (near, far) = (read(&folder.join("near.wav"))?, read(&folder.join("far.wav"))?);
    let scenes = scenes.iter().map(|words| scene(words, &near, &far)).collect::<Outcome<Vec<_>>>()?;
    std::thread::scope(|threads| {
        let running: Vec<_> = scenes.iter().map(|scene| threads.spawn(|| way(folder, scene, &far))).collect();
        running.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| Err("a scene broke".into())))
    })
}

fn scene(words: &str, near: &[f32], far: &[f32]) -> Outcome<Scene> {
    let parts: Vec<&str> = words.split(':').collect();
    let [name, speakers, delay_ms, echo_db, hiss_db, more @ ..] = parts.as_slice() else {
        return Err(format!("no scene: {words}").into());
    };
    let (delay_ms, echo_db, hiss_db): (usize, f32, f32) = (delay_ms.parse()?, echo_db.parse()?, hiss_db.parse()?);
    let peak = far.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let played: Vec<f32> = match *speakers {
        "linear" | "moved" => far.to_vec(),
        "bent" => far.iter().map(|sample| (2.0 * sample / peak).tanh() * peak / 2.0).collect(),
        "clipped" => far.iter().map(|sample| sample.clamp(-0.3 * peak, 0.3 * peak)).collect(),
        "small" => small(far, peak),
        other => return Err(format!("no such speakers: {other}").into()),
    };
    let mut echo = room(&played, delay_ms, 99);
    if *speakers == "moved" {
        let from = MOVED_S * RATE as usize;
        echo[from..].copy_from_slice(&room(&played, delay_ms + FURTHER_MS, 98)[from..]);
    }
    let gain = active(near) / active(&echo) * 10.0_f32.powf(echo_db / 20.0);
    echo.iter_mut().for_each(|sample| *sample *= gain);
    let hiss = 10.0_f32.powf(hiss_db / 20.0) * 3.0_f32.sqrt();
    let mut seed = Seed(7);
    let heard = near.iter().zip(&echo).map(|(near, echo)| (near + echo + hiss * seed.next()).clamp(-1.0, 1.0));
    let all = more.contains(&"all");
    let processing = Processing { echo: true, noise: all, gain: all };
    Ok(Scene { name: (*name).to_owned(), heard: heard.collect(), processing })
}

/// A small loudspeaker: what lies below 250 Hz barely reaches the cone, the cone gives way more easily inwards than outwards,
/// and it rings on a little where it has its resonance.
fn small(far: &[f32], peak: f32) -> Vec<f32> {
    let (mut low, mut ring) = (0.0, [0.0; 2]);
    let slow = std::f32::consts::TAU * 250.0 / RATE as f32;
    let turn = 2.0 * (std::f32::consts::TAU * 420.0 / RATE as f32).cos();
    far.iter()
        .map(|sample| {
            low += slow * (sample - low);
            let pushed = (sample - 0.8 * low) / peak;
            let cone = if pushed > 0.0 { (2.0 * pushed).tanh() / 2.0 } else { (3.0 * pushed).tanh() / 3.0 };
            let rings = 0.002 * cone + 0.99 * turn * ring[0] - 0.98 * ring[1];
            ring = [rings, ring[0]];
            (cone + rings) * peak
        })
        .collect()
}

/// Even noise, -1.0 to 1.0.
struct Seed(u32);

impl Seed {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 8_388_608.0 - 1.0
    }
}

fn room(played: &[f32], delay_ms: usize, seed: u32) -> Vec<f32> {
    let (delay, mut seed) = (delay_ms * RATE as usize / 1000, Seed(seed));
    let mut out = vec![0.0; played.len()];
    for n in 0..ROOM_MS * RATE as usize / 1000 {
        let late_ms = n as f32 * 1000.0 / RATE as f32;
        let tail = 0.03 * 10.0_f32.powf(-3.0 * late_ms / ROOM_T60_MS) * seed.next();
        let tap = if n == 0 { 1.0 } else { tail };
        for (out, played) in out.iter_mut().skip(delay + n).zip(played) {
            *out += tap * played;
        }
    }
    out
}

/// Root mean square of the blocks in which somebody speaks.
fn active(sound: &[f32]) -> f32 {
    let mut powers: Vec<f32> = sound.chunks_exact(BLOCK).map(|block| hearth_audio::level::rms(block).powi(2)).collect();
    let loudest = powers.iter().copied().fold(0.0, f32::max);
    powers.retain(|power| *power > loudest / 1_000.0);
    (powers.iter().sum::<f32>() / powers.len().max(1) as f32).sqrt().max(1e-6)
}

/// The chain alone, as fast as it goes and each time the same.
fn straight(folder: &Path, scene: &Scene, far: &[f32]) -> Outcome<()> {
    let mut chain = Chain::new(scene.processing, false);
    let mut out = scene.heard.clone();
    for (near, far) in out.as_chunks_mut::<BLOCK>().0.iter_mut().zip(far.as_chunks::<BLOCK>().0) {
        chain.far(far);
        chain.near(near);
    }
    println!("{} lost 0 late_ms 0", scene.name);
    write(&folder.join(format!("{}.heard.wav", scene.name)), &scene.heard)?;
    write(&folder.join(format!("{}.out.wav", scene.name)), &out)
}

/// One transmit thread, fed in real time as devices and the mix feed it.
fn play(folder: &Path, scene: &Scene, far: &[f32]) -> Outcome<()> {
    let shared = Arc::new(Shared::default());
    shared.transmit(|wants| {
        wants.source = SourceWanted::Device;
        wants.processing = scene.processing;
        wants.loopback = true;
    });
    let (frames_in, frames) = async_channel::bounded(64);
    let (events_in, _events) = async_channel::bounded(64);
    let (microphones_in, microphones) = async_channel::bounded(4);
    let (mut tap, tap_out) = rtrb::RingBuffer::new(TAP_RING);
    let (loopback_in, mut loopback) = rtrb::RingBuffer::new(TAP_RING);
    let (mut microphone, ring) = rtrb::RingBuffer::new(CAPTURE_RING);
    microphones_in.try_send(MicrophoneChange::Opened { ring, rate: RATE }).map_err(|error| error.to_string())?;
    shared.set_ready();
    let transmit = Transmit::new(Arc::clone(&shared), frames_in, events_in, microphones, tap_out, loopback_in);
    let thread = std::thread::spawn(move || transmit.run());

    let (mut out, mut sent) = (Vec::with_capacity(scene.heard.len()), vec![0.0; scene.heard.len() + FRAME]);
    let mut decoder = Decoder::new(Complexity::default())?;
    let mut collect = || -> Outcome<usize> {
        while let Ok(sample) = loopback.pop() {
            out.push(sample);
        }
        while let Ok(frame) = frames.try_recv() {
            if frame.opus.len() <= SILENCE {
                continue;
            }
            let mut pcm = [0.0; FRAME];
            decoder.decode_packet(&frame.opus, &mut pcm)?;
            let at = frame.timestamp as usize;
            if let Some(place) = sent.get_mut(at..at + FRAME) {
                place.copy_from_slice(&pcm);
            }
        }
        Ok(out.len())
    };
    let (began, mut most_late) = (Instant::now(), Duration::ZERO);
    let blocks = scene.heard.as_chunks::<BLOCK>().0;
    for (n, (heard, far)) in blocks.iter().zip(far.as_chunks::<BLOCK>().0).enumerate() {
        let due = began + BLOCK_TIME * u32::try_from(n)?;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        most_late = most_late.max(due.elapsed());
        for render in far.chunks_exact(RENDER) {
            if let Ok(chunk) = tap.write_chunk_uninit(RENDER) {
                chunk.fill_from_iter(render.iter().copied());
            }
        }
        for sample in heard {
            let _ = microphone.push(*sample);
        }
        collect()?;
    }
    let until = Instant::now() + Duration::from_secs(1);
    while collect()? < blocks.len() * BLOCK && Instant::now() < until {
        std::thread::sleep(BLOCK_TIME);
    }
    shared.end();
    let _ = thread.join();
    let lost = blocks.len() * BLOCK - out.len();
    println!("{} lost {lost} late_ms {}", scene.name, most_late.as_millis());
    for (part, sound) in [("heard", &scene.heard), ("out", &out), ("sent", &sent)] {
        write(&folder.join(format!("{}.{part}.wav", scene.name)), sound)?;
    }
    Ok(())
}

fn read(path: &Path) -> Outcome<Vec<f32>> {
    let mut reader = hound::WavReader::open(path)?;
    let spec = reader.spec();
    if spec.channels != 1 || spec.sample_rate != RATE {
        return Err("a file of 48 kHz and one channel is needed".into());
    }
    Ok(match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>()?,
        hound::SampleFormat::Int => reader
            .samples::<i16>()
            .map(|sample| sample.map(|sample| f32::from(sample) / 32_768.0))
            .collect::<Result<_, _>>()?,
    })
}

fn write(path: &Path, sound: &[f32]) -> Outcome<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    sound.iter().try_for_each(|sample| writer.write_sample(*sample))?;
    Ok(writer.finalize()?)
}

//! Sounds to test with, and measures of them.

use std::path::Path;
use std::time::{Duration, Instant};

pub const RATE: u32 = 48_000;
/// A deadline for what comes at once on any machine that is not overrun.
pub const LONG: Duration = Duration::from_secs(60);

/// Even noise, -1.0 to 1.0, the same for the same seed.
pub struct Noise(u32);

impl Noise {
    pub fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(2_654_435_761).wrapping_add(1))
    }

    pub fn sample(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 8_388_608.0 - 1.0
    }
}

/// Something like speech: a buzz of changing pitch through two changing formants, in syllables with pauses.
pub fn speech(seconds: f32, seed: u32) -> Vec<f32> {
    let mut noise = Noise::new(seed);
    let mut phase = 0.0_f32;
    let mut states = [[0.0_f32; 2]; 3];
    let (mut target, mut formants) = ([500.0, 1_500.0, 2_500.0], [500.0, 1_500.0, 2_500.0]);
    let (mut left, mut loud, mut envelope, mut pitch) = (0_usize, 0.0_f32, 0.0_f32, 120.0_f32);
    (0..(seconds * RATE as f32) as usize)
        .map(|_| {
            if left == 0 {
                left = 4_800 + (noise.sample().abs() * 9_600.0) as usize;
                loud = if noise.sample() > 0.6 { 0.0 } else { 0.6 + 0.4 * noise.sample().abs() };
                target = [
                    300.0 + 500.0 * noise.sample().abs(),
                    900.0 + 1_300.0 * noise.sample().abs(),
                    2_300.0 + 700.0 * noise.sample().abs(),
                ];
                pitch = 95.0 + 70.0 * noise.sample().abs();
            }
            left -= 1;
            envelope += (loud - envelope) / 700.0;
            phase += pitch / RATE as f32;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase = phase.fract();
            let excited = pulse * 8.0 + noise.sample() * 0.05;
            let mut sum = 0.0;
            for n in 0..3 {
                formants[n] += (target[n] - formants[n]) / 1_500.0;
                let radius = (-std::f32::consts::PI * (60.0 + 40.0 * n as f32) / RATE as f32).exp();
                let turn = (std::f32::consts::TAU * formants[n] / RATE as f32).cos();
                let [one, two] = states[n];
                let out = excited * (1.0 - radius) + 2.0 * radius * turn * one - radius * radius * two;
                states[n] = [out, one];
                sum += out / (1.0 + n as f32);
            }
            (sum * envelope * 0.5).clamp(-0.9, 0.9)
        })
        .collect()
}

pub fn write_wav(path: &Path, samples: &[f32], rate: u32) {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        writer.write_sample((sample * 32_767.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// Left and right of a stereo file.
pub fn read_wav(path: &Path) -> (Vec<f32>, Vec<f32>) {
    let mut reader = hound::WavReader::open(path).unwrap();
    assert_eq!((reader.spec().channels, reader.spec().sample_rate), (2, RATE));
    let all: Vec<f32> = reader.samples::<i16>().map(|sample| f32::from(sample.unwrap()) / 32_767.0).collect();
    (all.iter().step_by(2).copied().collect(), all.iter().skip(1).step_by(2).copied().collect())
}

pub fn rms(samples: &[f32]) -> f32 {
    hearth_audio::level::rms(samples)
}

pub fn decibels(ratio: f32) -> f32 {
    20.0 * ratio.max(1e-9).log10()
}

/// Of two pieces equally long, -1.0 to 1.0.
pub fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let dot: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum();
    let power = |x: &[f32]| x.iter().map(|x| f64::from(x * x)).sum::<f64>();
    let norm = (power(a) * power(b)).sqrt();
    if norm < 1e-9 { 0.0 } else { (dot / norm) as f32 }
}

fn thin(samples: &[f32]) -> Vec<f32> {
    samples.chunks_exact(8).map(|eight| eight.iter().sum::<f32>() / 8.0).collect()
}

/// Where in `heard` the piece begins that is most like `piece`, looked for from `from` to `to`, and how like it is.
pub fn find(piece: &[f32], heard: &[f32], from: usize, to: usize) -> (usize, f32) {
    let (thin_piece, thin_heard) = (thin(piece), thin(heard));
    let like = |piece: &[f32], heard: &[f32], at: usize| {
        heard.get(at..at + piece.len()).map_or(-1.0, |heard| correlation(piece, heard))
    };
    let best = |range: std::ops::Range<usize>, score: &dyn Fn(usize) -> f32| {
        range.map(|at| (at, score(at))).max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, -1.0))
    };
    let (coarse, _) = best(from / 8..to / 8, &|at| like(&thin_piece, &thin_heard, at));
    let near = (coarse * 8).saturating_sub(24);
    best(near..near + 49, &|at| like(piece, heard, at))
}

/// Waits for something, with a deadline.
pub fn until<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < deadline, "{what} did not happen in {deadline:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

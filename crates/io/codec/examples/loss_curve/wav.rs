//! Mono WAV in and out, at 48 kHz whatever came in.

use std::path::Path;

pub fn read(path: &Path) -> Vec<f32> {
    let mut reader = hound::WavReader::open(path).expect("a WAV file");
    let spec = reader.spec();
    assert_eq!((spec.channels, spec.bits_per_sample), (1, 16), "mono, 16 bit");
    let sound: Vec<f32> = reader.samples::<i16>().map(|x| f32::from(x.expect("a sample")) / 32_768.0).collect();
    match spec.sample_rate {
        48_000 => sound,
        16_000 => tripled(&sound),
        other => panic!("{other} Hz: give 16000 or 48000"),
    }
}

pub fn write(path: &Path, sound: &[f32]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("a WAV file");
    for x in sound {
        writer.write_sample((x.clamp(-1.0, 1.0) * 32_767.0) as i16).expect("a sample");
    }
    writer.finalize().expect("a WAV file");
}

/// Three times the rate, by a windowed sinc of 32 samples either side.
fn tripled(sound: &[f32]) -> Vec<f32> {
    const REACH: i64 = 32;
    let mut out = Vec::with_capacity(sound.len() * 3);
    for i in 0..sound.len() as i64 * 3 {
        let place = i as f64 / 3.0;
        let middle = place.floor() as i64;
        let mut sum = 0.0;
        for j in middle - REACH + 1..=middle + REACH {
            let x = usize::try_from(j).ok().and_then(|j| sound.get(j)).copied().unwrap_or(0.0);
            let away = place - j as f64;
            let sinc =
                if away == 0.0 { 1.0 } else { (std::f64::consts::PI * away).sin() / (std::f64::consts::PI * away) };
            let window = 0.5 + 0.5 * (std::f64::consts::PI * away / (REACH as f64 + 1.0)).cos();
            sum += f64::from(x) * sinc * window;
        }
        out.push(sum as f32);
    }
    out
}

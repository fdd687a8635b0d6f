//! Opening a stream in whatever rate, format and number of channels a device speaks.

use super::port::{InputPort, OutputPort};
use crate::limits::{MAX_CHANNELS, RATE, RATES};
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, FromSample, SampleFormat, SizedSample, StreamConfig, SupportedStreamConfig};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Buffers wished for, the shortest first; a device that cannot takes its own.
pub const BUFFERS_MS: [u32; 2] = [5, 10];

/// Which way sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Microphones.
    In,
    /// Speakers.
    Out,
}

/// What a stream tells of itself.
#[derive(Default)]
pub struct Health {
    /// It does not work any more.
    pub broken: AtomicBool,
    /// How often its buffer ran over or dry.
    pub stutters: AtomicU32,
    /// How often it took or gave sound.
    pub calls: AtomicU32,
}

/// The device of that name, or the system's choice.
pub fn find(host: &cpal::Host, way: Way, name: Option<&str>) -> Option<cpal::Device> {
    let Some(name) = name else {
        return match way {
            Way::In => host.default_input_device(),
            Way::Out => host.default_output_device(),
        };
    };
    let mut all: Box<dyn Iterator<Item = cpal::Device>> = match way {
        Way::In => Box::new(host.input_devices().ok()?),
        Way::Out => Box::new(host.output_devices().ok()?),
    };
    all.find(|device| self::name(device).is_some_and(|own| own == name))
}

/// What a device is called, for people and for finding it again.
pub fn name(device: &cpal::Device) -> Option<String> {
    device.description().ok().map(|description| description.name().to_owned())
}

/// What ALSA lists beside devices: steps of processing, and its own default, which is the system's choice.
const NO_DEVICES: [&str; 12] = [
    "default",
    "dmix",
    "dsnoop",
    "lavrate",
    "null",
    "oss",
    "samplerate",
    "speex",
    "speexrate",
    "upmix",
    "usbstream",
    "vdownmix",
];

/// Whether somebody could mean this device when they choose one. One that has no id has at least a name.
pub fn is_choice(device: &cpal::Device) -> bool {
    device.id().map_or(true, |id| id.host().name() != "ALSA" || is_device(id.id()))
}

fn is_device(pcm: &str) -> bool {
    !pcm.split(':').next().is_some_and(|kind| NO_DEVICES.contains(&kind))
}

/// How a device is best spoken to: its own choice, at 48 kHz if it can.
pub fn config(device: &cpal::Device, way: Way) -> Result<SupportedStreamConfig, cpal::Error> {
    let chosen = match way {
        Way::In => device.default_input_config()?,
        Way::Out => device.default_output_config()?,
    };
    let refused =
        || cpal::Error::with_message(ErrorKind::UnsupportedConfig, "its sample rate or channels are out of bounds");
    if chosen.sample_rate() == RATE && chosen.channels() <= MAX_CHANNELS {
        return Ok(chosen);
    }
    let mut ranges: Box<dyn Iterator<Item = cpal::SupportedStreamConfigRange>> = match way {
        Way::In => Box::new(device.supported_input_configs()?),
        Way::Out => Box::new(device.supported_output_configs()?),
    };
    let same = |range: &cpal::SupportedStreamConfigRange| {
        range.channels() == chosen.channels() && range.sample_format() == chosen.sample_format()
    };
    let better = ranges.find_map(|range| same(&range).then(|| range.try_with_sample_rate(RATE)).flatten());
    let config = better.unwrap_or(chosen);
    if RATES.contains(&config.sample_rate()) && (1..=MAX_CHANNELS).contains(&config.channels()) {
        Ok(config)
    } else {
        Err(refused())
    }
}

/// Begins to capture. `port` is asked for a callback once or twice, as the buffer wished for may be refused.
pub fn input(
    device: &cpal::Device,
    config: &SupportedStreamConfig,
    buffer_ms: u32,
    health: &Arc<Health>,
    mut port: impl FnMut() -> InputPort,
) -> Result<cpal::Stream, cpal::Error> {
    macro_rules! open {
        ($($format:ident => $sample:ty),*) => {
            match config.sample_format() {
                $(SampleFormat::$format => with_buffer(config, buffer_ms, |config| input_as::<$sample>(device, config, health, port())),)*
                _ => Err(cpal::Error::with_message(ErrorKind::UnsupportedConfig, "its sample format is not known")),
            }
        };
    }
    open!(I8 => i8, I16 => i16, I24 => cpal::I24, I32 => i32, U8 => u8, U16 => u16, U32 => u32, F32 => f32, F64 => f64)
}

/// Begins to play.
pub fn output(
    device: &cpal::Device,
    config: &SupportedStreamConfig,
    buffer_ms: u32,
    health: &Arc<Health>,
    mut port: impl FnMut() -> OutputPort,
) -> Result<cpal::Stream, cpal::Error> {
    macro_rules! open {
        ($($format:ident => $sample:ty),*) => {
            match config.sample_format() {
                $(SampleFormat::$format => with_buffer(config, buffer_ms, |config| output_as::<$sample>(device, config, health, port())),)*
                _ => Err(cpal::Error::with_message(ErrorKind::UnsupportedConfig, "its sample format is not known")),
            }
        };
    }
    open!(I8 => i8, I16 => i16, I24 => cpal::I24, I32 => i32, U8 => u8, U16 => u16, U32 => u32, F32 => f32, F64 => f64)
}

fn with_buffer(
    config: &SupportedStreamConfig,
    buffer_ms: u32,
    mut open: impl FnMut(StreamConfig) -> Result<cpal::Stream, cpal::Error>,
) -> Result<cpal::Stream, cpal::Error> {
    let own = config.config();
    let wished = StreamConfig { buffer_size: BufferSize::Fixed(own.sample_rate * buffer_ms / 1000), ..own };
    let stream = open(wished).or_else(|_| open(own))?;
    stream.play()?;
    Ok(stream)
}

fn input_as<T: SizedSample>(
    device: &cpal::Device,
    config: StreamConfig,
    health: &Arc<Health>,
    mut port: InputPort,
) -> Result<cpal::Stream, cpal::Error>
where
    f32: FromSample<T>,
{
    let alive = Arc::clone(health);
    device.build_input_stream(
        config,
        move |data: &[T], _: &cpal::InputCallbackInfo| {
            alive.calls.fetch_add(1, Ordering::Relaxed);
            port.take(data);
        },
        told(health),
        None,
    )
}

fn output_as<T: SizedSample + FromSample<f32>>(
    device: &cpal::Device,
    config: StreamConfig,
    health: &Arc<Health>,
    mut port: OutputPort,
) -> Result<cpal::Stream, cpal::Error> {
    let alive = Arc::clone(health);
    let fill = move |data: &mut [T], _: &cpal::OutputCallbackInfo| {
        alive.calls.fetch_add(1, Ordering::Relaxed);
        port.fill(data);
    };
    device.build_output_stream(config, fill, told(health), None)
}

fn told(health: &Arc<Health>) -> impl FnMut(cpal::Error) + Send + 'static {
    let health = Arc::clone(health);
    move |error| match error.kind() {
        ErrorKind::Xrun => {
            health.stutters.fetch_add(1, Ordering::Relaxed);
        }
        ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied | ErrorKind::DeviceBusy => {}
        _ => health.broken.store(true, Ordering::Release),
    }
}

#[cfg(test)]
mod tests {
    use super::is_device;

    #[test]
    fn steps_of_processing_are_no_devices() {
        for pcm in ["default", "null", "lavrate", "upmix", "dmix:CARD=PCH,DEV=0"] {
            assert!(!is_device(pcm), "{pcm}");
        }
        for pcm in ["pulse", "pipewire", "jack", "hw:CARD=PCH,DEV=0", "sysdefault:CARD=PCH", "headset"] {
            assert!(is_device(pcm), "{pcm}");
        }
    }
}

//! A sound system whose devices come and go when told, at a rate and format of the test's choice.
#![allow(unsafe_code)]

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, Data, DeviceDescription, DeviceDescriptionBuilder, DeviceId, Error, ErrorKind, FrameCount,
    InputCallbackInfo, InputStreamTimestamp, OutputCallbackInfo, OutputStreamTimestamp, SampleFormat, StreamConfig,
    StreamInstant, SupportedBufferSize, SupportedStreamConfig, SupportedStreamConfigRange,
};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What the test sets and sees.
#[derive(Default)]
pub struct World {
    pub there: AtomicBool,
    pub rate: AtomicU64,
    pub opened: AtomicU64,
    pub played: Mutex<Vec<f32>>,
    pub streams: AtomicU64,
    /// Buffers shorter than 10 ms run over and dry.
    pub slow: AtomicBool,
    /// Frames of the buffers that were asked for.
    pub buffers: Mutex<Vec<u32>>,
}

impl World {
    pub fn new(rate: u32) -> Arc<Self> {
        let world = Self { there: AtomicBool::new(true), ..Self::default() };
        world.rate.store(u64::from(rate), Ordering::Relaxed);
        Arc::new(world)
    }

    fn rate(&self) -> u32 {
        self.rate.load(Ordering::Relaxed) as u32
    }
}

#[derive(Clone)]
pub struct FakeHost(pub Arc<World>);

#[derive(Clone)]
pub struct FakeDevice(Arc<World>);

impl std::fmt::Display for FakeDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Test device")
    }
}

impl PartialEq for FakeDevice {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for FakeDevice {}
impl std::hash::Hash for FakeDevice {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}
impl std::fmt::Debug for FakeDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeDevice")
    }
}

impl HostTrait for FakeHost {
    type Device = FakeDevice;
    type Devices = std::vec::IntoIter<FakeDevice>;

    fn is_available() -> bool {
        true
    }

    fn devices(&self) -> Result<Self::Devices, Error> {
        Ok(self.default_input_device().into_iter().collect::<Vec<_>>().into_iter())
    }

    fn default_input_device(&self) -> Option<FakeDevice> {
        self.0.there.load(Ordering::Relaxed).then(|| FakeDevice(Arc::clone(&self.0)))
    }

    fn default_output_device(&self) -> Option<FakeDevice> {
        self.default_input_device()
    }
}

pub struct FakeStream {
    end: Arc<AtomicBool>,
    playing: Arc<AtomicBool>,
    world: Arc<World>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for FakeStream {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        self.world.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

impl StreamTrait for FakeStream {
    fn play(&self) -> Result<(), Error> {
        self.playing.store(true, Ordering::Relaxed);
        Ok(())
    }
    fn pause(&self) -> Result<(), Error> {
        self.playing.store(false, Ordering::Relaxed);
        Ok(())
    }
    fn buffer_size(&self) -> Result<FrameCount, Error> {
        Ok(0)
    }
    fn now(&self) -> StreamInstant {
        StreamInstant::new(0, 0)
    }
}

impl FakeDevice {
    fn config(&self) -> SupportedStreamConfig {
        SupportedStreamConfig::new(2, self.0.rate(), SupportedBufferSize::Unknown, SampleFormat::I16)
    }

    fn ranges(&self) -> std::vec::IntoIter<SupportedStreamConfigRange> {
        let rate = self.0.rate();
        vec![SupportedStreamConfigRange::new(2, rate, rate, SupportedBufferSize::Unknown, SampleFormat::I16)]
            .into_iter()
    }

    /// Calls `buffer` every 10 ms in real time with its first frame's number, until the device goes.
    fn stream(
        &self,
        asked: BufferSize,
        mut buffer: impl FnMut(u64, &mut [i16]) + Send + 'static,
        mut error: impl FnMut(Error) + Send + 'static,
    ) -> FakeStream {
        let (end, playing) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (world, over, plays) = (Arc::clone(&self.0), Arc::clone(&end), Arc::clone(&playing));
        world.opened.fetch_add(1, Ordering::Relaxed);
        world.streams.fetch_add(1, Ordering::Relaxed);
        let BufferSize::Fixed(asked) = asked else { panic!("no buffer was asked for") };
        world.buffers.lock().unwrap().push(asked);
        let thread = std::thread::spawn(move || {
            let frames = world.rate() as usize / 100;
            let mut samples = vec![0; 2 * frames];
            let (mut due, mut at) = (Instant::now(), 0);
            while !over.load(Ordering::Relaxed) {
                if !world.there.load(Ordering::Relaxed) {
                    return error(Error::new(ErrorKind::DeviceNotAvailable));
                }
                due += Duration::from_millis(10);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if plays.load(Ordering::Relaxed) {
                    if world.slow.load(Ordering::Relaxed) && (asked as usize) < frames {
                        error(Error::new(ErrorKind::Xrun));
                    }
                    buffer(at, &mut samples);
                    at += frames as u64;
                }
            }
        });
        FakeStream { end, playing, world: Arc::clone(&self.0), thread: Some(thread) }
    }
}

impl DeviceTrait for FakeDevice {
    type SupportedInputConfigs = std::vec::IntoIter<SupportedStreamConfigRange>;
    type SupportedOutputConfigs = std::vec::IntoIter<SupportedStreamConfigRange>;
    type Stream = FakeStream;

    fn description(&self) -> Result<DeviceDescription, Error> {
        Ok(DeviceDescriptionBuilder::new("Test device").build())
    }
    fn id(&self) -> Result<DeviceId, Error> {
        Err(Error::new(ErrorKind::UnsupportedOperation))
    }
    fn supported_input_configs(&self) -> Result<Self::SupportedInputConfigs, Error> {
        Ok(self.ranges())
    }
    fn supported_output_configs(&self) -> Result<Self::SupportedOutputConfigs, Error> {
        Ok(self.ranges())
    }
    fn default_input_config(&self) -> Result<SupportedStreamConfig, Error> {
        Ok(self.config())
    }
    fn default_output_config(&self) -> Result<SupportedStreamConfig, Error> {
        Ok(self.config())
    }

    fn build_input_stream_raw<D, E>(
        &self,
        config: StreamConfig,
        format: SampleFormat,
        mut data: D,
        error: E,
        _: Option<Duration>,
    ) -> Result<FakeStream, Error>
    where
        D: FnMut(&Data, &InputCallbackInfo) + Send + 'static,
        E: FnMut(Error) + Send + 'static,
    {
        assert_eq!((format, config.sample_rate), (SampleFormat::I16, self.0.rate()));
        let rate = self.0.rate() as f32;
        let tone = move |at: u64, samples: &mut [i16]| {
            for (n, frame) in samples.chunks_exact_mut(2).enumerate() {
                let seconds = (at + n as u64) as f32 / rate;
                frame.fill(((seconds * 440.0 * std::f32::consts::TAU).sin() * 8_000.0) as i16);
            }
            // SAFETY: the samples live through the call and are of the format told.
            let wrapped = unsafe { Data::from_parts(samples.as_mut_ptr().cast(), samples.len(), SampleFormat::I16) };
            let zero = StreamInstant::new(0, 0);
            data(&wrapped, &InputCallbackInfo::new(InputStreamTimestamp { callback: zero, capture: zero }));
        };
        Ok(self.stream(config.buffer_size, tone, error))
    }

    fn build_output_stream_raw<D, E>(
        &self,
        config: StreamConfig,
        format: SampleFormat,
        mut data: D,
        error: E,
        _: Option<Duration>,
    ) -> Result<FakeStream, Error>
    where
        D: FnMut(&mut Data, &OutputCallbackInfo) + Send + 'static,
        E: FnMut(Error) + Send + 'static,
    {
        assert_eq!(format, SampleFormat::I16);
        let world = Arc::clone(&self.0);
        let keep = move |_: u64, samples: &mut [i16]| {
            // SAFETY: the samples live through the call and are of the format told.
            let mut wrapped =
                unsafe { Data::from_parts(samples.as_mut_ptr().cast(), samples.len(), SampleFormat::I16) };
            let zero = StreamInstant::new(0, 0);
            data(&mut wrapped, &OutputCallbackInfo::new(OutputStreamTimestamp { callback: zero, playback: zero }));
            world.played.lock().unwrap().extend(samples.iter().step_by(2).map(|sample| f32::from(*sample) / 32_767.0));
        };
        Ok(self.stream(config.buffer_size, keep, error))
    }
}

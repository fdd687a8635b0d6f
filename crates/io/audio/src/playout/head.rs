//! The head: filters by direction from a SOFA set (AES69), for headphones.
//!
//! The set built in is MIT's KEMAR, normal pinna (Gardner and Martin, 1994; see `assets/hrtf/LICENSES.md`).

use crate::limits::{RATE, RENDER};
use sofar::filter::Filter;
use sofar::reader::OpenOptions;
use sofar::reader::Sofar;
use sofar::render::{FilterPublisher, FilterTransition, RealtimeRenderer, Renderer, RendererPlan};
use std::path::Path;

static KEMAR: &[u8] = include_bytes!("../../../../../assets/hrtf/MIT_KEMAR_normal_pinna.sofa");

/// Samples over which a new direction fades in: 20 ms.
pub const CROSSFADE: usize = 960;
/// Distance the set is asked at, in metres; how loud a distance is is decided elsewhere.
const MEASURED_M: f32 = 1.4;

/// Why there are no filters.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The file is none, or cannot be read.
    #[error("{0}")]
    Set(#[from] sofar::reader::Error),
    /// Its filters cannot be rendered.
    #[error("{0}")]
    Render(#[from] sofar::render::Error),
}

/// A set of filters and the plan to render with them.
pub struct Head {
    set: Sofar,
    plan: RendererPlan,
}

impl Head {
    /// Reads a set, resampled to 48 kHz; the one built in without a path. Takes about half a second.
    ///
    /// # Errors
    ///
    /// [`HeadError`] for a file that is none.
    pub fn open(path: Option<&Path>) -> Result<Self, HeadError> {
        let mut options = OpenOptions::new();
        options.sample_rate(RATE as f32);
        let set = match path {
            Some(path) => options.open(path)?,
            None => options.open_data(KEMAR)?,
        };
        let plan = RendererPlan::builder(set.filter_len())
            .with_sample_rate(set.sample_rate())
            .with_partition_len(RENDER)
            .build()?;
        Ok(Self { set, plan })
    }

    /// The filters for a direction: `azimuth` to the right of straight ahead, in radians, at ear height.
    pub fn filter(&self, azimuth: f32) -> Filter {
        let mut filter = Filter::new(self.set.filter_len());
        self.set.filter(MEASURED_M * azimuth.cos(), -MEASURED_M * azimuth.sin(), 0.0, &mut filter);
        filter
    }

    /// Ears for one talker, heard from straight ahead until told otherwise.
    ///
    /// # Errors
    ///
    /// [`HeadError::Render`].
    pub fn ears(&self) -> Result<(Direction, RealtimeRenderer), HeadError> {
        let (publisher, renderer) = Renderer::builder(&self.plan)
            .with_filter_transition(FilterTransition::crossfade(CROSSFADE))
            .with_max_delay(self.set.max_delay())
            .build()?
            .into_realtime();
        Ok((Direction(publisher), renderer))
    }
}

/// Turns one talker's ears.
pub struct Direction(FilterPublisher);

impl Direction {
    /// Fades to another direction; one that comes before the last fade is over waits for it.
    pub fn set(&mut self, head: &Head, azimuth: f32) {
        if let Err(error) = self.0.publish_filter(&head.filter(azimuth)) {
            tracing::debug!(%error, "a direction was not taken");
        }
    }
}

//! The last of a stream, found by how many samples there have been.

pub struct History {
    samples: Vec<f32>,
    total: u64,
}

impl History {
    /// Keeps so many samples.
    pub fn new(length: usize) -> Self {
        Self { samples: vec![0.0; length], total: 0 }
    }

    /// Samples there have been.
    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn push(&mut self, sample: f32) {
        let at = (self.total % self.samples.len() as u64) as usize;
        self.samples[at] = sample;
        self.total += 1;
    }

    /// The samples that end before the `end`th, if they are kept.
    pub fn copy(&self, end: u64, to: &mut [f32]) -> bool {
        let Some(begin) = end.checked_sub(to.len() as u64) else { return false };
        let length = self.samples.len() as u64;
        if end > self.total || begin + length < self.total {
            return false;
        }
        let (late, early) = self.samples.split_at((begin % length) as usize);
        for (to, from) in to.iter_mut().zip(early.iter().chain(late)) {
            *to = *from;
        }
        true
    }
}

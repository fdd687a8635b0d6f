//! When the microphone is open, decided once a frame of 20 ms.

use hearth_ports::audio::Gate;

/// Frames the gate stays open after the last voice: 200 ms.
pub const HANGOVER_FRAMES: u32 = 10;

/// What becomes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// It is not sent.
    Closed,
    /// It is sent, and the frame before it first if that was not, so that no beginning of a word is lost.
    Opening,
    /// It is sent.
    Open,
}

/// Decides by mode, key, mute and voice.
#[derive(Debug)]
pub struct GateKeeper {
    mode: Gate,
    open_for: u32,
}

impl GateKeeper {
    /// Closed at first.
    pub fn new(mode: Gate) -> Self {
        Self { mode, open_for: 0 }
    }

    /// Another mode; what was open by voice closes.
    pub fn set_mode(&mut self, mode: Gate) {
        if self.mode != mode {
            *self = Self::new(mode);
        }
    }

    /// One frame. `key` is whether the key was down at any time in it.
    pub fn frame(&mut self, voice: bool, key: bool, muted: bool) -> Pass {
        let was_open = self.open_for > 0;
        if muted {
            self.open_for = 0;
            return Pass::Closed;
        }
        match self.mode {
            Gate::Continuous => Pass::Open,
            Gate::PushToTalk if key => Pass::Open,
            Gate::PushToTalk => Pass::Closed,
            Gate::Voice if voice => {
                self.open_for = HANGOVER_FRAMES;
                if was_open { Pass::Open } else { Pass::Opening }
            }
            Gate::Voice if was_open => {
                self.open_for -= 1;
                Pass::Open
            }
            Gate::Voice => Pass::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(gate: &mut GateKeeper, voices: &[bool]) -> Vec<Pass> {
        voices.iter().map(|voice| gate.frame(*voice, false, false)).collect()
    }

    #[test]
    fn a_voice_opens_with_pre_roll_and_closes_200_ms_after_it_ends() {
        let mut gate = GateKeeper::new(Gate::Voice);
        assert_eq!(run(&mut gate, &[false, false]), [Pass::Closed; 2]);
        assert_eq!(run(&mut gate, &[true, true]), [Pass::Opening, Pass::Open]);
        assert_eq!(run(&mut gate, &[false; 10]), [Pass::Open; 10]);
        assert_eq!(run(&mut gate, &[false]), [Pass::Closed]);
        assert_eq!(run(&mut gate, &[true]), [Pass::Opening]);
    }

    #[test]
    fn a_voice_within_the_hangover_needs_no_second_pre_roll() {
        let mut gate = GateKeeper::new(Gate::Voice);
        run(&mut gate, &[true, false, false]);
        assert_eq!(run(&mut gate, &[true]), [Pass::Open]);
        assert_eq!(run(&mut gate, &[false; 11])[9..], [Pass::Open, Pass::Closed]);
    }

    #[test]
    fn push_to_talk_follows_the_key_and_nothing_else() {
        let mut gate = GateKeeper::new(Gate::PushToTalk);
        assert_eq!(gate.frame(true, false, false), Pass::Closed);
        assert_eq!(gate.frame(false, true, false), Pass::Open);
        assert_eq!(gate.frame(true, false, false), Pass::Closed);
    }

    #[test]
    fn mute_closes_every_gate_at_once() {
        for mode in [Gate::Continuous, Gate::Voice, Gate::PushToTalk] {
            let mut gate = GateKeeper::new(mode);
            assert_ne!(gate.frame(true, true, false), Pass::Closed);
            assert_eq!(gate.frame(true, true, true), Pass::Closed);
        }
        let mut gate = GateKeeper::new(Gate::Voice);
        gate.frame(true, false, false);
        gate.frame(true, false, true);
        assert_eq!(gate.frame(false, false, false), Pass::Closed, "no hangover is left over from before");
    }

    #[test]
    fn continuous_is_always_open() {
        assert_eq!(GateKeeper::new(Gate::Continuous).frame(false, false, false), Pass::Open);
    }
}

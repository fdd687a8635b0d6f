#![no_main]
//! Fuzzes `checks::line` with inputs bent by `mutate::line`.

use hearth_fuzz::{checks, mutate, seeds};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(
    init: seeds::write_if_asked("line"),
    |data: &[u8]| {
        checks::line(data);
    }
);
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut dice = mutate::Dice::new(seed);
    let new = if dice.below(5) == 0 { None } else { mutate::line(&data[..size], &mut dice) };
    mutate::put(data, size, max_size, new)
});

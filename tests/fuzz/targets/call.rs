#![no_main]
//! Fuzzes `checks::call` with inputs bent by `mutate::call`.

use hearth_fuzz::{checks, mutate, seeds};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(
    init: seeds::write_if_asked("call"),
    |data: &[u8]| {
        checks::call(data);
    }
);
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut dice = mutate::Dice::new(seed);
    let new = if dice.below(5) == 0 { None } else { mutate::call(&data[..size], &mut dice) };
    mutate::put(data, size, max_size, new)
});

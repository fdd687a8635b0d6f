//! How fast histories are made. `cargo bench -p hearth-testkit`.

use divan::{Bencher, counter::ItemsCount};
use hearth_testkit::{Crowd, CrowdConfig};

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn crowd_of_10_000_messages(b: Bencher) {
    let config = CrowdConfig { messages: 10_000, days: 2, people: 25, seed: 1, start_ms: 1_700_000_000_000 };
    b.counter(ItemsCount::new(10_000usize)).bench_local(|| Crowd::new(config).flatten().count());
}

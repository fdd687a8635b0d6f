#!/bin/sh
# Fuzzes every decoder in turn, on stable Rust. Usage: tests/fuzz/run.sh [seconds per target] [target...]
# Prints edges, runs and corpus size of each, minimises the corpora and keeps them in tests/fuzz/corpus/<target>.
set -eu
cd "$(dirname "$0")"
seconds=${1:-60}
[ $# -gt 0 ] && shift
targets=${*:-entry control content frame gossip invite identity line call}
host=$(rustc -vV | sed -n 's/^host: //p')
out=${CARGO_TARGET_DIR:-target}
# What cargo-fuzz would set, but for the address sanitizer, which wants nightly: there is no unsafe code to watch.
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
export RUSTFLAGS
cargo build --quiet --release --target "$host"
for target in $targets; do
    # One seed a target, the same in every run.
    seed=$(printf %s "$target" | cksum | cut -c1-5)
    bin=$out/$host/release/$target
    work=$out/work/$target
    mkdir -p "$work/new" "$work/kept" "corpus/$target"
    rm -f "$work/new"/* "$work/kept"/*
    HEARTH_SEEDS=$work/new "$bin" -runs=0 >/dev/null 2>&1
    max=20000
    [ "$target" = frame ] && max=40000
    [ "$target" = invite ] && max=2100
    [ "$target" = identity ] && max=1000
    [ "$target" = call ] && max=14000
    if ! "$bin" "$work/new" "corpus/$target" -seed=$seed -max_total_time="$seconds" -max_len=$max -len_control=20 \
        -timeout=10 -rss_limit_mb=1024 -artifact_prefix="$work/" -print_final_stats=1 >"$work/log" 2>&1; then
        echo "$target: FAILED, see $work/log"
        exit 1
    fi
    # A small set that reaches the same edges; what is larger than 4 KiB stays out of the repository.
    "$bin" -set_cover_merge=1 -use_counters=0 "$work/kept" "corpus/$target" "$work/new" >"$work/merge.log" 2>&1
    find "$work/kept" -type f -size +4k -delete
    rm -f "corpus/$target"/*
    # 190 at most, small and large ones alike.
    count=$(ls "$work/kept" | wc -l)
    ls -Sr "$work/kept" | awk -v n="$count" 'n <= 190 || int(NR * 190 / n) != int((NR - 1) * 190 / n)' \
        | while read -r f; do cp "$work/kept/$f" "corpus/$target/"; done
    cov=$(grep -o 'cov: [0-9]*' "$work/log" | tail -1 | cut -d' ' -f2)
    ft=$(grep -o 'ft: [0-9]*' "$work/log" | tail -1 | cut -d' ' -f2)
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$work/log")
    echo "| $target | $seed | $seconds | $runs | $rate | $cov | $ft | $(ls "corpus/$target" | wc -l) |"
done

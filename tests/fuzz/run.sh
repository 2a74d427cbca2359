#!/usr/bin/env bash
# Runs each fuzz target for so many seconds (30 unless told), on a stable compiler:
# cargo-fuzz's own flags for coverage, without the address sanitizer, which is
# nightly only. With a nightly and cargo-fuzz the same targets run as
# `cargo +nightly fuzz run frame`.
#   run.sh [SECONDS] [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
seconds=${1:-30}
targets=("${@:2}")
[ ${#targets[@]} -gt 0 ] || targets=(frame envelope admin http_head event_id event_log)
host=$(rustc -vV | sed -n 's/^host: //p')

export RUSTFLAGS="--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
-Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
# --target keeps the flags away from build scripts.
cargo build --release --target "$host"

for target in "${targets[@]}"; do
    mkdir -p "corpus/$target" "artifacts/$target"
    cp -n "seeds/$target"/* "corpus/$target/"
    dictionary=()
    [ ! -f "$target.dict" ] || dictionary=(-dict="$target.dict")
    "${CARGO_TARGET_DIR:-target}/$host/release/$target" "corpus/$target" -max_total_time="$seconds" -max_len=4096 \
        -artifact_prefix="artifacts/$target/" "${dictionary[@]}" -print_final_stats=1 2>"artifacts/$target.log" ||
        { tail -n 40 "artifacts/$target.log" >&2; exit 1; }
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "artifacts/$target.log")
    covered=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "artifacts/$target.log" | tail -n 1)
    # Without coverage the flags had no effect, and the run proved nothing.
    [ "${covered:-0}" -gt 20 ] || { echo "fuzz $target: no coverage feedback" >&2; exit 1; }
    echo "fuzz $target: $runs runs in $seconds s, $covered edges: ok"
done

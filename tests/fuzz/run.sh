#!/usr/bin/env bash
# Runs each fuzz target for so many seconds (30 unless told), one on each processor, on a
# stable compiler: cargo-fuzz's own flags for coverage (see instrument.sh), without the
# address sanitizer, which is nightly only. With a nightly and cargo-fuzz the same targets
# run as `cargo +nightly fuzz run frame`. For a run of hours it pays to optimise:
# CARGO_PROFILE_RELEASE_OPT_LEVEL=3 tests/fuzz/run.sh 3600
#   run.sh [SECONDS] [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# One target, as said by --one SECONDS TARGET.
fuzz() {
    local seconds=$1 target=$2 runs covered dictionary=()
    mkdir -p "corpus/$target" "artifacts/$target"
    cp -n "seeds/$target"/* "corpus/$target/"
    [ ! -f "$target.dict" ] || dictionary=(-dict="$target.dict")
    "${CARGO_TARGET_DIR:-target}/release/$target" "corpus/$target" -max_total_time="$seconds" -max_len=4096 \
        -artifact_prefix="artifacts/$target/" "${dictionary[@]}" -print_final_stats=1 2>"artifacts/$target.log" ||
        { tail -n 40 "artifacts/$target.log" >&2; exit 1; }
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "artifacts/$target.log")
    covered=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "artifacts/$target.log" | tail -n 1)
    # Without coverage the flags had no effect, and the run proved nothing.
    [ "${covered:-0}" -gt 20 ] || { echo "fuzz $target: no coverage feedback" >&2; exit 1; }
    echo "fuzz $target: $runs runs in $seconds s, $covered edges: ok"
}

if [ "${1:-}" = --one ]; then
    fuzz "$2" "$3"
    exit
fi

seconds=${1:-30}
targets=("${@:2}")
[ ${#targets[@]} -gt 0 ] || targets=(frame envelope admin http_head event_id event_log)
FUZZED=$(cd ../.. && pwd) RUSTC_WRAPPER=$PWD/instrument.sh cargo build --release
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -n 1 ./run.sh --one "$seconds"

#!/usr/bin/env bash
# Cargo starts the compiler through this, with its path first. Only what this repository
# wrote is instrumented: feedback from libraries would steer the fuzzer into them, and
# their instrumented code takes minutes to build.
set -euo pipefail
if [[ ${CARGO_MANIFEST_DIR:-} != "$FUZZED"* || " $* " == *" --crate-name build_script_"* ]]; then
    exec "$@"
fi
exec "$@" --cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares

#!/usr/bin/env bash
# The official Python SDK, both lines, each through the whole life of a plan, and
# each with one session through restarts, an upgrade and the way back.
#   python.sh [PROGRAM]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$(realpath "${CARGO_TARGET_DIR:-$here/../../target}")
program=$(realpath "${1:-$target/debug/task-orchestrator}")
"$here/install.sh"

# A build with one tool more: what it does differently stands at its file's end.
builds=$(mktemp -d)
trap 'rm -rf "$builds"' EXIT
extra=$builds/test_worker-extra
cp "$(dirname "$program")/test_worker" "$extra"
printf '\n#test_worker-extra' >>"$extra"

run() { # VENV ERA SCRIPT [ARGUMENT..]
    local venv=$1 era=$2 script=$3 workspace failed=0
    shift 3
    workspace=$(mktemp -d)
    mkdir "$workspace/.task_orchestrator"
    # Kills in a row are the test's doing, no reason for safe mode.
    printf '[restart]\ncrashes_in_10_seconds = 1000\n' >"$workspace/.task_orchestrator/config.toml"
    "$target/clients/$venv/bin/python" "$here/$script" "$program" "$workspace" "$@" "$era" || failed=$?
    "$program" stop --workspace "$workspace" >"$workspace/stop.log" 2>&1 || true
    if [ "$failed" -ne 0 ]; then
        tail -n 40 "$workspace"/.task_orchestrator/logs/* "$workspace/stop.log" >&2 || true
    fi
    rm -rf "$workspace"
    return "$failed"
}

for script in life.py restarts.py; do
    build=()
    [ "$script" = life.py ] || build=("$extra")
    run v1 legacy "$script" "${build[@]}"
    run v2 legacy "$script" "${build[@]}"
    run v2 auto "$script" "${build[@]}"
done

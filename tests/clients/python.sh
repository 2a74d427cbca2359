#!/usr/bin/env bash
# The official Python SDK, both lines, each through the whole life of a plan.
#   python.sh [PROGRAM]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$(realpath "${CARGO_TARGET_DIR:-$here/../../target}")
program=$(realpath "${1:-$target/debug/task-orchestrator}")
"$here/install.sh"

run() { # VENV ERA
    local workspace failed=0
    workspace=$(mktemp -d)
    mkdir "$workspace/.task_orchestrator"
    "$target/clients/$1/bin/python" "$here/life.py" "$program" "$workspace" "$2" || failed=$?
    "$program" stop --workspace "$workspace" >"$workspace/stop.log" 2>&1 || true
    if [ "$failed" -ne 0 ]; then
        tail -n 40 "$workspace"/.task_orchestrator/logs/* "$workspace/stop.log" >&2 || true
    fi
    rm -rf "$workspace"
    return "$failed"
}

run v1 legacy
run v2 legacy
run v2 auto

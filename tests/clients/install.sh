#!/usr/bin/env bash
# Installs the official clients, in pinned versions, under target/clients:
# one virtual environment for each line of the Python SDK, and MCP Inspector
# with a Node.js that is new enough for it. Does nothing that is done already.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=${CARGO_TARGET_DIR:-$here/../../target}/clients
inspector=2.12.0
mkdir -p "$into"

venv() { # NAME REQUIREMENTS
    if ! cmp -s "$2" "$into/$1/installed.txt"; then
        rm -rf "${into:?}/$1"
        python3 -m venv "$into/$1"
        "$into/$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"
        cp "$2" "$into/$1/installed.txt"
    fi
}

venv v1 "$here/requirements-1.txt"
venv v2 "$here/requirements-2.txt"
# Inspector wants Node.js 22.19; the wheel brings one wherever Python is.
venv node "$here/requirements-node.txt"

if [ "$(cat "$into/inspector/installed.txt" 2>/dev/null)" != "$inspector" ]; then
    rm -rf "${into:?}/inspector"
    mkdir -p "$into/inspector"
    npm install --prefix "$into/inspector" --no-audit --no-fund --ignore-scripts --loglevel=error \
        "@modelcontextprotocol/inspector@$inspector"
    echo "$inspector" >"$into/inspector/installed.txt"
fi

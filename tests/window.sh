#!/usr/bin/env bash
# A whole maintenance window, from the first look to the stop, with one-shot commands
# only: nothing but exit codes and --json is needed. The clients of the server stay
# connected and at work throughout; only the one that is named here is disconnected.
#
#   window.sh WORKSPACE NEW_BUILD [SESSION_TO_DISCONNECT]
#
# The program is $TASK_ORCHESTRATOR, or the one in the path. python3 reads the JSON.
set -euo pipefail

workspace=$1 new_build=$2 unwanted=${3-}
program=${TASK_ORCHESTRATOR:-task-orchestrator}

# The program for this workspace; nobody is there to confirm anything.
to() { "$program" "$@" --workspace "$workspace" </dev/null; }

say() { printf '%s  %s\n' "$(date -u +%H:%M:%S)" "$*"; }

fail() {
    printf 'window.sh, line %s: %s\n' "${BASH_LINENO[1]}" "$*" >&2
    exit 1
}

# An expression over the JSON object that the command prints: `value "d['phase']" status`.
value() {
    local expression=$1 printed
    shift
    printed=$(to "$@" --json) || fail "$* ended with $?"
    python3 -c 'import json, sys; d = json.loads(sys.argv[2]); print(eval(sys.argv[1]))' \
        "$expression" "$printed" || fail "$* printed $printed"
}

# The expression must have this value now.
check() {
    local wanted=$1 found
    shift
    found=$(value "$@")
    [ "$found" = "$wanted" ] || fail "$* is $found, not $wanted"
}

# The command must be refused with this exit code.
refused() {
    local wanted=$1 code=0
    shift
    to "$@" >/dev/null 2>&1 || code=$?
    [ "$code" = "$wanted" ] || fail "$* ended with $code, not $wanted"
}

say 'Who am I, and may I do this?'
check admin "d['role']" whoami
check True "'restore_backup' in d['may']" whoami
to roles
refused 3 stop --role monitor
refused 3 restart --role readonly

say 'How is it?'
check True "d['running'] and d['worker']['ready']" status
check healthy "d['status']" health
check True "d['ready_for_shutdown']" prepare
to sessions
clients=$(value "len(d['sessions'])" sessions)

say 'What could I go back to?'
check current_state.json "d['snapshot']" state snapshot
to state snapshot
check True "all(b['verified'] for b in d['backups'])" state list --verify
# The snapshot that the second one has put aside is the one to keep.
kept=$(value "next(b['name'] for b in d['backups'] if b['name'].startswith('backup_state_'))" state list)
to state pin "$kept"
check True "next(b['pinned'] for b in d['backups'] if b['name'] == '$kept')" state list

say 'Requests wait while maintenance mode is on, and nobody is disconnected.'
to maintenance on --reason 'planned window'
check True "d['maintenance_mode']" status
until [ "$(value "sum(s['buffered'] > 0 for s in d['sessions'])" sessions)" -gt 0 ]; do :; done
refused 5 wait --for ready --timeout 200ms
check "$clients" "len(d['sessions'])" sessions
to maintenance off
to wait --for ready --timeout 30s
check False "d['maintenance_mode']" status

say 'A restart, meant for the generation that I have seen and no other.'
generation=$(value "d['generation']" status)
refused 1 restart --expect-generation $((generation + 1))
check complete "d['outcome']" restart --reason manual_request --note 'planned window' \
    --expect-generation "$generation" --quiet
check $((generation + 1)) "d['generation']" status
to wait --for restart-done --timeout 30s
to wait --for "generation=$((generation + 1))" --timeout 30s
check True "d['history']['recent_restarts'][0]['success']" history
check "$clients" "len(d['sessions'])" sessions

say 'The new build, and back.'
old_build=$(value "d['server']['build']['path']" wait --for ready)
check "$new_build" "d['new_build']['path']" restart --binary "$new_build" --quiet
check True "d['server']['can_roll_back']" wait --for ready
check "$old_build" "d['new_build']['path']" restart --rollback --quiet
check complete "d['history']['recent_restarts'][0]['outcome']" history

say 'A closer look.'
to log-level debug
to logs --level debug --tail 1 | grep -q . || fail 'no line of the log'
to log-level info
check '[]' "d['needs_stop']" config reload
check 0 "len(d['dead_letters'])" dead-letters list
to clear-buffers --yes --reason 'planned window'

if [ -n "$unwanted" ]; then
    say 'One client has to go.'
    to disconnect "$unwanted" --yes --reason 'planned window'
    clients=$((clients - 1))
    check "$clients" "len(d['sessions'])" sessions
fi

say 'Back to the state of before. What is lost by that is written down first.'
to state diff "$kept" database | tail -1
refused 2 state restore "$kept"
refused 1 state restore "$kept" --confirm another_name
check "$kept" "d['name']" state restore "$kept" --confirm "$kept"
to wait --for ready --timeout 30s
check "$clients" "len(d['sessions'])" sessions
check '[]' "d['removed']" state prune --dry-run

say 'What is on record?'
check True "any(r.get('operation') == 'restore_backup' for r in d['records'])" audit show --limit 100
check True "len(d['records']) >= 2" audit show --denied
check True "d['intact']" audit verify
to logs --grep '(?i)restart' --tail 5

say 'The end.'
to wait --for no-clients --timeout 5min
to stop --yes --reason 'planned window'
refused 4 status
refused 4 wait --for idle --timeout 1s
say 'Done.'

use serde_json::json;
use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::role::Role;

use crate::sample::{connected, view};

/// What a server would send, as it stands on the wire.
fn lines(reply: serde_json::Value) -> String {
    let reply: Reply = serde_json::from_value(reply).unwrap();
    let model = connected(view(3), Role::Operator);
    let told = |line: &crate::model::prompt::PageLine| match line.tone {
        crate::theme::Tone::Plain => format!("{}\n", line.text),
        tone => format!("{} [{tone:?}]\n", line.text),
    };
    super::of(&model, &reply).iter().map(told).collect()
}

#[test]
fn health_and_readiness() {
    let details = json!({ "maintenance_mode": false, "shutdown_in_progress": false,
        "state_manager_initialized": true, "state_manager_accessible": false });
    insta::assert_snapshot!(
        "health",
        lines(json!({ "kind": "health", "value": {
        "healthy": false, "status": "degraded", "timestamp": "2026-11-21T11:59:58Z",
        "server_version": "0.1.0", "uptime_seconds": 3600, "safe_mode": null,
        "alerts": [{ "kind": "restarts_fail", "detail": "three in a row", "raised_at": "2026-11-21T11:00:00Z", "times": 3 }],
        "checks": {
            "reboot_readiness": { "ready": false, "issues": ["the state directory cannot be written"], "details": details },
            "database": { "connected": true, "status": "healthy", "integrity": "ok", "schema_version": 7,
                "size_bytes": 81920, "wal_bytes": 4096, "transactions_pending": 0, "connections_open": 5,
                "latency_ms": 0.2, "age_ms": 900 },
            "connections": { "active_connections": 3, "by_transport": { "stdio": 3 },
                "by_state": { "idle": 2, "active": 1 }, "status": "healthy" },
            "worker": { "pid": 4200, "generation": 12, "rss_bytes": 13631488, "last_heartbeat_ms": 400,
                "in_flight": 2, "crashes": 1, "status": "healthy" },
            "disk": { "free_bytes": 734003200, "status": "degraded" },
            "memory": { "front_rss_bytes": null, "worker_rss_bytes": 13631488, "buffered_bytes": 0 },
            "state": { "current_state_bytes": 4096, "backups": 8, "last_verified": null, "status": "healthy" },
        } } }))
    );
    insta::assert_snapshot!(
        "readiness",
        lines(json!({ "kind": "readiness", "value": {
        "ready_for_shutdown": false, "blocking_issues": ["the state directory cannot be written"],
        "timestamp": "2026-11-21T11:59:58Z", "details": details,
        "checks": {
            "active_tasks": { "count": 12, "suspendable": 2, "status": "ready" },
            "database": { "transactions_pending": 1, "connections_open": 5, "status": "ready" },
            "client_connections": { "active_connections": 3, "notifiable": 3, "in_flight_requests": 2, "status": "ready" },
        } } }))
    );
}

#[test]
fn roles_say_what_one_may_not() {
    insta::assert_snapshot!(lines(json!({ "kind": "roles", "value": {
        "operations": [
            { "operation": "view", "least": "readonly", "privileged": false },
            { "operation": "view_logs", "least": "monitor", "privileged": false },
            { "operation": "graceful_restart", "least": "operator", "privileged": true },
            { "operation": "stop", "least": "admin", "privileged": true },
        ],
        "grants": [{ "to": "owner", "id": 1000, "role": "admin" }, { "to": "group:ops", "id": 2000, "role": "operator" }],
        "stdio_role": "operator" } })));
}

#[test]
fn tests_of_connections() {
    insta::assert_snapshot!(lines(json!({ "kind": "reconnect_test", "value": {
        "test_completed": true, "timestamp": "2026-11-21T11:59:58Z", "overall_status": "partial",
        "results": {
            "all_sessions": { "total_sessions": 7, "reachable_sessions": 6, "reconnect_capable": 7, "status": "partial" },
            "session_test": { "session_id": "0198", "reachable": true, "reconnect_capable": false,
                "round_trip_ms": 0.7, "status": "fail" },
            "buffer_status": { "total_buffered_requests": 1, "total_buffered_bytes": 512, "sessions_with_buffers": 1,
                "capacity_per_session": 100, "oldest_age_seconds": 0.24, "status": "healthy" },
            "reconnection_stats": { "successful_reconnections": 21, "failed_reconnections": 1,
                "average_reconnection_time": 0.0021, "success_rate": 0.95, "status": "partial" },
        } } })));
}

#[test]
fn files_that_were_read_compared_restored_and_removed() {
    let told = [
        json!({ "kind": "verified", "value": [
            { "name": "a.json", "problem": null }, { "name": "b.json", "problem": "it ends too early" }] }),
        json!({ "kind": "verified", "value": [{ "name": "a.json", "problem": null }] }),
        json!({ "kind": "comparison", "value": { "older": "a.json", "newer": "database", "added": 2, "removed": 0,
            "changed": 1, "sessions": 0, "lines": ["task t-1 \"Ship\": active, was pending"] } }),
        json!({ "kind": "comparison", "value": { "older": "a.json", "newer": "b.json", "added": 0, "removed": 0,
            "changed": 0, "sessions": 0, "lines": [] } }),
        json!({ "kind": "restore_plan", "value": { "name": "a.json", "tasks": 40, "gone": 1, "older": 1,
            "artifacts": 2, "links_left_out": 0, "unknown": null, "first": [
                { "task_id": "t-1", "title": "Ship", "status": "active", "gone": true },
                { "task_id": "t-2", "title": "Test", "status": "pending", "gone": false }] } }),
        json!({ "kind": "pruned", "value": { "dry_run": true, "compressed": ["c.json"], "removed": ["d.json"], "broken": [] } }),
        json!({ "kind": "pruned", "value": { "dry_run": false, "compressed": [], "removed": [], "broken": [] } }),
    ];
    insta::assert_snapshot!(told.map(lines).join("----\n"));
}

#[test]
fn a_dead_letter_with_what_its_client_had_written() {
    insta::assert_snapshot!(lines(json!({ "kind": "dead_letter", "value": {
        "id": 3, "at": "2026-11-21T11:45:00Z", "cause": "quarantined", "error_code": "RESTART_012",
        "client": "0198f0c2", "sequence": 43, "method": "tools/call orchestrator_plan_task", "bytes": 900,
        "message": { "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": { "name": "orchestrator_plan_task" } },
        "retries": 1 } })));
}

#[test]
fn the_audit_and_the_configuration() {
    let told = [
        json!({ "kind": "audit_verdict", "value": { "intact": true, "records": 51, "first_seq": 1, "last_seq": 51,
            "files": ["audit.1.jsonl", "audit.jsonl"], "problems": [] } }),
        json!({ "kind": "audit_verdict", "value": { "intact": false, "records": 50, "first_seq": 1, "last_seq": 51,
            "files": ["audit.jsonl"], "problems": [
                { "file": "audit.jsonl", "line": 12, "problem": "record 12 is missing" }] } }),
        json!({ "kind": "reloaded", "value": { "applied": ["log.level"], "needs_restart": ["store.readers"], "needs_stop": [] } }),
    ];
    insta::assert_snapshot!(told.map(lines).join("----\n"));
}

#[test]
fn a_restart_in_full() {
    let report = crate::sample::running(task_orchestrator_shared::phase::Phase::Complete).report;
    insta::assert_snapshot!(lines(serde_json::to_value(Reply::Restart(Box::new(report))).unwrap()));
}

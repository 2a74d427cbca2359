//! The audit of the sample server, and its configuration.

use task_orchestrator_shared::admin::audit::{Actor, Attempt, AuditEvent, AuditOutcome, AuditRecord};
use task_orchestrator_shared::admin::config::{ConfigEntry, Takes};
use task_orchestrator_shared::role::{Operation, Role};

use super::at;

fn attempt(operation: Operation, method: &str, uid: u32) -> Box<Attempt> {
    Box::new(Attempt {
        actor: Actor {
            transport: "admin".to_owned(),
            source_ip: None,
            token: None,
            uid,
            user: (uid == 1000).then(|| "ann".to_owned()),
            gid: uid,
            pid: Some(77),
            client: Some("task-orchestrator-console 0.1.0".to_owned()),
            role: Some(if uid == 1000 { Role::Operator } else { Role::Monitor }),
        },
        operation,
        method: method.to_owned(),
        target: (operation == Operation::RestoreBackup).then(|| "backup_state_01.json".to_owned()),
        parameters: serde_json::json!({ "graceful": true, "note": "new build" }),
        reason: (operation == Operation::GracefulRestart).then(|| "new build".to_owned()),
        idempotency_key: Some("console-1-2".to_owned()),
    })
}

/// A record of the audit of each kind, newest first.
pub(crate) fn audit() -> Vec<AuditRecord> {
    use AuditEvent::{Allowed, Denied, Intent, Outcome, Repeated};
    let denied = |operation, method, uid, why: &str| Denied {
        attempt: attempt(operation, method, uid),
        why: why.to_owned(),
    };
    let outcome = |of, outcome, detail: &str| Outcome { of, outcome, detail: detail.to_owned() };
    let events = vec![
        AuditEvent::Audit { what: "opened".to_owned(), detail: "the audit goes on".to_owned() },
        Allowed(attempt(Operation::ViewConfig, "show_config", 1000)),
        Repeated { of: 42, times: 3 },
        Intent(attempt(Operation::GracefulRestart, "restart", 1000)),
        outcome(44, AuditOutcome::Done, "generation 12 serves"),
        denied(Operation::RestoreBackup, "restore_backup", 1000, "operator may not restore_backup"),
        denied(Operation::Stop, "stop", 1001, "monitor may not stop"),
        Intent(attempt(Operation::Snapshot, "snapshot", 1001)),
        outcome(48, AuditOutcome::Failed, "RESTART_005: the disk is full"),
        outcome(7, AuditOutcome::Unknown, "the server ended before that was known"),
        Intent(attempt(Operation::PinBackup, "pin_backup", 1000)),
    ];
    let hash = |of: u64| format!("{:016x}", of.wrapping_mul(0x9e37_79b9_7f4a_7c15)).repeat(4);
    let records = events.into_iter().zip(41_u64..).map(|(event, seq)| AuditRecord {
        seq,
        at: at(-600 + i64::try_from(seq).unwrap()),
        event,
        prev: hash(seq),
        mac: hash(seq + 1),
    });
    let mut records: Vec<AuditRecord> = records.collect();
    records.reverse();
    records
}

/// The configuration in force.
pub(crate) fn config() -> Vec<ConfigEntry> {
    let entry = |key: &str, value: &str, source: &str, pending: Option<(&str, Takes)>| ConfigEntry {
        key: key.to_owned(),
        value: value.to_owned(),
        source: source.to_owned(),
        pending: pending.map(|(value, _)| value.to_owned()),
        takes: pending.map(|(_, takes)| takes),
    };
    let file = ".task_orchestrator/config.toml:12";
    vec![
        entry("front.max_sessions", "1000", "default", None),
        entry("buffer.expiry", "\"5 min\"", file, Some(("\"10 min\"", Takes::Reload))),
        entry("store.synchronous", "\"full\"", "TASK_ORCHESTRATOR_STORE_SYNCHRONOUS", None),
        entry("store.readers", "4", "default", Some(("8", Takes::Restart))),
        entry("access.socket_group", "\"\"", "default", Some(("\"ops\"", Takes::Stop))),
        entry("log.level", "\"info\"", "default", None),
    ]
}

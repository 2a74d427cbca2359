//! The ledger's database by itself, its file after accidents, and its thread.

mod http_sessions;
mod letters;
mod opening;
mod others;
mod restarts;
mod thread;

use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{Kind, Outcome, PhaseRecord, Reason, RestartId, RestartReport};

use super::*;
use crate::link::ClientId;

/// A directory with the options of a small ledger in it.
fn options(directory: &tempfile::TempDir) -> Options {
    Options {
        directory: directory.path().to_owned(),
        history: 5,
        dead_letters: 3,
        dead_letter_bytes: 1 << 20,
        export_bytes: 4096,
        close_unfinished: true,
    }
}

/// A ledger in memory.
fn db() -> (tempfile::TempDir, Db) {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::in_memory(options(&directory)).unwrap();
    (directory, db)
}

/// The same files as they are now: what the next front finds if this one is killed.
fn as_if_killed(directory: &tempfile::TempDir) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    copy
}

fn running(id: &str) -> RestartReport {
    RestartReport {
        restart_id: RestartId(id.into()),
        kind: Kind::Graceful,
        reason: Reason::ManualRequest,
        note: None,
        requested_by: "mcp:x".into(),
        outcome: None,
        phase: Phase::Preparation,
        progress: 0,
        message: "begun".into(),
        errors: Vec::new(),
        graceful: true,
        preserve_state: true,
        timeout: 30,
        started_at: "2026-01-01T00:00:00Z".into(),
        completed_at: None,
        duration_ms: 0.0,
        downtime_ms: 0.0,
        buffered_requests: 0,
        replayed_requests: 0,
        cleared_requests: 0,
        suspended: 0,
        old_pid: Some(1),
        new_pid: None,
        generation: 3,
        state: None,
        migration: None,
        old_build: None,
        new_build: None,
        phases: vec![PhaseRecord { phase: Phase::Preparation, started_ms: 0.0, duration_ms: None }],
    }
}

fn ended(id: &str, outcome: Outcome, duration_ms: f64) -> RestartReport {
    RestartReport {
        outcome: Some(outcome),
        phase: if outcome == Outcome::Complete { Phase::Complete } else { Phase::Failed },
        duration_ms,
        completed_at: Some(format!("end of {id}")),
        ..running(id)
    }
}

fn key(client: ClientId, sequence: u64) -> OperationKey {
    OperationKey { client, sequence }
}

//! A server's state as it could be, made without a server: a thousand sessions.

use std::path::Path;

use anyhow::Result;
use task_orchestrator_shared::admin::Welcome;
use task_orchestrator_shared::admin::log::{LogLevel, LogLine};
use task_orchestrator_shared::admin::tasks::{TaskCounts, TaskRow, TaskRowKind, TaskTree};
use task_orchestrator_shared::admin::view::{
    Change, HistoryView, ServerView, SessionFigures, SessionRow, SessionState, SessionView, Traffic, View,
};
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::PastRestart;
use task_orchestrator_shared::restart::{Kind, Outcome, PhaseRecord, Reason, RestartId};
use task_orchestrator_shared::role::Role;

use super::SESSIONS;
use crate::fake_server::{self, NOON};

/// Tasks that are listed.
const TASKS: u32 = 1000;

/// Restarts in the history, as many as a server tells of.
const RESTARTS: u32 = 100;

pub(super) fn welcome() -> Welcome {
    fake_server::welcome(Role::Admin, Path::new("/home/somebody/project"))
}

fn session(number: u64) -> Result<SessionView> {
    let SessionRow(
        _,
        state,
        in_flight,
        buffered,
        buffered_bytes,
        oldest_ms,
        last_activity_ms,
        requests,
        lost,
    ) = row(number, 0);
    Ok(SessionView {
        number,
        client: format!("0198f0c2-0000-7000-8000-{number:012}"),
        pid: Some(5000 + u32::try_from(number)?),
        source: None,
        transport: "stdio".to_owned(),
        name: Some("a-client".to_owned()),
        version: Some("2.1.0".to_owned()),
        protocol: Some("2025-11-25".to_owned()),
        connected_at: "2026-11-21T11:30:00Z".to_owned(),
        reconnects: number % 3,
        figures: SessionFigures {
            state,
            in_flight,
            buffered,
            buffered_bytes,
            oldest_ms,
            last_activity_ms,
            requests,
            dropped_notifications: lost,
        },
    })
}

/// The figures of a session after so many changes.
pub(super) fn row(number: u64, changes: u64) -> SessionRow {
    let state = if changes.is_multiple_of(2) { SessionState::Idle } else { SessionState::Active };
    SessionRow(number, state, changes % 2, 0, 0, None, 3_590_000 + number + changes, number * 17 + changes, 0)
}

/// What changes at the event of this number: some sessions, and what goes through.
pub(super) fn changes(event: u64, rows: u64) -> Vec<Change> {
    let count = u64::from(SESSIONS);
    let rows = (0..rows).map(|at| row((event * 7 + at * 13) % count + 1, event)).collect();
    vec![Change::Figures(rows), Change::Traffic(traffic(event))]
}

fn traffic(event: u64) -> Traffic {
    Traffic {
        requests: 9000 + event,
        answers: 8990 + event,
        requests_per_second: f64::from(u32::try_from(event % 400).unwrap_or_default()),
        p50_ms: Some(0.4),
        p99_ms: Some(2.1),
        in_flight: 2,
        held_bytes: 0,
        front_rss_bytes: Some(14 << 20),
    }
}

fn past(number: u32) -> PastRestart {
    let mut started_ms = 0.0;
    let phases = Phase::EIGHT.map(|phase| {
        let took = f64::from(number) / 4.0;
        let record = PhaseRecord { phase, started_ms, duration_ms: Some(took) };
        started_ms += took;
        record
    });
    PastRestart {
        restart_id: RestartId(format!("r-{number}")),
        timestamp: format!("2026-11-20T{:02}:{:02}:00Z", number % 24, number % 60),
        reason: Reason::ManualRequest,
        kind: Kind::Graceful,
        success: true,
        outcome: Outcome::Complete,
        duration: started_ms / 1000.0,
        downtime_ms: 1.5,
        requested_by: "admin:uid=1000".to_owned(),
        phases: phases.to_vec(),
        error: None,
    }
}

/// The state; what is not made here is as another server has told it.
pub(super) fn view(other: View) -> Result<View> {
    let started_at = "2026-11-21T11:00:00Z".to_owned();
    let server = ServerView { generation: 12, started_at, ..other.server };
    Ok(View {
        seq: 1,
        boot: "made".to_owned(),
        at: NOON.to_owned(),
        server,
        sessions: (1..=u64::from(SESSIONS)).map(session).collect::<Result<_>>()?,
        traffic: traffic(0),
        history: Some(HistoryView {
            recent: (1..=RESTARTS).map(past).collect(),
            total: u64::from(RESTARTS),
            successful: u64::from(RESTARTS),
            average_duration: Some(0.143),
            success_rate_24h: Some(1.0),
        }),
        ..other
    })
}

/// A line of the log.
pub(super) fn line(number: u64) -> LogLine {
    LogLine {
        at: NOON.to_owned(),
        level: Some(if number.is_multiple_of(50) { LogLevel::Warn } else { LogLevel::Info }),
        process: "front".to_owned(),
        pid: Some(4100),
        target: "task_orchestrator::front::hub".to_owned(),
        text: format!("a request was answered session={} sequence={number} took_ms=0.4", number % 1000),
    }
}

/// Tasks of some sessions.
pub(super) fn tasks() -> TaskTree {
    let row = |number: u32| TaskRow {
        kind: if number.is_multiple_of(20) { TaskRowKind::Session } else { TaskRowKind::Task },
        depth: u8::from(!number.is_multiple_of(20)),
        id: format!("t-{number}"),
        title: format!("Something that is to be done, number {number}"),
        status: "pending".to_owned(),
        specialist: None,
        done: None,
        total: None,
        waits_for: Vec::new(),
        updated_at: NOON.to_owned(),
    };
    let counts = TaskCounts { pending: u64::from(TASKS), ..TaskCounts::default() };
    let rows: Vec<TaskRow> = (0..TASKS).map(row).collect();
    TaskTree { at: NOON.to_owned(), generation: 12, rows, left_out: 0, counts, suspended: Vec::new() }
}

//! Values of the shared types as a server might send them.

use std::collections::BTreeMap;

use task_orchestrator_shared::admin::config::{ConfigEntry, Reloaded, Takes};
use task_orchestrator_shared::admin::reply::{Grant, OperationRole, Roles};
use task_orchestrator_shared::admin::view::*;
use task_orchestrator_shared::admin::{SessionStatus, Status, WhoAmI};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::*;
use task_orchestrator_shared::restart::*;
use task_orchestrator_shared::role::{Operation, Role};

pub(crate) fn progress(phase: Phase, message: &str) -> RestartEvent {
    RestartEvent::Progress(Progress {
        restart_id: RestartId("r-7".to_owned()),
        phase,
        progress: phase.progress(),
        message: message.to_owned(),
        elapsed_ms: 412.4,
        deadline_ms: None,
        held: 0,
        in_flight: 0,
    })
}

pub(crate) fn build_line(line: &str) -> RestartEvent {
    RestartEvent::BuildOutput { line: line.to_owned() }
}

fn build(version: &str) -> BuildReport {
    BuildReport {
        version: version.to_owned(),
        sha256: Some("0123456789abcdef0123".to_owned()),
        path: "/opt/to".to_owned(),
    }
}

pub(crate) fn report(outcome: Outcome) -> RestartReport {
    RestartReport {
        restart_id: RestartId("r-7".to_owned()),
        kind: Kind::Graceful,
        reason: Reason::SchemaMigration,
        note: Some("for\x1b[2J later".to_owned()),
        requested_by: "admin:uid=1000".to_owned(),
        outcome: Some(outcome),
        phase: Phase::Complete,
        progress: 100,
        message: "the new worker serves".to_owned(),
        errors: Vec::new(),
        graceful: true,
        preserve_state: true,
        timeout: 30,
        started_at: "2026-01-02T03:04:05Z".to_owned(),
        completed_at: Some("2026-01-02T03:04:06Z".to_owned()),
        duration_ms: 1234.0,
        downtime_ms: 0.61,
        buffered_requests: 1,
        replayed_requests: 2,
        cleared_requests: 0,
        suspended: 0,
        old_pid: Some(11),
        new_pid: Some(22),
        generation: 3,
        state: Some(StateReport {
            snapshot: "current_state.json".to_owned(),
            sha256: "ab".to_owned(),
            size_bytes: 2048,
            active_tasks: 1,
            client_sessions: 2,
        }),
        migration: Some(MigrationReport { from: 3, to: 4, backup: None }),
        old_build: Some(build("1.0.0")),
        new_build: Some(build("1.1.0")),
        phases: vec![
            PhaseRecord { phase: Phase::Preparation, started_ms: 0.0, duration_ms: Some(1200.0) },
            PhaseRecord { phase: Phase::MaintenanceMode, started_ms: 1200.0, duration_ms: None },
        ],
    }
}

pub(crate) fn failed(code: ErrorCode) -> RestartReport {
    let error = RestartError {
        error_code: code,
        error: "it broke\nin two lines".to_owned(),
        phase: Phase::Preparation,
    };
    let mut report = report(Outcome::Failed);
    report.phase = Phase::Preparation;
    report.message = "the old worker serves on".to_owned();
    report.errors = vec![error];
    report
}

pub(crate) fn health(status: Level) -> Health {
    Health {
        healthy: status == Level::Healthy,
        status,
        timestamp: "2026-01-02T03:04:05Z".to_owned(),
        server_version: "1.0.0".to_owned(),
        uptime_seconds: 3_720,
        safe_mode: None,
        alerts: Vec::new(),
        checks: Checks {
            reboot_readiness: Some(RebootReadiness {
                ready: false,
                issues: vec!["the disk is full".to_owned()],
                details: details(),
            }),
            database: Some(DatabaseCheck {
                connected: true,
                status: Level::Healthy,
                integrity: "ok".to_owned(),
                schema_version: Some(3),
                size_bytes: Some(1_572_864),
                wal_bytes: Some(0),
                transactions_pending: Some(0),
                connections_open: Some(3),
                latency_ms: Some(0.25),
                age_ms: Some(12),
            }),
            connections: Some(ConnectionsCheck {
                active_connections: 2,
                by_transport: BTreeMap::from([("stdio".to_owned(), 2)]),
                by_state: BTreeMap::from([("idle".to_owned(), 2), ("slow".to_owned(), 0)]),
                status: Level::Healthy,
            }),
            worker: WorkerCheck {
                pid: Some(22),
                generation: 3,
                rss_bytes: Some(20 * 1024 * 1024),
                last_heartbeat_ms: Some(300),
                in_flight: 1,
                crashes: 1,
                status: Level::Healthy,
            },
            disk: DiskCheck { free_bytes: Some(40_000_000), status },
            memory: MemoryCheck { front_rss_bytes: Some(1024), worker_rss_bytes: None, buffered_bytes: 0 },
            state: StateCheck {
                current_state_bytes: None,
                backups: 2,
                last_verified: None,
                status: Level::Healthy,
            },
            limits: None,
            breakers: std::collections::BTreeMap::new(),
        },
    }
}

fn details() -> ReadinessDetails {
    ReadinessDetails {
        maintenance_mode: false,
        shutdown_in_progress: false,
        state_manager_initialized: true,
        state_manager_accessible: false,
    }
}

pub(crate) fn readiness(ready: bool) -> Readiness {
    Readiness {
        ready_for_shutdown: ready,
        blocking_issues: if ready { Vec::new() } else { vec!["the disk is full".to_owned()] },
        timestamp: "2026-01-02T03:04:05Z".to_owned(),
        details: details(),
        checks: ReadinessChecks {
            active_tasks: Some(ActiveTasksCheck { count: 4, suspendable: 1, status: "ready".to_owned() }),
            database: None,
            client_connections: Some(ClientsReadiness {
                active_connections: 2,
                notifiable: 2,
                in_flight_requests: 1,
                status: "ready".to_owned(),
            }),
        },
    }
}

pub(crate) fn history() -> RestartStatus {
    let past = |outcome, error| PastRestart {
        restart_id: RestartId("r-6".to_owned()),
        timestamp: "2026-01-02T03:04:06Z".to_owned(),
        reason: Reason::ManualRequest,
        kind: Kind::Crash,
        success: outcome == Outcome::Complete,
        outcome,
        duration: 0.25,
        downtime_ms: 81.0,
        requested_by: "watchdog".to_owned(),
        phases: Vec::new(),
        error,
    };
    let error = RestartError {
        error_code: ErrorCode::WorkerUnavailable,
        error: String::new(),
        phase: Phase::Preparation,
    };
    RestartStatus {
        current_status: CurrentStatus {
            restart_id: None,
            phase: Phase::Idle,
            progress: 0,
            message: String::new(),
            started_at: None,
            estimated_completion: None,
            errors: Some(Vec::new()),
            error_count: 0,
            maintenance_mode: true,
            safe_mode: None,
        },
        timestamp: "2026-01-02T03:05:00Z".to_owned(),
        history: Some(History {
            recent_restarts: vec![past(Outcome::Complete, None), past(Outcome::RolledBack, Some(error))],
            total_restarts: 2,
            successful_restarts: 1,
            last_successful_restart: None,
            average_duration: Some(0.25),
            success_rate_24h: None,
        }),
    }
}

pub(crate) fn reconnect_test(status: TestStatus) -> ReconnectTest {
    ReconnectTest {
        test_completed: true,
        timestamp: "2026-01-02T03:05:00Z".to_owned(),
        overall_status: status,
        results: ReconnectResults {
            all_sessions: Some(AllSessions {
                total_sessions: 3,
                reachable_sessions: 2,
                reconnect_capable: 3,
                status,
            }),
            session_test: None,
            buffer_status: Some(BufferStatus {
                total_buffered_requests: 4,
                total_buffered_bytes: 400,
                sessions_with_buffers: 1,
                capacity_per_session: 100,
                oldest_age_seconds: Some(2.5),
                status: Level::Healthy,
            }),
            reconnection_stats: Some(ReconnectionStats {
                successful_reconnections: 9,
                failed_reconnections: 1,
                average_reconnection_time: Some(0.002),
                success_rate: Some(0.9),
                status: TestStatus::Pass,
            }),
        },
    }
}

pub(crate) fn dead_letter(message: Option<serde_json::Value>) -> DeadLetter {
    DeadLetter {
        id: 3,
        at: "2026-01-02T03:04:05Z".to_owned(),
        cause: DeadCause::Quarantined,
        error_code: ErrorCode::OutcomeUnknown,
        client: "c-1".to_owned(),
        sequence: 42,
        method: "tools/call orchestrator_plan_task".to_owned(),
        bytes: 512,
        message,
        retries: 0,
    }
}

pub(crate) fn status() -> Status {
    Status {
        pid: 10,
        version: "1.0.0".to_owned(),
        workspace: "/my/shop".to_owned(),
        http: None,
        uptime_seconds: 60,
        phase: Phase::Idle,
        maintenance_mode: false,
        safe_mode: None,
        standby: None,
        former: None,
        generation: 3,
        worker: None,
        worker_failure: None,
        crashes: 0,
        replayed: 0,
        quarantined: 0,
        held_bytes: 0,
        session_count: 1,
        sessions: vec![SessionStatus {
            client: "c-1".to_owned(),
            pid: Some(99),
            unanswered: 4,
            asked: 0,
            dropped_notifications: 0,
        }],
    }
}

pub(crate) fn session(number: u64, name: Option<&str>) -> SessionView {
    SessionView {
        number,
        client: format!("0191f2a4-6b1e-7c3d-8000-3f2b0000000{number}"),
        pid: Some(90 + number as u32),
        source: None,
        transport: "stdio".to_owned(),
        name: name.map(str::to_owned),
        version: name.map(|_| "1.2".to_owned()),
        protocol: None,
        connected_at: "2026-01-02T03:04:05Z".to_owned(),
        reconnects: 1,
        figures: SessionFigures {
            state: SessionState::Idle,
            in_flight: 0,
            buffered: 0,
            buffered_bytes: 0,
            oldest_ms: None,
            last_activity_ms: 5,
            requests: 6,
            dropped_notifications: 0,
        },
    }
}

pub(crate) fn worker(pid: u32, role: WorkerRole) -> WorkerView {
    WorkerView {
        pid,
        role,
        ready: true,
        build: Some(build("1.0.0")),
        started_at: "2026-01-02T03:04:05Z".to_owned(),
        last_heartbeat_ms: Some(300),
        in_flight: 0,
        rss_bytes: None,
    }
}

/// A server that serves two clients, one of which waits.
pub(crate) fn view() -> View {
    let mut waiting = session(3, Some("claude-code"));
    let figures = &mut waiting.figures;
    (figures.state, figures.in_flight, figures.buffered) = (SessionState::Waiting, 1, 2);
    (figures.buffered_bytes, figures.oldest_ms) = (2048, Some(1500));
    View {
        seq: 7,
        boot: "b".to_owned(),
        at: "2026-01-02T03:04:05Z".to_owned(),
        server: ServerView { pid: 10, generation: 3, ..ServerView::default() },
        workers: vec![worker(22, WorkerRole::Active)],
        sessions: vec![session(1, None), waiting],
        ..View::default()
    }
}

pub(crate) fn whoami(role: Role) -> WhoAmI {
    WhoAmI {
        uid: 1000,
        user: Some("alice".to_owned()),
        gid: 100,
        pid: Some(42),
        role,
        granted: Role::Operator,
        granted_by: "group:dev".to_owned(),
        may: Operation::ALL.iter().copied().filter(|operation| role.may(*operation)).collect(),
    }
}

pub(crate) fn roles() -> Roles {
    let operations = [Operation::View, Operation::GracefulRestart, Operation::Stop];
    let role = |operation: Operation| OperationRole {
        operation,
        least: Role::least_for(operation),
        privileged: operation.is_privileged(),
    };
    Roles {
        operations: operations.map(role).to_vec(),
        grants: vec![Grant { to: "owner".to_owned(), id: 1000, role: Role::Admin }],
        stdio_role: Role::Operator,
    }
}

pub(crate) fn config() -> Vec<ConfigEntry> {
    let entry = |key: &str, pending: Option<&str>| ConfigEntry {
        key: key.to_owned(),
        value: "\"30 s\"".to_owned(),
        source: "default".to_owned(),
        pending: pending.map(str::to_owned),
        takes: pending.map(|_| Takes::Reload),
    };
    vec![entry("restart.timeout", None), entry("buffer.expiry", Some("\"1 min\""))]
}

pub(crate) fn reloaded() -> Reloaded {
    Reloaded {
        applied: vec!["log.level".to_owned(), "state.backups".to_owned()],
        needs_restart: vec!["store.synchronous".to_owned()],
        needs_stop: vec!["limits.sessions".to_owned()],
    }
}

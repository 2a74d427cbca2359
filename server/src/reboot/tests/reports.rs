//! The reports that the front makes, held against the schemas that the tools
//! show and against the names that the contract promises.

use serde::Serialize;
use serde_json::{Value, json};
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::*;

use super::answers::valid;
use crate::reboot::*;

fn details() -> ReadinessDetails {
    ReadinessDetails {
        maintenance_mode: false,
        shutdown_in_progress: false,
        state_manager_initialized: true,
        state_manager_accessible: true,
    }
}

fn health() -> Health {
    let database = DatabaseCheck {
        connected: true,
        status: Level::Healthy,
        integrity: "ok".into(),
        schema_version: Some(1),
        size_bytes: Some(1),
        wal_bytes: None,
        transactions_pending: None,
        connections_open: None,
        latency_ms: Some(0.1),
        age_ms: Some(3),
    };
    let connections = ConnectionsCheck {
        active_connections: 1,
        by_transport: [("stdio".to_owned(), 1)].into(),
        by_state: [("idle".to_owned(), 1)].into(),
        status: Level::Healthy,
    };
    let worker = WorkerCheck {
        pid: None,
        generation: 1,
        rss_bytes: None,
        last_heartbeat_ms: None,
        in_flight: 0,
        crashes: 0,
        status: Level::Unhealthy,
    };
    let checks = Checks {
        reboot_readiness: Some(RebootReadiness { ready: true, issues: Vec::new(), details: details() }),
        database: Some(database),
        connections: Some(connections),
        worker,
        disk: DiskCheck { free_bytes: Some(1), status: Level::Degraded },
        memory: MemoryCheck { front_rss_bytes: Some(1), worker_rss_bytes: None, buffered_bytes: 0 },
        state: StateCheck {
            current_state_bytes: None,
            backups: 0,
            last_verified: None,
            status: Level::Healthy,
        },
        limits: Some(LimitsCheck::default()),
        breakers: [("build".to_owned(), crate::breaker::Breaker::default().check(std::time::Instant::now()))]
            .into(),
    };
    Health {
        healthy: false,
        status: Level::Unhealthy,
        timestamp: "t".into(),
        server_version: "1".into(),
        uptime_seconds: 1,
        safe_mode: None,
        alerts: Vec::new(),
        checks,
    }
}

/// The value, after its schema and the names that it must have.
fn told(tool: &str, report: &impl Serialize, names: &[&str]) -> Value {
    let value = serde_json::to_value(report).unwrap();
    valid(tool, &value);
    for name in names {
        assert!(value.pointer(name).is_some(), "{tool}: no {name} in {value:#}");
    }
    value
}

#[test]
fn health_has_the_contracts_names_with_and_without_its_parts() {
    let mut health = health();
    let names = [
        "/healthy",
        "/timestamp",
        "/checks/reboot_readiness/details/state_manager_accessible",
        "/checks/database/transactions_pending",
        "/checks/connections/by_transport/stdio",
        "/checks/worker/last_heartbeat_ms",
        "/checks/disk/free_bytes",
        "/checks/state/last_verified",
    ];
    assert_eq!(told(HEALTH_CHECK, &health, &names)["status"], "unhealthy");
    health.checks.database = None;
    health.checks.connections = None;
    health.checks.reboot_readiness = None;
    let value = told(HEALTH_CHECK, &health, &["/checks/worker"]);
    assert!(value["checks"].get("database").is_none());
}

#[test]
fn readiness_keeps_its_own_details_beside_those_of_a_failure() {
    let checks = ReadinessChecks { active_tasks: None, database: None, client_connections: None };
    let mut report = Readiness {
        ready_for_shutdown: true,
        blocking_issues: Vec::new(),
        timestamp: "t".into(),
        details: details(),
        checks,
    };
    told(
        SHUTDOWN_PREPARE,
        &report,
        &["/ready_for_shutdown", "/blocking_issues", "/details/maintenance_mode"],
    );
    report.checks.active_tasks = Some(ActiveTasksCheck { count: 1, suspendable: 0, status: "ready".into() });
    told(SHUTDOWN_PREPARE, &report, &["/checks/active_tasks/suspendable"]);
}

#[test]
fn the_state_of_a_restart_fits_with_and_without_history() {
    let current_status = CurrentStatus {
        restart_id: None,
        phase: Phase::Idle,
        progress: 0,
        message: "no restart".into(),
        started_at: None,
        estimated_completion: None,
        errors: None,
        error_count: 0,
        maintenance_mode: false,
        safe_mode: None,
    };
    let mut report = RestartStatus { current_status, timestamp: "t".into(), history: None };
    told(RESTART_STATUS, &report, &["/current_status/restart_id", "/current_status/error_count"]);
    report.history = Some(History {
        recent_restarts: Vec::new(),
        total_restarts: 0,
        successful_restarts: 0,
        last_successful_restart: None,
        average_duration: None,
        success_rate_24h: Some(0.5),
    });
    told(RESTART_STATUS, &report, &["/history/recent_restarts", "/history/average_duration"]);
}

#[test]
fn a_reconnect_test_fits_for_all_and_for_one() {
    let mut report = ReconnectTest {
        test_completed: true,
        timestamp: "t".into(),
        overall_status: TestStatus::Partial,
        results: ReconnectResults {
            all_sessions: Some(AllSessions {
                total_sessions: 2,
                reachable_sessions: 1,
                reconnect_capable: 2,
                status: TestStatus::Partial,
            }),
            session_test: None,
            buffer_status: None,
            reconnection_stats: None,
        },
    };
    told(RECONNECT_TEST, &report, &["/overall_status", "/results/all_sessions/reachable_sessions"]);
    report.results.all_sessions = None;
    report.results.session_test = Some(SessionTest {
        session_id: "x".into(),
        reachable: true,
        reconnect_capable: true,
        round_trip_ms: Some(0.2),
        status: TestStatus::Pass,
    });
    let value = told(RECONNECT_TEST, &report, &["/results/session_test/round_trip_ms"]);
    assert_eq!(value["results"]["session_test"]["status"], json!("pass"));
}

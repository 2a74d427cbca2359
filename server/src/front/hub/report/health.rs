//! Health and readiness, from what the hub knows, the worker measures and the
//! disk says. Knows no hub.

use std::path::Path;
use std::time::Duration;

use task_orchestrator_shared::report::{
    ActiveTasksCheck, Alert, BreakerState, Checks, DatabaseCheck, DatabaseReadiness, DiskCheck, Health,
    Level, MemoryCheck, Readiness, ReadinessChecks, ReadinessDetails, RebootReadiness, StateCheck,
};

use super::Facts;
use crate::front::http::{BROKEN_CERTIFICATE, CERTIFICATE_EXPIRY};
use crate::front::hub::effects::Outcome;
use crate::front::hub::outcome::milliseconds;
use crate::front::jobs;
use crate::link::{Done, Inspection};

/// How long the worker may take to say how the database is.
const INSPECTION_TIME: Duration = Duration::from_secs(3);

const DISK_DEGRADED_BYTES: u64 = 1 << 30;
const DISK_UNHEALTHY_BYTES: u64 = 64 << 20;

/// What the disk says.
pub(super) struct OnDisk {
    free_bytes: Option<u64>,
    is_there: bool,
    unwritable: Option<String>,
    current_state_bytes: Option<u64>,
    backups: u64,
}

pub(super) async fn inspected(inspection: Option<Outcome>) -> Option<Inspection> {
    match tokio::time::timeout(INSPECTION_TIME, inspection?).await {
        Ok(Ok(Ok(Done::Inspection(inspection)))) => Some(inspection),
        _ => None,
    }
}

pub(super) async fn on_disk(state: &Path) -> OnDisk {
    let state = state.to_owned();
    let looked = tokio::task::spawn_blocking(move || {
        let entries = crate::state::list(&state).unwrap_or_default();
        let current = std::fs::metadata(state.join(crate::state::CURRENT)).ok();
        OnDisk {
            free_bytes: jobs::free_bytes(&state),
            is_there: state.is_dir(),
            unwritable: jobs::writable(&state).err().map(|error| error.to_string()),
            backups: entries.iter().filter(|entry| entry.name != crate::state::CURRENT).count() as u64,
            current_state_bytes: current.map(|current| current.len()),
        }
    });
    let nothing = OnDisk {
        free_bytes: None,
        is_there: false,
        unwritable: Some("it could not be looked at".to_owned()),
        current_state_bytes: None,
        backups: 0,
    };
    looked.await.unwrap_or(nothing)
}

/// What would be in the way of a restart.
fn issues(facts: &Facts, database: Option<&Inspection>, disk: &OnDisk) -> Vec<String> {
    let mut issues = Vec::new();
    if facts.is_ending {
        issues.push("the server is about to end".to_owned());
    }
    if let Some(running) = &facts.running {
        issues.push(format!("restart {running} runs already; another one would join it"));
    }
    if let Some(why) = &disk.unwritable {
        issues.push(format!("the state directory cannot be written: {why}"));
    }
    if let Some(free) = disk.free_bytes.filter(|free| *free < DISK_UNHEALTHY_BYTES) {
        issues.push(format!("only {free} bytes are free on the disk of the workspace"));
    }
    if database.is_some_and(|database| !database.intact && !database.problems.is_empty()) {
        issues.push("the database is damaged".to_owned());
    }
    issues
}

fn details(facts: &Facts, disk: &OnDisk) -> ReadinessDetails {
    ReadinessDetails {
        maintenance_mode: facts.maintenance_mode,
        shutdown_in_progress: facts.is_ending,
        state_manager_initialized: disk.is_there,
        state_manager_accessible: disk.unwritable.is_none(),
    }
}

fn shown(alert: crate::ledger::Alert) -> Alert {
    let crate::ledger::Alert { kind, detail, raised_at, times } = alert;
    Alert { kind, detail, raised_at, times }
}

pub(super) fn health(facts: Facts, database: Option<Inspection>, disk: &OnDisk) -> Health {
    let issues = issues(&facts, database.as_ref(), disk);
    let reboot_readiness =
        RebootReadiness { ready: issues.is_empty(), issues, details: details(&facts, disk) };
    let database = database_check(database);
    let free = disk.free_bytes.unwrap_or(u64::MAX);
    let disk_status = match free {
        ..DISK_UNHEALTHY_BYTES => Level::Unhealthy,
        DISK_UNHEALTHY_BYTES..DISK_DEGRADED_BYTES => Level::Degraded,
        _ => Level::Healthy,
    };
    let state_status = match (&disk.unwritable, &facts.ledger_issue) {
        (Some(_), _) => Level::Unhealthy,
        (None, Some(_)) => Level::Degraded,
        (None, None) => Level::Healthy,
    };
    let safe = if facts.safe_mode.is_some() { Level::Unhealthy } else { Level::Healthy };
    let is_left_alone = facts.breakers.values().any(|check| check.state != BreakerState::Closed);
    let breakers = if is_left_alone { Level::Degraded } else { Level::Healthy };
    let tells_of_certificate =
        |alert: &crate::ledger::Alert| [BROKEN_CERTIFICATE, CERTIFICATE_EXPIRY].contains(&&*alert.kind);
    let certificate =
        if facts.alerts.iter().any(tells_of_certificate) { Level::Degraded } else { Level::Healthy };
    let all = [
        database.status,
        facts.connections.status,
        facts.worker.status,
        disk_status,
        state_status,
        safe,
        breakers,
        certificate,
    ];
    let status = all.into_iter().max().unwrap_or(Level::Healthy);
    Health {
        healthy: status == Level::Healthy,
        status,
        timestamp: facts.now.to_string(),
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: facts.uptime.as_secs(),
        safe_mode: facts.safe_mode,
        alerts: facts.alerts.into_iter().map(shown).collect(),
        checks: Checks {
            reboot_readiness: Some(reboot_readiness),
            database: Some(database),
            connections: Some(facts.connections),
            memory: MemoryCheck {
                front_rss_bytes: facts.front_rss_bytes,
                worker_rss_bytes: facts.worker.rss_bytes,
                buffered_bytes: facts.buffered_bytes,
            },
            worker: facts.worker,
            disk: DiskCheck { free_bytes: disk.free_bytes, status: disk_status },
            state: StateCheck {
                current_state_bytes: disk.current_state_bytes,
                backups: disk.backups,
                last_verified: facts.last_verified,
                status: state_status,
            },
            limits: facts.limits,
            breakers: facts.breakers,
        },
    }
}

fn database_check(database: Option<Inspection>) -> DatabaseCheck {
    let Some(found) = database else {
        return DatabaseCheck {
            connected: false,
            status: Level::Unhealthy,
            integrity: "no worker has answered".to_owned(),
            schema_version: None,
            size_bytes: None,
            wal_bytes: None,
            transactions_pending: None,
            connections_open: None,
            latency_ms: None,
            age_ms: None,
        };
    };
    let (status, integrity) = match (found.intact, found.problems.is_empty()) {
        (true, true) => (Level::Healthy, "ok".to_owned()),
        (true, false) => (Level::Healthy, found.problems.join("; ")),
        (false, _) => (Level::Unhealthy, found.problems.join("; ")),
    };
    DatabaseCheck {
        connected: true,
        status,
        integrity,
        schema_version: Some(found.schema_version),
        size_bytes: Some(found.size_bytes),
        wal_bytes: Some(found.wal_bytes),
        transactions_pending: Some(found.transactions_pending),
        connections_open: Some(found.connections_open),
        latency_ms: Some(milliseconds(Duration::from_micros(found.latency_micros))),
        age_ms: Some(0),
    }
}

pub(super) fn readiness(facts: Facts, database: Option<Inspection>, disk: &OnDisk) -> Readiness {
    let blocking_issues = issues(&facts, database.as_ref(), disk);
    let found = database.unwrap_or_default();
    let ready = |is_ready: bool, otherwise: &str| if is_ready { "ready" } else { otherwise }.to_owned();
    Readiness {
        ready_for_shutdown: blocking_issues.is_empty(),
        blocking_issues,
        timestamp: facts.now.to_string(),
        details: details(&facts, disk),
        checks: ReadinessChecks {
            active_tasks: Some(ActiveTasksCheck {
                count: found.active_tasks,
                suspendable: found.suspendable,
                status: ready(found.schema_version > 0, "the worker does not say: they are in the database"),
            }),
            database: Some(DatabaseReadiness {
                transactions_pending: found.transactions_pending,
                connections_open: found.connections_open,
                status: ready(found.schema_version > 0, "no worker has answered"),
            }),
            client_connections: Some(facts.clients),
        },
    }
}

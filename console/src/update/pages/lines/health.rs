//! How everything is, and whether a restart would go through.

use std::collections::BTreeMap;
use std::time::Duration;

use task_orchestrator_shared::report::{
    Alert, ConnectionsCheck, DatabaseCheck, Health, Level, Readiness, ReadinessDetails, RebootReadiness,
    StateCheck, WorkerCheck,
};

use super::{blank, bytes, fact, time, title, toned};
use crate::model::prompt::PageLine;
use crate::model::{Model, words};
use crate::theme::Tone;

/// Every check.
pub(super) fn health(model: &Model, health: &Health) -> Vec<PageLine> {
    let up = words::age(Duration::from_secs(health.uptime_seconds));
    let mut lines = vec![
        check("health", health.status, format!("measured {}", time(model, &health.timestamp))),
        fact("server", format!("version {}, up {up}", health.server_version)),
    ];
    lines.extend(health.safe_mode.as_ref().map(|why| toned(Tone::Bad, "SAFE MODE", why)));
    lines.extend(health.alerts.iter().map(|alert| alerted(model, alert)));
    lines.push(blank());
    let checks = &health.checks;
    lines.push(worker(&checks.worker));
    lines.extend(checks.database.iter().flat_map(database));
    lines.extend(checks.connections.as_ref().map(connections));
    lines.extend(checks.reboot_readiness.iter().flat_map(restart));
    lines.push(check("disk", checks.disk.status, format!("{} free", bytes(checks.disk.free_bytes))));
    let memory = &checks.memory;
    let (front, worker) = (bytes(memory.front_rss_bytes), bytes(memory.worker_rss_bytes));
    let buffers = words::bytes(memory.buffered_bytes);
    lines.push(fact("memory", format!("front {front}, worker {worker}, buffers {buffers}")));
    lines.push(state(model, &checks.state));
    lines
}

/// A level by its word and tone, with what it rests on.
fn check(label: &str, level: Level, rest: String) -> PageLine {
    let (tone, word) = match level {
        Level::Healthy => (Tone::Good, "healthy"),
        Level::Degraded => (Tone::Warn, "DEGRADED"),
        Level::Unhealthy => (Tone::Bad, "UNHEALTHY"),
    };
    toned(tone, label, format!("{word}, {rest}"))
}

fn alerted(model: &Model, alert: &Alert) -> PageLine {
    let times = if alert.times > 1 { format!(", {} times", alert.times) } else { String::new() };
    let since = time(model, &alert.raised_at);
    toned(Tone::Bad, "ALERT", format!("{}: {} (since {since}{times})", alert.kind, alert.detail))
}

fn worker(worker: &WorkerCheck) -> PageLine {
    let mut parts = vec![worker.pid.map_or_else(|| "no process".to_owned(), |pid| format!("process {pid}"))];
    parts.push(format!("generation {}", worker.generation));
    parts.extend(worker.rss_bytes.map(words::bytes));
    parts.extend(
        worker.last_heartbeat_ms.map(|age| format!("sign of life {} before", words::millis(age as f64))),
    );
    parts.push(format!("{} in flight", worker.in_flight));
    parts.push(words::counted(worker.crashes, "crash", "crashes"));
    check("worker", worker.status, parts.join(", "))
}

fn database(database: &DatabaseCheck) -> [PageLine; 2] {
    let mut parts = vec![format!("integrity {}", database.integrity)];
    if !database.connected {
        parts.insert(0, "not reached".to_owned());
    }
    parts.extend(database.schema_version.map(|version| format!("schema {version}")));
    parts.extend(database.size_bytes.map(words::bytes));
    parts.extend(database.wal_bytes.map(|size| format!("log {}", words::bytes(size))));
    let mut work: Vec<String> = Vec::new();
    work.extend(database.transactions_pending.map(|pending| format!("{pending} pending")));
    work.extend(database.connections_open.map(|open| words::counted(open, "connection", "connections")));
    work.extend(database.latency_ms.map(|latency| format!("a read took {}", words::millis(latency))));
    work.extend(database.age_ms.map(|age| format!("measured {} before", words::millis(age as f64))));
    let work = if work.is_empty() { "unknown".to_owned() } else { work.join(", ") };
    [check("database", database.status, parts.join(", ")), fact("  its work", work)]
}

fn connections(connections: &ConnectionsCheck) -> PageLine {
    let told = |counts: &BTreeMap<String, u64>| {
        let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
        counts.join(", ")
    };
    let mut parts = vec![words::counted(connections.active_connections, "client", "clients")];
    parts.extend([told(&connections.by_state), told(&connections.by_transport)]);
    parts.retain(|part| !part.is_empty());
    check("clients", connections.status, parts.join("; "))
}

fn restart(readiness: &RebootReadiness) -> Vec<PageLine> {
    let mut lines = vec![match readiness.ready {
        true => toned(Tone::Good, "restart", "would go through"),
        false => toned(Tone::Bad, "restart", "would NOT go through"),
    }];
    lines.extend(readiness.issues.iter().map(|issue| toned(Tone::Warn, "  in the way", issue)));
    lines
}

fn state(model: &Model, state: &StateCheck) -> PageLine {
    let current = state
        .current_state_bytes
        .map_or_else(|| "no snapshot".to_owned(), |size| format!("snapshot of {}", words::bytes(size)));
    let verified = match &state.last_verified {
        Some(at) => format!("verified {}", time(model, at)),
        None => "never verified".to_owned(),
    };
    let backups = words::counted(state.backups, "backup", "backups");
    check("state", state.status, format!("{current}, {verified}, {backups}"))
}

/// Whether a restart would go through, and what is in the way.
pub(super) fn readiness(readiness: &Readiness) -> Vec<PageLine> {
    let mut lines = vec![match readiness.ready_for_shutdown {
        true => PageLine::of(Tone::Good, "Ready: a restart would go through."),
        false => PageLine::of(Tone::Bad, "NOT READY: something is in the way."),
    }];
    lines.extend(readiness.blocking_issues.iter().map(|issue| toned(Tone::Warn, "in the way", issue)));
    lines.push(blank());
    let checks = &readiness.checks;
    if let Some(tasks) = &checks.active_tasks {
        let calls = words::counted(tasks.suspendable, "long call stops", "long calls stop");
        let text = format!("{} active, they are in the database; {calls} at a checkpoint", tasks.count);
        lines.push(looked("tasks", &tasks.status, text));
    }
    if let Some(database) = &checks.database {
        let text = format!("{} pending, {} open", database.transactions_pending, database.connections_open);
        lines.push(looked("database", &database.status, text));
    }
    if let Some(clients) = &checks.client_connections {
        let (count, notifiable) = (clients.active_connections, clients.notifiable);
        let text = format!(
            "{count}, {notifiable} read what they are sent, {} in flight",
            clients.in_flight_requests
        );
        lines.push(looked("clients", &clients.status, text));
    }
    lines.push(blank());
    lines.push(title("Facts"));
    lines.extend(facts(&readiness.details));
    lines
}

/// `ready`, or why not.
fn looked(label: &str, status: &str, text: String) -> PageLine {
    let tone = if status == "ready" { Tone::Good } else { Tone::Warn };
    toned(tone, label, format!("{status}: {text}"))
}

fn facts(details: &ReadinessDetails) -> Vec<PageLine> {
    let told = |bad: bool, label, yes: &str, no: &str, is_so: bool| {
        let tone = if is_so == bad { Tone::Warn } else { Tone::Plain };
        toned(tone, label, if is_so { yes } else { no })
    };
    vec![
        told(true, "requests", "held back", "let through", details.maintenance_mode),
        told(true, "server", "about to end", "stays", details.shutdown_in_progress),
        told(
            false,
            "snapshots",
            "have their directory",
            "have NO directory",
            details.state_manager_initialized,
        ),
        told(
            false,
            "  writing",
            "tried, it works",
            "tried, it does NOT work",
            details.state_manager_accessible,
        ),
    ]
}

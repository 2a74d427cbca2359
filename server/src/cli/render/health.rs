//! How the server is, for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use task_orchestrator_shared::report::{
    BreakerCheck, BreakerState, ConnectionsCheck, DatabaseCheck, Health, Level, LimitCounts, LimitsCheck,
    RebootReadiness, StateCheck, WorkerCheck,
};

use super::text::{bytes, clean, count, milliseconds, row, seconds};
use crate::cli::screen::Paint;

/// Prints every check.
pub(in crate::cli) fn health(health: &Health, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    row(out, "health", &level(health.status, paint))?;
    let up = seconds(health.uptime_seconds);
    row(out, "server", &format!("version {}, up {up}", clean(&health.server_version)))?;
    if let Some(reason) = &health.safe_mode {
        row(out, "safe mode", &paint.bad(&clean(reason)))?;
    }
    for alert in &health.alerts {
        let often = if alert.times > 1 { format!(", {} times", alert.times) } else { String::new() };
        let text = format!("{}: {} (since {}{often})", alert.kind, clean(&alert.detail), alert.raised_at);
        row(out, "alert", &paint.bad(&text))?;
    }
    let checks = &health.checks;
    row(out, "worker", &worker(&checks.worker, paint))?;
    if let Some(database_check) = &checks.database {
        row(out, "database", &database(database_check, paint))?;
    }
    if let Some(connections) = &checks.connections {
        row(out, "clients", &clients(connections, paint))?;
    }
    if let Some(readiness) = &checks.reboot_readiness {
        row(out, "restart", &restart(readiness, paint))?;
    }
    let free = checks.disk.free_bytes.map_or_else(|| "unknown".to_owned(), bytes);
    row(out, "disk", &format!("{}, {free} free", level(checks.disk.status, paint)))?;
    let [front, process] = [checks.memory.front_rss_bytes, checks.memory.worker_rss_bytes]
        .map(|size| size.map_or_else(|| "unknown".to_owned(), bytes));
    let buffered = bytes(checks.memory.buffered_bytes);
    row(out, "memory", &format!("front {front}, worker {process}, buffers {buffered}"))?;
    row(out, "state", &state(&checks.state, paint))?;
    if let Some(check) = &checks.limits {
        row(out, "limits", &limits(check))?;
    }
    for (name, check) in &checks.breakers {
        row(out, "breaker", &format!("{}: {}", clean(name), breaker(check, paint)))?;
    }
    Ok(())
}

/// What was let through, and what was refused.
fn limits(check: &LimitsCheck) -> String {
    let family = |name: &str, counts: &LimitCounts| {
        format!("{name} {} allowed, {} refused", counts.allowed, counts.refused)
    };
    let [read, write, heavy] =
        [("read", &check.read), ("write", &check.write), ("heavy", &check.heavy)].map(|(n, c)| family(n, c));
    format!("{}; {read}; {write}; {heavy}", count(check.clients, "client", "clients"))
}

fn breaker(check: &BreakerCheck, paint: Paint) -> String {
    match check.state {
        BreakerState::Closed => paint.good("closed"),
        BreakerState::HalfOpen => paint.warning("half-open, one call to find out"),
        BreakerState::Open => {
            let wait = milliseconds(check.retry_after_seconds * 1000.0);
            paint.bad(&format!("open after {} failures, next try in {wait}", check.failures))
        }
    }
}

/// A level in its colour.
pub(in crate::cli) fn level(level: Level, paint: Paint) -> String {
    match level {
        Level::Healthy => paint.good("healthy"),
        Level::Degraded => paint.warning("degraded"),
        Level::Unhealthy => paint.bad("unhealthy"),
    }
}

fn worker(check: &WorkerCheck, paint: Paint) -> String {
    let mut parts = vec![level(check.status, paint)];
    parts.push(check.pid.map_or_else(|| "no process".to_owned(), |pid| format!("pid {pid}")));
    parts.push(format!("generation {}", check.generation));
    parts.extend(check.rss_bytes.map(bytes));
    let heartbeat = |age: u64| format!("sign of life {} ago", milliseconds(age as f64));
    parts.extend(check.last_heartbeat_ms.map(heartbeat));
    parts.push(format!("{} in flight", check.in_flight));
    parts.push(count(check.crashes, "crash", "crashes"));
    parts.join(", ")
}

fn database(check: &DatabaseCheck, paint: Paint) -> String {
    let mut parts = vec![level(check.status, paint)];
    if !check.connected {
        parts.push("not reached".to_owned());
    }
    parts.push(format!("integrity {}", clean(&check.integrity)));
    parts.extend(check.schema_version.map(|version| format!("schema {version}")));
    parts.extend(check.size_bytes.map(bytes));
    parts.extend(check.wal_bytes.map(|size| format!("log {}", bytes(size))));
    parts.extend(check.transactions_pending.map(|pending| format!("{pending} pending")));
    parts.extend(check.latency_ms.map(|latency| format!("read in {}", milliseconds(latency))));
    parts.extend(check.age_ms.map(|age| format!("measured {} ago", milliseconds(age as f64))));
    parts.join(", ")
}

fn clients(check: &ConnectionsCheck, paint: Paint) -> String {
    let mut parts = vec![level(check.status, paint), check.active_connections.to_string()];
    parts.extend(figures(&check.by_transport));
    parts.extend(figures(&check.by_state));
    parts.join(", ")
}

fn figures(figures: &BTreeMap<String, u64>) -> impl Iterator<Item = String> {
    figures
        .iter()
        .filter(|(_, number)| **number > 0)
        .map(|(name, number)| format!("{number} {}", clean(name)))
}

fn restart(readiness: &RebootReadiness, paint: Paint) -> String {
    if readiness.ready {
        return paint.good("would go through");
    }
    let issues: Vec<String> = readiness.issues.iter().map(|issue| clean(issue)).collect();
    format!("{}: {}", paint.warning("would not go through"), issues.join("; "))
}

fn state(check: &StateCheck, paint: Paint) -> String {
    let mut parts = vec![level(check.status, paint)];
    parts.push(check.current_state_bytes.map_or_else(|| "no snapshot yet".to_owned(), bytes));
    parts.push(count(check.backups, "backup", "backups"));
    parts.extend(check.last_verified.as_deref().map(|at| format!("last verified {}", clean(at))));
    parts.join(", ")
}

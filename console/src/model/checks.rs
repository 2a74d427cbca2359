//! What a health check has looked at, each in words of its own.

use task_orchestrator_shared::report::{
    Checks, ConnectionsCheck, DatabaseCheck, Health, Level, StateCheck, WorkerCheck,
};

use super::words;

/// Milliseconds from which on it is told how long a read took: below, it is noise.
const SLOW_READ_MS: f64 = 5.0;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// How it is; absent for what is told without a verdict.
    pub level: Option<Level>,
    /// In words.
    pub words: String,
}

/// How something is, in a word.
pub const fn level(level: Level) -> &'static str {
    match level {
        Level::Healthy => "healthy",
        Level::Degraded => "degraded",
        Level::Unhealthy => "unhealthy",
    }
}

/// Everything that was looked at.
pub fn all(health: &Health) -> Vec<Check> {
    let checks = &health.checks;
    let mut all = Vec::with_capacity(7);
    all.push(worker(&checks.worker));
    all.extend(checks.database.as_ref().map(database));
    all.extend(checks.reboot_readiness.as_ref().map(|readiness| Check {
        name: "restart",
        level: Some(if readiness.ready { Level::Healthy } else { Level::Degraded }),
        words: if readiness.ready { "would go through".to_owned() } else { readiness.issues.join("; ") },
    }));
    all.extend(checks.connections.as_ref().map(|clients| Check {
        name: "clients",
        level: Some(clients.status),
        words: reading(clients),
    }));
    all.push(Check {
        name: "disk",
        level: Some(checks.disk.status),
        words: checks
            .disk
            .free_bytes
            .map_or("not measured".to_owned(), |free| format!("{} free", words::bytes(free))),
    });
    all.push(memory(checks));
    all.push(state(&checks.state));
    all
}

/// The same with the worst first, for where there is no room for all.
pub fn worst_first(health: &Health) -> Vec<Check> {
    let mut all = all(health);
    all.sort_by_key(|check| std::cmp::Reverse(check.level));
    all
}

/// Whether clients read what they are sent. Not how many there are: that is told anew
/// all the time, and the figure of the check would be another one beside it.
fn reading(clients: &ConnectionsCheck) -> String {
    match clients.by_state.get("slow").copied().unwrap_or(0) {
        _ if clients.status == Level::Healthy => "read what they are sent".to_owned(),
        0 => "not served by a worker".to_owned(),
        slow => words::counted(slow, "reads nothing", "read nothing"),
    }
}

fn worker(worker: &WorkerCheck) -> Check {
    let words = match worker.pid {
        None => "there is none".to_owned(),
        Some(pid) => {
            let crashes = match worker.crashes {
                0 => String::new(),
                crashes => format!(", {}", words::counted(crashes, "crash", "crashes")),
            };
            format!("pid {pid}{crashes}")
        }
    };
    Check { name: "worker", level: Some(worker.status), words }
}

fn database(database: &DatabaseCheck) -> Check {
    let mut said = database.integrity.clone();
    if let Some(bytes) = database.size_bytes {
        said.push_str(&format!(", {}", words::bytes(bytes)));
    }
    if let Some(latency) = database.latency_ms.filter(|latency| *latency >= SLOW_READ_MS) {
        said.push_str(&format!(", read in {}", words::millis(latency)));
    }
    if let Some(waiting) = database.transactions_pending.filter(|waiting| *waiting > 0) {
        said.push_str(&format!(", {waiting} pending"));
    }
    Check { name: "database", level: Some(database.status), words: said }
}

fn memory(checks: &Checks) -> Check {
    let known = |bytes: Option<u64>| bytes.map_or("?".to_owned(), words::bytes);
    let (front, worker) = (known(checks.memory.front_rss_bytes), known(checks.memory.worker_rss_bytes));
    Check { name: "memory", level: None, words: format!("front {front}, worker {worker}") }
}

fn state(state: &StateCheck) -> Check {
    let current = match state.current_state_bytes {
        Some(bytes) => words::bytes(bytes),
        None => "no snapshot".to_owned(),
    };
    let verified = if state.last_verified.is_some() { "verified" } else { "never verified" };
    let backups = words::counted(state.backups, "backup", "backups");
    Check { name: "state", level: Some(state.status), words: format!("{current}, {verified}, {backups}") }
}

//! How everything is, as labels with values.

use task_orchestrator_shared::admin::view::{View, WorkerRole};
use task_orchestrator_shared::report::{Health, Level};
use task_orchestrator_shared::role::{Operation, Role};

use super::text::{fact, known, phase, time, wrapped, yes};
use crate::model::link_state::LinkState;
use crate::model::{Model, words};

/// The overview, or what is known instead.
pub(super) fn lines(model: &Model) -> Vec<String> {
    let mut facts = Vec::new();
    let link = match &model.link {
        LinkState::Live(_) => model.link.name().to_owned(),
        _ => super::news::link_sentence(model),
    };
    facts.push(fact("link", link));
    if let Some((view, _)) = model.view() {
        server(model, view, &mut facts);
        trouble(view, &mut facts);
        workers(view, &mut facts);
        traffic(view, &mut facts);
        if let Some(restart) = &view.restart {
            facts.push(fact("last restart", super::restarts::summary(model, restart)));
        }
        kept(model, view, &mut facts);
        health(model, view.health.as_deref(), &mut facts);
    }
    facts.iter().flat_map(|fact| wrapped(fact)).collect()
}

fn server(model: &Model, view: &View, facts: &mut Vec<String>) {
    let server = &view.server;
    facts.push(fact("workspace", &server.workspace));
    let build = server.build.as_ref().map_or_else(String::new, |build| format!(", worker {}", build.version));
    facts.push(fact("server", format!("version {}{build}, process {}", server.version, server.pid)));
    facts.push(fact("up since", time(&server.started_at, model)));
    facts.push(fact("generation", server.generation.to_string()));
    if let Some(role) = model.role() {
        let read_only = if model.settings.read_only { ", read-only" } else { "" };
        facts.push(fact("your role", format!("{role}{read_only}")));
    }
    facts.push(fact("phase", phase(server.phase)));
    facts.push(fact(
        "maintenance",
        if server.held_by_operator { "on: an operator holds requests back" } else { "off" },
    ));
    facts.push(fact(
        "roll back",
        if server.can_roll_back { "possible" } else { "there is no previous build" },
    ));
}

fn trouble(view: &View, facts: &mut Vec<String>) {
    let server = &view.server;
    let of = [
        ("SAFE MODE", &server.safe_mode),
        ("requests are refused", &server.refusal),
        ("the audit cannot be written", &server.audit_failure),
    ];
    for (label, why) in of {
        if let Some(why) = why {
            facts.push(fact(label, why));
        }
    }
    if server.on_probation {
        facts.push(fact("probation", "the build that serves is on probation"));
    }
}

fn workers(view: &View, facts: &mut Vec<String>) {
    if view.workers.is_empty() {
        facts.push(fact("worker", "none"));
    }
    for worker in &view.workers {
        let role = match worker.role {
            WorkerRole::Active => "worker",
            WorkerRole::Standby => "standby worker",
            WorkerRole::Former => "former worker",
        };
        let ready = if worker.ready { "ready" } else { "not ready" };
        let memory = known(worker.rss_bytes, words::bytes);
        facts.push(fact(
            role,
            format!("process {}, {ready}, {} in flight, memory {memory}", worker.pid, worker.in_flight),
        ));
    }
}

fn traffic(view: &View, facts: &mut Vec<String>) {
    let server = &view.server;
    let traffic = &view.traffic;
    facts.push(fact("clients", format!("{} of at most {}", view.sessions.len(), view.limits.max_sessions)));
    let answered = match (traffic.p50_ms, traffic.p99_ms) {
        (Some(p50), Some(p99)) => {
            format!("half answered within {}, 99 % within {}", words::millis(p50), words::millis(p99))
        }
        _ => "none answered lately".to_owned(),
    };
    let rate = traffic.requests_per_second;
    facts.push(fact(
        "requests",
        format!(
            "{} in all, {rate:.0} per second, {} in flight; {answered}",
            traffic.requests, traffic.in_flight
        ),
    ));
    let waiting = known(view.buffers.as_ref(), |buffers| {
        let oldest = buffers
            .oldest_age_seconds
            .map_or_else(String::new, |age| format!(", the oldest since {}", words::millis(age * 1000.0)));
        format!(
            "{} of {}, at most {} each{oldest}",
            words::counted(buffers.total_buffered_requests, "request", "requests"),
            words::counted(buffers.sessions_with_buffers, "client", "clients"),
            buffers.capacity_per_session
        )
    });
    facts.push(fact("waiting", waiting));
    facts.push(fact(
        "since the start",
        format!(
            "{}, {} replayed, {} quarantined, sessions established again: {}, in vain: {}",
            words::counted(server.crashes, "crash", "crashes"),
            server.replayed,
            server.quarantined,
            server.reconnections,
            server.failed_reconnections
        ),
    ));
}

fn kept(model: &Model, view: &View, facts: &mut Vec<String>) {
    if let Some(history) = &view.history {
        let rate = history.success_rate_24h;
        let rate = rate.map_or_else(|| "none".to_owned(), |rate| format!("{:.0} % successful", rate * 100.0));
        facts.push(fact(
            "restarts",
            format!("{}, {} successful; {rate} in the last day", history.total, history.successful),
        ));
    }
    if let Some(backups) = &view.backups {
        let newest = backups.first().map_or_else(String::new, |backup| {
            let verified = known(backup.verified, |good| yes(good).to_owned());
            format!(", the newest {} of {}, verified {verified}", backup.name, time(&backup.taken_at, model))
        });
        facts.push(fact("backups", format!("{}{newest}", backups.len())));
    }
    if let Some(letters) = &view.dead_letters {
        facts.push(fact("dead letters", letters.len().to_string()));
    }
}

fn health(model: &Model, health: Option<&Health>, facts: &mut Vec<String>) {
    let Some(health) = health else {
        let may =
            model.link.welcome().is_none_or(|welcome| welcome.you.may.contains(&Operation::HealthCheck));
        let least = Role::least_for(Operation::HealthCheck);
        let why = if may { "not measured yet".to_owned() } else { format!("to see it needs {least}") };
        facts.push(fact("health", format!("unknown, {why}")));
        return;
    };
    facts.push(fact(
        "health",
        format!("{}, measured at {}", level(health.status), time(&health.timestamp, model)),
    ));
    let checks = &health.checks;
    let of = [
        ("database", checks.database.as_ref().map(|check| check.status)),
        ("connections", checks.connections.as_ref().map(|check| check.status)),
        ("worker", Some(checks.worker.status)),
        ("disk", Some(checks.disk.status)),
        ("snapshots", Some(checks.state.status)),
    ];
    let of: Vec<String> = of
        .into_iter()
        .map(|(name, status)| format!("{name} {}", known(status, |status| level(status).to_owned())))
        .collect();
    facts.push(fact("checks", of.join(", ")));
    for alert in &health.alerts {
        facts.push(fact("alert", super::news::alert(model, alert)));
    }
}

/// How one part is, in a word.
pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Healthy => "healthy",
        Level::Degraded => "DEGRADED",
        Level::Unhealthy => "UNHEALTHY",
    }
}

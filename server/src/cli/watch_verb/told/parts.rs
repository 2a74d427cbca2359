//! Workers, backups, dead letters, alerts, bounds, and what the audit tells.

use task_orchestrator_shared::admin::audit::{AuditEvent, AuditRecord};
use task_orchestrator_shared::admin::backup::Backup;
use task_orchestrator_shared::admin::view::{Limits, WorkerRole, WorkerView};
use task_orchestrator_shared::explain;
use task_orchestrator_shared::report::{DeadLetter, Health};

use super::Line;
use crate::cli::render::text::{bytes, clean};

/// Workers come, change their part, and go.
pub(super) fn workers(before: &[WorkerView], after: &[WorkerView]) -> Vec<Line> {
    let with = |workers: &[WorkerView], pid| workers.iter().find(|worker| worker.pid == pid).cloned();
    let mut lines = Vec::new();
    for worker in after {
        let (pid, role) = (worker.pid, role(worker.role));
        match with(before, pid) {
            None => lines.push(Line::plain(format!("worker {pid} started{}: it {role}", build(worker)))),
            Some(known) => {
                if known.role != worker.role {
                    lines.push(Line::plain(format!("worker {pid} {role}")));
                }
                if worker.ready && !known.ready {
                    lines.push(Line::good(format!("worker {pid} is ready{}", build(worker))));
                }
            }
        }
    }
    let gone = before.iter().filter(|worker| with(after, worker.pid).is_none());
    lines.extend(gone.map(|worker| Line::plain(format!("worker {} is gone", worker.pid))));
    lines
}

fn role(role: WorkerRole) -> &'static str {
    match role {
        WorkerRole::Active => "serves",
        WorkerRole::Standby => "stands by",
        WorkerRole::Former => "finishes what it holds",
    }
}

fn build(worker: &WorkerView) -> String {
    // Which one it is is known once it has said so.
    let Some(build) = worker.build.as_ref().filter(|build| !build.version.is_empty()) else {
        return String::new();
    };
    let digest = build.sha256.as_deref().map(|digest| digest.chars().take(12).collect::<String>());
    let digest = digest.map(|digest| format!(" {}", clean(&digest))).unwrap_or_default();
    format!(" (version {}{digest})", clean(&build.version))
}

/// Backups are taken, found broken, and removed. Compressing one changes its name.
pub(super) fn backups(before: Option<&[Backup]>, after: &[Backup]) -> Vec<Line> {
    let Some(before) = before else { return Vec::new() };
    let with = |backups: &[Backup], name: &str| backups.iter().find(|backup| backup.name == name).cloned();
    let mut lines = Vec::new();
    for backup in after {
        let (name, known) = (clean(&backup.name), with(before, &backup.name));
        match &known {
            None => lines.push(Line::plain(format!("backup {name}: taken, {}", bytes(backup.size_bytes)))),
            // The snapshot has the same name each time.
            Some(known) if known.taken_at != backup.taken_at => {
                lines.push(Line::plain(format!("backup {name}: taken anew, {}", bytes(backup.size_bytes))));
            }
            Some(known) if known.pinned != backup.pinned => {
                let what = if backup.pinned { "kept whatever its age" } else { "not kept any more" };
                lines.push(Line::plain(format!("backup {name}: {what}")));
            }
            Some(_) => {}
        }
        if backup.verified == Some(false) && known.is_none_or(|known| known.verified != Some(false)) {
            lines.push(Line::bad(format!("backup {name}: broken")));
        }
    }
    let gone = before.iter().filter(|backup| with(after, &backup.name).is_none());
    lines.extend(gone.map(|backup| Line::plain(format!("backup {}: removed", clean(&backup.name)))));
    lines
}

/// Requests were given up, or are not kept any more.
pub(super) fn dead_letters(before: Option<&[DeadLetter]>, after: &[DeadLetter]) -> Vec<Line> {
    let Some(before) = before else { return Vec::new() };
    let newest = before.iter().map(|letter| letter.id).max().unwrap_or(0);
    let come = after.iter().rev().filter(|letter| letter.id > newest);
    let mut lines: Vec<Line> = come
        .map(|letter| {
            let (method, client) = (clean(&letter.method), clean(&letter.client));
            let code = explain::name(letter.error_code);
            Line::bad(format!("dead letter {}: {method} of {client} ({code})", letter.id))
        })
        .collect();
    // Older ones may only have left the list for newer ones.
    let oldest = after.iter().map(|letter| letter.id).min().unwrap_or(0);
    let kept = |id| after.iter().any(|letter| letter.id == id);
    let gone = before.iter().filter(|letter| letter.id >= oldest && !kept(letter.id));
    lines.extend(gone.map(|letter| Line::plain(format!("dead letter {} is gone", letter.id))));
    lines
}

/// Alerts are raised and end.
pub(super) fn health(before: Option<&Health>, after: &Health) -> Vec<Line> {
    let known = before.map(|health| health.alerts.as_slice()).unwrap_or_default();
    let raised = after.alerts.iter().filter(|alert| !known.iter().any(|known| known.kind == alert.kind));
    let over = known.iter().filter(|known| !after.alerts.iter().any(|alert| alert.kind == known.kind));
    let raised = raised.map(|alert| {
        Line::bad(format!(
            "alert {} since {}: {}",
            clean(&alert.kind),
            clean(&alert.raised_at),
            clean(&alert.detail)
        ))
    });
    raised.chain(over.map(|alert| Line::good(format!("alert {}: over", clean(&alert.kind))))).collect()
}

/// The level of the log has changed.
pub(super) fn limits(before: &Limits, after: &Limits) -> Vec<Line> {
    let changed = before.log_level != after.log_level;
    changed
        .then(|| Line::plain(format!("the log's level is {}", clean(&after.log_level))))
        .into_iter()
        .collect()
}

/// What somebody changes, and what somebody may not.
pub(super) fn record(record: &AuditRecord) -> Option<Line> {
    let who = |actor: &task_orchestrator_shared::admin::audit::Actor| {
        actor.user.as_deref().map_or_else(|| format!("uid {}", actor.uid), clean)
    };
    match &record.event {
        AuditEvent::Intent(attempt) => {
            let target = attempt.target.as_deref().map(|target| format!(" {}", clean(target)));
            let why = attempt.reason.as_deref().map(|reason| format!(": {}", clean(reason)));
            let (target, why) = (target.unwrap_or_default(), why.unwrap_or_default());
            Some(Line::plain(format!("{} does {}{target}{why}", who(&attempt.actor), attempt.operation)))
        }
        AuditEvent::Denied { attempt, why } => Some(Line::warning(format!(
            "{} was denied {}: {}",
            who(&attempt.actor),
            attempt.operation,
            clean(why)
        ))),
        AuditEvent::Outcome { .. }
        | AuditEvent::Allowed(_)
        | AuditEvent::Repeated { .. }
        | AuditEvent::Audit { .. } => None,
    }
}

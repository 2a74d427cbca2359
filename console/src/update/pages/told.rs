//! What came of an order, in a sentence.

use serde_json::Value;
use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::admin::backup::{Pruned, Restored};
use task_orchestrator_shared::admin::config::Reloaded;
use task_orchestrator_shared::restart::{Outcome, RestartReport};

use crate::model::words;
use crate::theme::Tone;
use crate::update::answers::refusal_in_words;

/// Names that a sentence lists; of more it says how many there are.
const MAX_NAMES: usize = 3;

/// What came of it, and how that is to be read. `label` is what was wanted.
pub(super) fn of(label: &str, reply: &Reply) -> (Tone, String) {
    match reply {
        Reply::Restart(report) => restarted(report),
        Reply::Snapshot(report) => {
            let (tasks, sessions) = (report.active_tasks, report.client_sessions);
            let size = words::bytes(report.size_bytes);
            let name = &report.snapshot;
            good(format!(
                "snapshot {name} taken and verified: {tasks} open tasks, {sessions} sessions, {size}"
            ))
        }
        Reply::Restored(restored) => good(restore(restored)),
        Reply::Pruned(pruned) => rotated(pruned),
        Reply::Reloaded(reloaded) => reloads(reloaded),
        Reply::Retried(answer) => retried(answer),
        Reply::Stopping(stopping) => {
            let sessions = words::counted(stopping.sessions, "session ends", "sessions end");
            (Tone::Warn, format!("the server (process {}) ends, and {sessions} with it", stopping.pid))
        }
        Reply::Done(done) => good(done.message.clone()),
        Reply::Refused(refusal) => {
            (Tone::Bad, format!("{label}: {}", refusal_in_words(&refusal.error, &refusal.hint)))
        }
        // None of these is the answer to an order.
        Reply::WhoAmI(_)
        | Reply::Roles(_)
        | Reply::Status(_)
        | Reply::View(_)
        | Reply::LogLines(_)
        | Reply::Health(_)
        | Reply::Readiness(_)
        | Reply::RestartStatus(_)
        | Reply::ReconnectTest(_)
        | Reply::Backups(_)
        | Reply::Verified(_)
        | Reply::Comparison(_)
        | Reply::RestorePlan(_)
        | Reply::DeadLetters(_)
        | Reply::DeadLetter(_)
        | Reply::Config(_)
        | Reply::Audit(_)
        | Reply::AuditVerdict(_)
        | Reply::Tasks(_)
        | Reply::Session(_) => good(format!("{label}: done")),
    }
}

fn good(text: String) -> (Tone, String) {
    (Tone::Good, text)
}

fn restarted(report: &RestartReport) -> (Tone, String) {
    let took = words::millis(report.duration_ms);
    let held = words::millis(report.downtime_ms);
    match report.outcome {
        Some(Outcome::Complete) => good(format!(
            "restart complete in {took}: generation {}, requests held at most {held}, {} replayed",
            report.generation, report.replayed_requests
        )),
        Some(Outcome::Cancelled) => {
            (Tone::Warn, "the restart was called off; nothing has changed".to_owned())
        }
        Some(Outcome::RolledBack) => (Tone::Warn, format!("rolled back after {took}: {}", report.message)),
        Some(Outcome::Failed) | None => {
            (Tone::Bad, format!("the restart failed after {took}: {}", report.message))
        }
    }
}

fn restore(restored: &Restored) -> String {
    let tasks = words::counted(restored.tasks, "task", "tasks");
    let held = words::millis(restored.held_ms);
    let mut text = format!("{} restored: {tasks}, requests held {held}", restored.name);
    if let Some(kept) = &restored.kept {
        text.push_str(&format!("; the database before is {kept}"));
    }
    if let Some(lost) = &restored.lost {
        text.push_str(&format!("; what was lost is in {lost}"));
    }
    text
}

fn rotated(pruned: &Pruned) -> (Tone, String) {
    let would = if pruned.dry_run { "would be " } else { "" };
    let (removed, compressed) = (pruned.removed.len(), pruned.compressed.len());
    let text = match (removed, compressed) {
        (0, 0) => "nothing to remove or to compress".to_owned(),
        (removed, compressed) => format!("{removed} {would}removed, {compressed} {would}compressed"),
    };
    if pruned.broken.is_empty() {
        return good(text);
    }
    let broken: Vec<String> = pruned.broken.iter().map(|file| file.name.clone()).collect();
    (Tone::Bad, format!("{text}; NOT GOOD: {}", names(&broken)))
}

fn reloads(reloaded: &Reloaded) -> (Tone, String) {
    let Reloaded { applied, needs_restart, needs_stop } = reloaded;
    let parts: Vec<String> =
        [("in force", applied), ("after a restart", needs_restart), ("after a stop", needs_stop)]
            .into_iter()
            .filter(|(_, keys)| !keys.is_empty())
            .map(|(when, keys)| format!("{when}: {}", names(keys)))
            .collect();
    let is_all = needs_restart.is_empty() && needs_stop.is_empty();
    let text = if parts.is_empty() { "nothing has changed".to_owned() } else { parts.join("; ") };
    (if is_all { Tone::Good } else { Tone::Warn }, format!("configuration read again: {text}"))
}

fn names(names: &[String]) -> String {
    let first: Vec<&str> = names.iter().take(MAX_NAMES).map(String::as_str).collect();
    match names.len().saturating_sub(MAX_NAMES) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// The worker's answer is one to a client, and may be an error.
fn retried(answer: &Value) -> (Tone, String) {
    let error = answer.get("error");
    let failed =
        answer.get("result").unwrap_or(answer).get("isError").and_then(Value::as_bool).unwrap_or(false);
    match error.and_then(|error| error.get("message")).and_then(Value::as_str) {
        Some(message) => (Tone::Bad, format!("tried again: the worker refused it: {message}")),
        None if error.is_some() || failed => {
            (Tone::Bad, "tried again: the worker answered with an error".to_owned())
        }
        None => good("tried again: the worker has carried it out".to_owned()),
    }
}

#[cfg(test)]
mod tests;

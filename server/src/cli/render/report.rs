//! How a restart ended, for people.

use std::io::{self, Write};

use task_orchestrator_shared::explain;
use task_orchestrator_shared::restart::{BuildReport, Outcome, RestartReport};

use super::text::{bytes, clean, count, milliseconds, row};
use crate::cli::screen::Paint;

/// Prints the whole of it.
pub(in crate::cli) fn report(report: &RestartReport, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    row(out, "restart", &outcome(report, paint))?;
    row(out, "", &clean(&report.message))?;
    row(out, "worker", &workers(report))?;
    let RestartReport { buffered_requests, replayed_requests, cleared_requests, suspended, .. } = report;
    let waited = milliseconds(report.downtime_ms);
    row(
        out,
        "waiting",
        &format!("{} held, at most {waited}", count(*buffered_requests, "request", "requests")),
    )?;
    row(
        out,
        "requests",
        &format!("{replayed_requests} replayed, {cleared_requests} cleared, {suspended} suspended"),
    )?;
    files(report, out)?;
    let note = report.note.as_deref().map(|note| format!(": {}", clean(note))).unwrap_or_default();
    row(out, "reason", &format!("{}{note}", report.reason.as_str()))?;
    row(out, "id", &format!("{} of {}", report.restart_id, clean(&report.requested_by)))?;
    phases(report, out)?;
    errors(report, paint, out)
}

fn outcome(report: &RestartReport, paint: Paint) -> String {
    let took = milliseconds(report.duration_ms);
    let kind = report.kind.as_str();
    match report.outcome {
        Some(Outcome::Complete) => format!("{} in {took} ({kind})", paint.good("complete")),
        Some(Outcome::Failed) => format!("{} after {took} ({kind})", paint.bad("failed")),
        Some(Outcome::RolledBack) => format!("{} after {took} ({kind})", paint.warning("rolled back")),
        Some(Outcome::Cancelled) => format!("{} after {took} ({kind})", paint.warning("cancelled")),
        None => format!("{} in {}, since {took} ({kind})", paint.warning("still running"), report.phase),
    }
}

fn workers(report: &RestartReport) -> String {
    let pid = |pid: Option<u32>| pid.map_or_else(|| "none".to_owned(), |pid| pid.to_string());
    match (report.old_pid, report.new_pid) {
        (Some(old), Some(new)) if old == new => {
            format!("pid {old} serves on, generation {}", report.generation)
        }
        (old, new) => format!("pid {} -> {}, generation {}", pid(old), pid(new), report.generation),
    }
}

fn files(report: &RestartReport, out: &mut dyn Write) -> io::Result<()> {
    match (&report.old_build, &report.new_build) {
        (Some(old), Some(new)) if old == new => row(out, "build", &format!("{}, unchanged", build(new)))?,
        (old, new) => {
            for (name, side) in [("old build", old), ("new build", new)] {
                if let Some(side) = side {
                    row(out, name, &build(side))?;
                }
            }
        }
    }
    if let Some(state) = &report.state {
        let tasks = count(state.active_tasks, "open task", "open tasks");
        let sessions = count(state.client_sessions, "session", "sessions");
        let size = bytes(state.size_bytes);
        row(out, "snapshot", &format!("{}, {size}, {tasks}, {sessions}", clean(&state.snapshot)))?;
    }
    if let Some(migration) = &report.migration {
        let backup = migration.backup.as_deref().map_or_else(|| "none".to_owned(), clean);
        row(out, "migration", &format!("schema {} -> {}, backup {backup}", migration.from, migration.to))?;
    }
    Ok(())
}

fn build(build: &BuildReport) -> String {
    let digest = build.sha256.as_deref().map(|sha256| sha256.chars().take(12).collect::<String>());
    let digest = digest.map(|digest| format!(" ({digest})")).unwrap_or_default();
    format!("{}{digest} {}", clean(&build.version), clean(&build.path))
}

fn phases(report: &RestartReport, out: &mut dyn Write) -> io::Result<()> {
    let mut name = "phases";
    for record in &report.phases {
        let took = record.duration_ms.map_or_else(|| "not ended".to_owned(), milliseconds);
        row(out, name, &format!("{:<24}{took:>9}", record.phase.as_str()))?;
        name = "";
    }
    Ok(())
}

fn errors(report: &RestartReport, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    for error in &report.errors {
        let code = explain::name(error.error_code);
        row(out, "error", &format!("{} in {}: {}", paint.bad(code), error.phase, clean(&error.error)))?;
        row(out, "", &format!("More: task-orchestrator explain {code}"))?;
    }
    Ok(())
}

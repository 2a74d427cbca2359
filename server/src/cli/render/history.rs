//! Where a restart is, and what there was, for people.

use std::io::{self, Write};

use task_orchestrator_shared::explain;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::{CurrentStatus, History, PastRestart, RestartStatus};
use task_orchestrator_shared::restart::Outcome;

use super::text::{clean, milliseconds, row, table};
use crate::cli::screen::Paint;

/// Prints the present state, then one line a restart.
pub(in crate::cli) fn history(status: &RestartStatus, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    current(&status.current_status, paint, out)?;
    let Some(history) = &status.history else { return Ok(()) };
    row(out, "restarts", &figures(history))?;
    if history.recent_restarts.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let titles = ["ENDED", "KIND", "REASON", "OUTCOME", "TOOK", "WAITED", "BY", "ERROR"].map(str::to_owned);
    let mut rows = vec![titles.to_vec()];
    rows.extend(history.recent_restarts.iter().map(past));
    table(out, paint, &rows)
}

fn current(status: &CurrentStatus, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let now = match status.phase {
        Phase::Idle => "idle".to_owned(),
        phase => format!("{phase}, {} %: {}", status.progress, clean(&status.message)),
    };
    row(out, "now", &now)?;
    if let Some(end) = &status.estimated_completion {
        row(out, "", &format!("expected to end {}", clean(end)))?;
    }
    if status.maintenance_mode {
        row(out, "maintenance", &paint.warning("on: new requests are held back"))?;
    }
    if let Some(reason) = &status.safe_mode {
        row(out, "safe mode", &paint.bad(&clean(reason)))?;
    }
    for error in status.errors.iter().flatten() {
        let code = explain::name(error.error_code);
        row(out, "error", &format!("{} in {}: {}", paint.bad(code), error.phase, clean(&error.error)))?;
    }
    Ok(())
}

fn figures(history: &History) -> String {
    let mut parts = vec![format!("{}, {} complete", history.total_restarts, history.successful_restarts)];
    let average = |seconds: f64| format!("{} on average", milliseconds(seconds * 1000.0));
    parts.extend(history.average_duration.map(average));
    parts.extend(
        history.success_rate_24h.map(|rate| format!("{:.0} % went well in the last day", rate * 100.0)),
    );
    parts.extend(history.last_successful_restart.as_deref().map(|at| format!("last {}", clean(at))));
    parts.join(", ")
}

fn past(restart: &PastRestart) -> Vec<String> {
    let outcome = match restart.outcome {
        Outcome::Complete => "complete",
        Outcome::Failed => "failed",
        Outcome::RolledBack => "rolled back",
        Outcome::Cancelled => "cancelled",
    };
    vec![
        clean(&restart.timestamp),
        restart.kind.as_str().to_owned(),
        restart.reason.as_str().to_owned(),
        outcome.to_owned(),
        milliseconds(restart.duration * 1000.0),
        milliseconds(restart.downtime_ms),
        clean(&restart.requested_by),
        restart.error.as_ref().map(|error| explain::name(error.error_code).to_owned()).unwrap_or_default(),
    ]
}

//! What has become of a restart.

use task_orchestrator_shared::admin::view::{RestartView, View};
use task_orchestrator_shared::explain;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{Outcome, Progress, RestartId, RestartReport};

use super::Line;
use crate::cli::render::text::{clean, milliseconds};

/// A restart begins, goes on or ends.
pub(super) fn restart(before: &View, after: &RestartView) -> Vec<Line> {
    let report = &after.report;
    let known = known(before, &report.restart_id);
    let mut lines = Vec::new();
    if known.is_none() {
        let RestartReport { restart_id, kind, reason, requested_by, .. } = report;
        let note = report.note.as_deref().map(|note| format!(", {}", clean(note))).unwrap_or_default();
        lines.push(Line::plain(format!(
            "restart {} begins: {}, {} of {}{note}",
            clean(&restart_id.0),
            kind.as_str(),
            reason.as_str(),
            clean(requested_by)
        )));
    }
    match report.outcome {
        Some(outcome) if known.is_none_or(|known| known.outcome.is_none()) => {
            lines.extend(end(report, outcome));
        }
        None if known.is_none_or(|known| known.phase != report.phase) => {
            lines.push(phase(report.duration_ms, report.phase, &report.message));
        }
        Some(_) | None => {}
    }
    lines
}

/// A restart goes on. More to say about the same phase is not told.
pub(super) fn progress(before: &View, progress: &Progress) -> Vec<Line> {
    match known(before, &progress.restart_id) {
        Some(known) if known.phase == progress.phase => Vec::new(),
        Some(_) | None => vec![phase(progress.elapsed_ms, progress.phase, &progress.message)],
    }
}

/// A line of the build command.
pub(super) fn build(line: &str) -> Vec<Line> {
    vec![Line::plain(format!("  | {}", clean(line)))]
}

fn known<'a>(before: &'a View, id: &RestartId) -> Option<&'a RestartReport> {
    before.restart.as_ref().map(|restart| &restart.report).filter(|report| report.restart_id == *id)
}

fn phase(elapsed_ms: f64, phase: Phase, message: &str) -> Line {
    Line::plain(format!("{:>9}  {:<24}{}", milliseconds(elapsed_ms), phase.as_str(), clean(message)))
}

fn end(report: &RestartReport, outcome: Outcome) -> Vec<Line> {
    let (took, waited) = (milliseconds(report.duration_ms), milliseconds(report.downtime_ms));
    let id = clean(&report.restart_id.0);
    let text = |ended: &str| format!("restart {id} {ended} after {took}; nobody waited more than {waited}");
    let mut lines = vec![match outcome {
        Outcome::Complete => Line::good(text("is complete")),
        Outcome::Failed => Line::bad(text("failed")),
        Outcome::RolledBack => Line::warning(text("was rolled back")),
        Outcome::Cancelled => Line::warning(text("was called off")),
    }];
    lines.extend(report.errors.iter().map(|error| {
        Line::bad(format!("{} in {}: {}", explain::name(error.error_code), error.phase, clean(&error.error)))
    }));
    lines
}

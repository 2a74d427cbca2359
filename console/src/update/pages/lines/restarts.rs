//! Restarts: one in full, and where they stand.

use task_orchestrator_shared::report::{PastRestart, RestartStatus};
use task_orchestrator_shared::restart::{BuildReport, Outcome, PhaseRecord, RestartError, RestartReport};

use super::{blank, fact, or_none, time, title, toned};
use crate::model::prompt::PageLine;
use crate::model::{Model, words};
use crate::theme::Tone;

/// One in full.
pub(super) fn report(report: &RestartReport) -> Vec<PageLine> {
    let (tone, word) = outcome(report.outcome);
    let mut lines = vec![
        toned(tone, word, &report.message),
        fact("kind", format!("{}, {}", report.kind.as_str(), report.reason.as_str().replace('_', " "))),
        fact("asked for by", &report.requested_by),
    ];
    lines.extend(report.note.as_ref().map(|note| fact("note", note)));
    let (took, held) = (words::millis(report.duration_ms), words::millis(report.downtime_ms));
    lines.push(fact("took", format!("{took}, requests were held at most {held}")));
    let (held, replayed, cleared) =
        (report.buffered_requests, report.replayed_requests, report.cleared_requests);
    lines.push(fact("requests", format!("{held} held, {replayed} sent a second time, {cleared} refused")));
    lines.extend(
        (report.suspended > 0).then(|| fact("suspended", format!("{} at a checkpoint", report.suspended))),
    );
    lines.push(fact("generation", report.generation.to_string()));
    lines.extend(report.old_build.as_ref().map(|old| fact("build before", build(old))));
    lines.extend(report.new_build.as_ref().map(|new| fact("build after", build(new))));
    lines.extend(
        report
            .state
            .as_ref()
            .map(|state| fact("snapshot", format!("{}, {}", state.snapshot, words::bytes(state.size_bytes)))),
    );
    lines.extend(report.migration.as_ref().map(|migration| {
        let backup = migration.backup.as_deref().unwrap_or("none");
        fact("schema", format!("{} to {}, backup {backup}", migration.from, migration.to))
    }));
    lines.extend(report.errors.iter().map(failure));
    lines.push(blank());
    lines.push(title("Phases"));
    lines.extend(report.phases.iter().map(phase));
    lines
}

fn outcome(outcome: Option<Outcome>) -> (Tone, &'static str) {
    match outcome {
        None => (Tone::Busy, "running"),
        Some(Outcome::Complete) => (Tone::Good, "complete"),
        Some(Outcome::Failed) => (Tone::Bad, "FAILED"),
        Some(Outcome::RolledBack) => (Tone::Warn, "ROLLED BACK"),
        Some(Outcome::Cancelled) => (Tone::Warn, "called off"),
    }
}

fn build(build: &BuildReport) -> String {
    let hash: String = build.sha256.as_deref().unwrap_or("unknown").chars().take(12).collect();
    format!("{} ({hash}) {}", build.version, build.path)
}

fn failure(error: &RestartError) -> PageLine {
    let code = task_orchestrator_shared::explain::page(error.error_code).name;
    toned(Tone::Bad, code, format!("{} (in {})", error.error, error.phase))
}

fn phase(record: &PhaseRecord) -> PageLine {
    let took = record.duration_ms.map_or_else(|| "runs".to_owned(), words::millis);
    PageLine::plain(format!("{:<26}{took}", record.phase.as_str()))
}

/// Where restarts stand.
pub(super) fn status(model: &Model, status: &RestartStatus) -> Vec<PageLine> {
    let current = &status.current_status;
    let mut lines = vec![
        fact("phase", format!("{}, {} %", current.phase, current.progress)),
        PageLine::plain(&*current.message),
    ];
    lines.extend(current.errors.iter().flatten().map(failure));
    lines.push(blank());
    lines.push(title("Earlier ones"));
    let earlier = status.history.iter().flat_map(|history| &history.recent_restarts);
    lines.extend(or_none(earlier.map(|restart| past(model, restart)).collect(), "none"));
    lines
}

fn past(model: &Model, past: &PastRestart) -> PageLine {
    let (tone, word) = outcome(Some(past.outcome));
    let took = words::millis(past.duration * 1000.0);
    toned(tone, &time(model, &past.timestamp), format!("{word} in {took}, {}", past.kind.as_str()))
}

//! A restart in sentences: the one that runs, and how one ended.

use task_orchestrator_shared::admin::view::RestartView;
use task_orchestrator_shared::explain::name;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{Outcome, PhaseRecord, RestartReport};

use super::text::{fact, phase, time, wrapped};
use crate::model::{Model, words};

/// How it stands with it, in a sentence.
pub(super) fn summary(model: &Model, restart: &RestartView) -> String {
    let report = &restart.report;
    match report.outcome {
        Some(_) => format!("{}, {}", time(&report.started_at, model), outcome(report)),
        None => format!("{} runs, {}: {}", report.restart_id, phase(report.phase), report.message),
    }
}

/// How it ended, in a word.
pub(super) fn ended(report: &RestartReport) -> &'static str {
    match report.outcome {
        Some(Outcome::Complete) => "is complete",
        Some(Outcome::Failed) => "FAILED",
        Some(Outcome::RolledBack) => "was rolled back",
        Some(Outcome::Cancelled) => "was called off",
        None => "runs",
    }
}

/// How it ended, with its numbers.
pub(super) fn outcome(report: &RestartReport) -> String {
    let took = words::millis(report.duration_ms);
    let how = ended(report);
    format!(
        "restart {} {how} after {took}: generation {} serves, requests were held at most {}, {} replayed, \
         {} answered with an error",
        report.restart_id,
        report.generation,
        words::millis(report.downtime_ms),
        report.replayed_requests,
        report.cleared_requests
    )
}

/// A phase that is over, with its place among the eight.
pub(super) fn phase_done(of: Phase, took_ms: f64) -> String {
    format!("{} took {}.", numbered(of), words::millis(took_ms))
}

/// A phase with its place among the eight.
pub(super) fn numbered(of: Phase) -> String {
    match Phase::EIGHT.iter().position(|phase| *phase == of) {
        Some(at) => format!("Phase {} of {}, {},", at + 1, Phase::EIGHT.len(), phase(of)),
        None => format!("Phase {}", phase(of)),
    }
}

/// The one that runs, or ran last, in full.
pub(super) fn lines(model: &Model, restart: &RestartView) -> Vec<String> {
    let report = &restart.report;
    let mut facts = vec![
        summary(model, restart),
        fact("kind", report.kind.as_str()),
        fact("reason", report.reason.as_str().replace('_', " ")),
        fact("asked for by", &report.requested_by),
    ];
    facts.extend(report.note.iter().map(|note| fact("note", note)));
    if report.outcome.is_some() {
        facts.extend(phases(&report.phases));
    } else {
        facts.push(format!("{} runs.", numbered(report.phase)));
    }
    if let Some(progress) = &restart.progress
        && report.outcome.is_none()
    {
        let left = progress
            .deadline_ms
            .map_or_else(String::new, |left| format!(", given up in {}", words::millis(left)));
        facts.push(fact("now", format!("{}{left}", progress.message)));
        facts.push(fact("held", progress.held.to_string()));
        facts.push(fact("in flight", progress.in_flight.to_string()));
    }
    facts.extend(
        report
            .errors
            .iter()
            .map(|error| fact("error", format!("{}: {}", name(error.error_code), error.error))),
    );
    facts.iter().flat_map(|fact| wrapped(fact)).collect()
}

/// Each phase that it went through.
pub(super) fn phases(records: &[PhaseRecord]) -> Vec<String> {
    let said = |record: &PhaseRecord| match record.duration_ms {
        Some(took) => phase_done(record.phase, took),
        None => format!("{} runs.", numbered(record.phase)),
    };
    records.iter().map(said).collect()
}

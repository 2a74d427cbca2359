//! Two restarts beside each other, phase by phase.

use task_orchestrator_shared::phase::Phase;

use crate::model::prompt::PageLine;
use crate::model::steps::{Run, outcome};
use crate::model::{Model, words};
use crate::theme::Tone;

/// Milliseconds below which a difference is noise.
const NOISE_MS: f64 = 1.0;

/// The part of the older one by which a difference is noted.
const NOTED: f64 = 0.2;

/// The page: the older one first.
pub(super) fn lines(model: &Model, older: &Run<'_>, newer: &Run<'_>) -> Vec<PageLine> {
    let mut lines = vec![
        PageLine::of(Tone::Title, row("", older.id, newer.id, "difference")),
        PageLine::plain(row("ended", &ended(model, older), &ended(model, newer), "")),
        words_of("outcome", outcome(older.outcome), outcome(newer.outcome)),
        words_of("kind", older.kind.as_str(), newer.kind.as_str()),
        words_of("reason", older.reason.as_str(), newer.reason.as_str()),
        words_of("asked by", older.requested_by, newer.requested_by),
        PageLine::plain(""),
        figures("took", Some(older.duration_ms), Some(newer.duration_ms)),
        figures("held at most", Some(older.held_ms), Some(newer.held_ms)),
        PageLine::plain(""),
    ];
    for phase in Phase::EIGHT {
        let took = |run: &Run<'_>| {
            let record = run.phases.iter().find(|record| record.phase == phase);
            record.and_then(|record| record.duration_ms)
        };
        lines.push(figures(phase.as_str(), took(older), took(newer)));
    }
    for run in [older, newer] {
        if let Some(error) = run.error {
            lines.push(PageLine::plain(""));
            lines.push(PageLine::of(
                Tone::Bad,
                format!("{} failed in {}: {}", run.id, error.phase, error.error),
            ));
        }
    }
    lines
}

fn ended(model: &Model, run: &Run<'_>) -> String {
    let at = run.ended_at.and_then(|at| at.parse().ok());
    at.map_or_else(|| "?".to_owned(), |at| words::time(at, model.now.wall, &model.settings.zone))
}

fn row(label: &str, older: &str, newer: &str, difference: &str) -> String {
    format!("{label:<24}{older:>16}{newer:>16}   {difference}").trim_end().to_owned()
}

fn words_of(label: &str, older: &str, newer: &str) -> PageLine {
    let difference = if older == newer { "" } else { "differs" };
    PageLine::plain(row(label, older, newer, difference))
}

fn figures(label: &str, older: Option<f64>, newer: Option<f64>) -> PageLine {
    let told = |took: Option<f64>| took.map_or_else(|| "not reached".to_owned(), words::millis);
    let (tone, difference) = match (older, newer) {
        (Some(older), Some(newer)) => difference(older, newer),
        _ => (Tone::Plain, String::new()),
    };
    PageLine::of(tone, row(label, &told(older), &told(newer), &difference))
}

/// How much longer or shorter the newer one took.
fn difference(older: f64, newer: f64) -> (Tone, String) {
    let by = newer - older;
    if by.abs() < NOISE_MS {
        return (Tone::Plain, "the same".to_owned());
    }
    let percent = if older > 0.0 { format!(", {:+.0} %", by / older * 100.0) } else { String::new() };
    let is_noted = by.abs() > older * NOTED;
    let sign = if by < 0.0 { '-' } else { '+' };
    let said = format!("{sign}{}{percent}", words::millis(by.abs()));
    match by < 0.0 {
        _ if !is_noted => (Tone::Plain, said),
        true => (Tone::Good, format!("{said}  faster")),
        false => (Tone::Warn, format!("{said}  SLOWER")),
    }
}

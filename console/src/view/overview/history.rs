//! Earlier restarts, each against the objective.

use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::restart::Outcome;
use task_orchestrator_shared::role::Operation;

use super::{clock, missing};
use crate::model::steps::{Run, outcome};
use crate::model::{Model, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::view::restarts::look;
use crate::widgets::{Pen, gauge};

/// Cells of the word at the end.
const WORD: u16 = 12;

/// What stands above it.
pub(super) fn title(model: &Model, view: &View) -> String {
    let objective = words::millis(model.settings.objective_ms);
    match &view.history {
        None => "Earlier restarts".to_owned(),
        Some(history) => {
            let over = history
                .recent
                .iter()
                .filter(|past| past.duration * 1000.0 > model.settings.objective_ms)
                .count();
            let day = history
                .success_rate_24h
                .map_or_else(String::new, |rate| format!(", day {:.0} %", rate * 100.0));
            format!(
                "Restarts: {} of {} well{day}, {over} over {objective}",
                history.successful, history.total
            )
        }
    }
}

/// Draws it.
pub(super) fn draw(model: &Model, view: &View, pen: &mut Pen<'_, '_>) {
    let Some(history) = &view.history else {
        let why = missing(model, pen, Operation::RestartStatus);
        pen.line([why]);
        return;
    };
    if history.recent.is_empty() {
        pen.line([(Tone::Dim, "there was none yet")]);
    }
    let objective = model.settings.objective_ms;
    let longest = history.recent.iter().map(|past| past.duration * 1000.0).fold(0.0, f64::max);
    // One that took minutes does not make all others invisible.
    let most = longest.clamp(objective * 1.25, objective * 4.0);
    for past in history.recent.iter().take(usize::from(pen.rows())) {
        row(model, &Run::past(past), most, pen);
    }
}

fn row(model: &Model, run: &Run<'_>, most: f64, pen: &mut Pen<'_, '_>) {
    let (symbol, tone) = look(run.outcome);
    let is_over = run.duration_ms > model.settings.objective_ms;
    let ended = run.ended_at.map_or_else(|| "now".to_owned(), |at| clock(model, at));
    let ended = format!("{ended:<8.16} ");
    let kind = format!("{:<9} ", run.kind.as_str());
    let (sign, over_sign) = (pen.sign(symbol), pen.sign(Symbol::Warn));
    let rest = pen.line([
        (Tone::Plain, ended),
        (tone, format!("{sign} ")),
        (Tone::Plain, kind),
        (Tone::Plain, format!("{:>7} ", words::millis(run.duration_ms))),
    ]);
    let canvas = pen.canvas();
    let [rest, words] = canvas.split_left(rest, rest.width.saturating_sub(WORD));
    let over = if is_over { format!(" {over_sign} over") } else { String::new() };
    if run.outcome == Some(Outcome::Complete) {
        canvas.put(words, &over, Tone::Warn);
    } else {
        canvas.put(words, &format!(" {}", outcome(run.outcome)), tone);
    }
    let bar = if is_over { Tone::Warn } else { Tone::Good };
    gauge::against(canvas, rest, run.duration_ms, model.settings.objective_ms, most, bar);
}

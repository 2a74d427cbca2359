//! The restart that runs, phase by phase, or the last one.

use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::explain;

use super::clock;
use crate::action::ActionId;
use crate::model::steps::{self, Run, outcome};
use crate::model::{Model, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::view::restarts::look;
use crate::widgets::{Pen, timeline};

/// What stands above it.
pub(super) fn title(model: &Model, view: &View) -> String {
    match Run::current(view) {
        None => "Restart: none yet".to_owned(),
        Some(run) if run.is_running() && model.is_live() => {
            format!("{} restart runs", capital(run.kind.as_str()))
        }
        Some(run) if run.is_running() => {
            format!("{} restart ran, how it ended is not known", capital(run.kind.as_str()))
        }
        Some(run) => {
            let ended = run.ended_at.map_or_else(|| "?".to_owned(), |at| clock(model, at));
            format!("Last restart, {ended}: {}", outcome(run.outcome))
        }
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Draws it.
pub(super) fn draw(model: &Model, view: &View, pen: &mut Pen<'_, '_>) {
    let Some(run) = Run::current(view) else {
        pen.text(Tone::Dim, "nothing was restarted since this server started", 2);
        let action = ActionId::Restart.action();
        if let Some(key) = model.settings.keymap.hint(action.id).filter(|_| model.barred(action).is_none()) {
            pen.line([
                (Tone::Key, key.to_string()),
                (Tone::Plain, " restarts it; its clients stay".to_owned()),
            ]);
        }
        return;
    };
    let clock = steps::clock(model).filter(|_| run.is_running());
    if pen.rows() > 8 {
        summary(model, view, &run, pen);
    }
    let elapsed = clock.map_or(run.duration_ms, |clock| clock.elapsed_ms);
    let steps = run.steps(elapsed);
    let area = pen.take_rows(8);
    timeline::draw(pen.canvas(), area, &steps, clock.and_then(|clock| clock.left_ms));
    if !run.is_running() {
        // What was, not what is.
        pen.canvas().fade(area);
    }
}

/// It in a line or two.
fn summary(model: &Model, view: &View, run: &Run<'_>, pen: &mut Pen<'_, '_>) {
    if let Some(report) = steps::running(view) {
        let clock = steps::clock(model);
        let took = clock.map_or(report.duration_ms, |clock| clock.elapsed_ms);
        let held = view.restart.as_ref().and_then(|restart| restart.progress.as_ref());
        let held =
            held.map_or_else(String::new, |at| format!(", {} held, {} in flight", at.held, at.in_flight));
        // In the row of the phase where there is room for it.
        let left = clock.and_then(|clock| clock.left_ms).filter(|_| pen.width() < 56);
        let left = left.map_or_else(String::new, |left| format!(" +{} at most", words::millis(left)));
        let words = format!("{} %, {}{left}{held}", report.progress, words::millis(took));
        pen.signed(Symbol::Busy, Tone::Busy, &words);
        if pen.rows() > 8 {
            match run.error {
                Some(error) => pen.signed(Symbol::Bad, Tone::Bad, &error.error),
                None => pen.line([(Tone::Busy, format!("  {}", report.message))]),
            };
        }
        return;
    }
    let (symbol, tone) = look(run.outcome);
    let objective = model.settings.objective_ms;
    let is_over = run.duration_ms > objective;
    let over = if is_over { format!(" {} over", pen.sign(Symbol::Warn)) } else { String::new() };
    let goal = if is_over { format!(" {}", words::millis(objective)) } else { String::new() };
    let took = words::millis(run.duration_ms);
    let held = words::millis(run.held_ms);
    let kind = run.kind.as_str();
    let sign = pen.sign(symbol);
    let way = |words: String| vec![(tone, format!("{sign} {words}"))];
    let ways = [
        way(format!("{kind} in {took}{over}{goal}, held at most {held}")),
        way(format!("{kind} {took}{over}, held {held}")),
    ];
    let way = Pen::fitting(ways, pen.width());
    pen.line(way);
    match run.error {
        Some(error) => {
            let code = explain::name(error.error_code);
            pen.signed(Symbol::Bad, Tone::Bad, &format!("{code} in {}: {}", error.phase, error.error))
        }
        None => pen.line([(Tone::Dim, format!("  by {}, {}", run.requested_by, run.reason.as_str()))]),
    };
}

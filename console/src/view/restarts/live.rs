//! The restart that runs: its phases beside its figures and what the build command says.

use ratatui::layout::Rect;
use task_orchestrator_shared::admin::view::RestartView;

use super::detail;
use crate::model::steps::{self, Run};
use crate::model::{Model, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::view::layout::Layout;
use crate::widgets::{Canvas, Pen, gauge, timeline};

/// Cells that the gauge of the whole has, at most.
const GAUGE: u16 = 24;

/// Draws it.
pub(super) fn draw(
    model: &Model,
    restart: &RestartView,
    canvas: &mut Canvas<'_>,
    area: Rect,
    layout: Layout,
) {
    let mut pen = Pen::new(canvas, area);
    head(model, restart, &mut pen);
    if layout >= Layout::Small {
        pen.line([(Tone::Busy, &restart.report.message)]);
        return;
    }
    pen.text(Tone::Busy, &restart.report.message, 1);
    let rest = pen.rest();
    let [left, right] = canvas.split_left(rest, rest.width / 2);
    let run = Run::full(restart);
    let clock = steps::clock(model);
    let elapsed = clock.map_or(run.duration_ms, |clock| clock.elapsed_ms);
    let [phases, below] = canvas.split_top(left, 8);
    timeline::draw(canvas, phases, &run.steps(elapsed), clock.and_then(|clock| clock.left_ms));
    detail::errors(model, &run, &mut Pen::new(canvas, below));
    let mut pen = Pen::new(canvas, right);
    detail::figures(restart, &mut pen);
    detail::output(&restart.build_output, &mut pen);
}

/// What runs, how far it is and how long it may still take.
fn head(model: &Model, restart: &RestartView, pen: &mut Pen<'_, '_>) {
    let report = &restart.report;
    let clock = steps::clock(model);
    let elapsed = clock.map_or(report.duration_ms, |clock| clock.elapsed_ms);
    let is_over = elapsed > model.settings.objective_ms;
    let rest = pen.signed(
        Symbol::Busy,
        Tone::Busy,
        &format!("{} {} ", report.kind.as_str(), words::millis(elapsed)),
    );
    let over = if is_over {
        format!("{} over {} ", pen.sign(Symbol::Warn), words::millis(model.settings.objective_ms))
    } else {
        String::new()
    };
    let left = clock.and_then(|clock| clock.left_ms);
    let left = left.map_or_else(String::new, |left| format!(" gives up in {}", words::millis(left)));
    let canvas = pen.canvas();
    let rest = canvas.put(rest, &over, Tone::Warn);
    let [bar, rest] = canvas.split_left(rest, GAUGE.min(rest.width / 3));
    gauge::draw(canvas, bar, f64::from(report.progress) / 100.0, Tone::Busy);
    let rest = canvas.put(rest, &format!(" {} %", report.progress), Tone::Busy);
    canvas.put(rest, &left, Tone::Plain);
}

//! The eight phases below each other: a sign, number and name, how long, and where they
//! lie on the time of the whole restart.

use ratatui::layout::Rect;

use super::{Canvas, Pen};
use crate::model::steps::{Step, StepState};
use crate::model::words;
use crate::symbols::Symbol;
use crate::theme::Tone;

/// Cells of sign, number and longest name.
const NAME: u16 = 28;

/// Cells of a duration.
const TOOK: u16 = 9;

/// Fewest cells in which it is shown where a phase lies.
const LEAST_FOR_PART: u16 = 6;

/// Fewest cells in which something is said behind the duration.
const LEAST: u16 = 18;

/// Draws as many of them as there are rows, the one that runs among them.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, steps: &[Step], left_ms: Option<f64>) {
    let rows = usize::from(area.height);
    let running = steps.iter().position(|step| matches!(step.state, StepState::Running(_)));
    // The one that runs is not below the last row.
    let first = running.map_or(0, |at| (at + 1).saturating_sub(rows));
    let whole = steps.iter().map(|step| step.started_ms.unwrap_or(0.0) + step.took().unwrap_or(0.0));
    let whole = whole.fold(0.0, f64::max);
    let mut pen = Pen::new(canvas, area);
    for step in steps.iter().skip(first).take(rows) {
        row(&mut pen, step, whole, left_ms);
    }
}

fn row(pen: &mut Pen<'_, '_>, step: &Step, whole_ms: f64, left_ms: Option<f64>) {
    let (symbol, tone) = look(step.state);
    let row = pen.take();
    let sign = pen.sign(symbol);
    let none = pen.sign(Symbol::NotApplicable);
    let canvas = pen.canvas();
    let [name, rest] = canvas.split_left(row, NAME);
    canvas.put(name, &format!("{sign} {} {}", step.number, step.phase), tone);
    let [took, rest] = canvas.split_left(rest, TOOK);
    let figure = match step.state {
        StepState::ToCome => String::new(),
        StepState::NotReached => none.to_owned(),
        _ => step.took().map_or_else(|| "?".to_owned(), words::millis),
    };
    canvas.put_right(took, &figure, tone);
    let [_, bar] = canvas.split_left(rest, 1);
    if bar.width < LEAST && !matches!(step.state, StepState::Done(_)) {
        return;
    }
    match step.state {
        StepState::Running(_) => {
            let left = left_ms.map(|left| format!("gives up in {}", words::millis(left)));
            canvas.put(bar, &left.unwrap_or_else(|| "now".to_owned()), tone);
        }
        StepState::Failed(_) => {
            canvas.put(bar, "failed here", tone);
        }
        StepState::Done(Some(took)) => {
            part(canvas, bar, step.started_ms.unwrap_or(0.0), took, whole_ms, tone);
        }
        StepState::Done(None) | StepState::ToCome | StepState::NotReached => {}
    }
}

/// Where it lies on the whole: at least one cell, however short it was.
fn part(canvas: &mut Canvas<'_>, area: Rect, started_ms: f64, took_ms: f64, whole_ms: f64, tone: Tone) {
    if area.width < LEAST_FOR_PART || whole_ms <= 0.0 {
        return;
    }
    let cells = f64::from(area.width);
    let place = |at: f64| ((at / whole_ms * cells).round().clamp(0.0, cells)) as u16;
    let from = place(started_ms).min(area.width - 1);
    let to = place(started_ms + took_ms).max(from + 1);
    let [_, there] = canvas.split_left(area, from);
    let full = canvas.look().symbols.of(Symbol::Full).repeat(usize::from(to - from));
    canvas.put(there, &full, tone);
}

fn look(state: StepState) -> (Symbol, Tone) {
    match state {
        StepState::Done(_) => (Symbol::Done, Tone::Good),
        StepState::Running(_) => (Symbol::Busy, Tone::Busy),
        StepState::Failed(_) => (Symbol::Bad, Tone::Bad),
        StepState::ToCome => (Symbol::ToCome, Tone::Dim),
        StepState::NotReached => (Symbol::NotApplicable, Tone::Dim),
    }
}

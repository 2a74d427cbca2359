//! The restart that runs, earlier ones, and the chosen one in full.

mod detail;
mod live;

use ratatui::layout::Rect;
use task_orchestrator_shared::restart::Outcome;
use task_orchestrator_shared::role::Operation;

use super::clock;
use super::layout::Layout;
use crate::model::known::Freshness;
use crate::model::rows::history::History;
use crate::model::steps::{self, Run};
use crate::model::{Model, absent};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Canvas, Pen, Table};

/// Sign and tone of how a restart ended.
pub(super) fn look(outcome: Option<Outcome>) -> (Symbol, Tone) {
    match outcome {
        None => (Symbol::Busy, Tone::Busy),
        Some(Outcome::Complete) => (Symbol::Done, Tone::Good),
        Some(Outcome::Failed) => (Symbol::Bad, Tone::Bad),
        Some(Outcome::RolledBack) => (Symbol::Warn, Tone::Warn),
        Some(Outcome::Cancelled) => (Symbol::NotApplicable, Tone::Dim),
    }
}

/// Draws the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) {
    let Some((view, freshness)) = model.view() else { return };
    let running = view.restart.as_ref().filter(|_| steps::running(view).is_some());
    let rest = match running {
        Some(restart) => {
            let rows = match layout {
                Layout::Full => 14,
                Layout::Usual => 11,
                Layout::Small | Layout::Line => 2,
            };
            // On a small screen its details take the place of everything else.
            let rows = if layout >= Layout::Small && model.is_open { 0 } else { rows };
            let [top, rest] = canvas.split_top(area, rows);
            live::draw(model, restart, canvas, top, layout);
            if !freshness.is_live() {
                canvas.fade(top);
            }
            rest
        }
        None => area,
    };
    let rows = History::of(model, view);
    let is_narrow = layout >= Layout::Small || (layout == Layout::Usual && running.is_some());
    // The one that runs stands above already.
    let is_told = running.is_some() && rows.get(chosen(model, &rows)).is_some_and(Run::is_running);
    let [list, detail] = match layout {
        _ if is_narrow || is_told => [rest, Rect { height: 0, ..rest }],
        Layout::Full => canvas.split_left(rest, rest.width * 11 / 20),
        _ => canvas.split_top(rest, rest.height / 2 - 1),
    };
    if is_narrow && model.is_open {
        let chosen = chosen(model, &rows);
        chosen_one(model, rows.get(chosen), canvas, rest, freshness);
        return;
    }
    let is_known = view.history.is_some() || view.restart.is_some();
    let table = Table {
        title: "Restarts",
        rows: is_known.then_some((&rows as _, freshness)),
        absent: &absent::why(model, Operation::RestartStatus),
        nothing: "Nothing was restarted here yet.",
    };
    let chosen = table.draw(model, canvas, list);
    if let Some(run) = chosen.and_then(|row| rows.get(row)) {
        chosen_one(model, Some(run), canvas, detail, freshness);
    }
}

/// The number of the chosen row.
fn chosen(model: &Model, rows: &History<'_>) -> usize {
    use crate::model::rows::{arranged, place};
    let list = model.list();
    let order = arranged(rows, &list);
    order.get(place(rows, &order, &list)).copied().unwrap_or(0)
}

fn chosen_one(
    model: &Model,
    run: Option<&Run<'_>>,
    canvas: &mut Canvas<'_>,
    area: Rect,
    freshness: Freshness,
) {
    let Some(run) = run.filter(|_| !area.is_empty()) else { return };
    let [_, within] = canvas.split_left(area, u16::from(area.width > 60 || area.x > 0));
    detail::draw(model, run, &mut Pen::new(canvas, within));
    if !freshness.is_live() {
        canvas.fade(area);
    }
}

#[cfg(test)]
mod tests;

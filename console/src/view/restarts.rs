//! The restart that runs, earlier ones, and the chosen one in full.

mod detail;
mod live;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use task_orchestrator_shared::restart::Outcome;
use task_orchestrator_shared::role::Operation;

use super::clock;
use super::layout::Layout;
use crate::model::known::Freshness;
use crate::model::rows::{self, history::History};
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

/// Whether there is no room for the list and the details.
fn is_narrow(layout: Layout, is_running: bool) -> bool {
    layout >= Layout::Small || (layout == Layout::Usual && is_running)
}

/// Whether the details stand in the place of the list.
pub(super) fn is_alone(model: &Model, layout: Layout) -> bool {
    model.is_open && layout >= Layout::Usual
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
    let is_narrow = is_narrow(layout, running.is_some());
    // The one that runs stands above already.
    let is_told = running.is_some() && chosen(model, &rows).is_some_and(Run::is_running);
    let [list, detail] = match layout {
        _ if is_narrow || is_told => [rest, Rect { height: 0, ..rest }],
        Layout::Full => canvas.split_left(rest, rest.width * 11 / 20),
        // Rows that the list does not need are the details'.
        _ => {
            let wanted = u16::try_from(rows::Rows::count(&rows)).unwrap_or(u16::MAX).saturating_add(3);
            canvas.split_top(rest, (rest.height / 2).saturating_sub(1).min(wanted))
        }
    };
    if is_alone(model, layout) {
        alone(model, chosen(model, &rows), canvas, rest, freshness);
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

fn chosen<'a, 'b>(model: &Model, rows: &'b History<'a>) -> Option<&'b Run<'a>> {
    rows::chosen(model, rows).and_then(|row| rows.get(row))
}

/// Most lines that the details of one restart have: of the build output the last ones.
const MAX_LINES: u16 = 60;

/// The details of a restart as they are where they stand alone, and how many lines they are.
fn in_full(model: &Model, run: &Run<'_>, width: u16) -> (Buffer, u16) {
    let area = Rect::new(0, 0, width, MAX_LINES);
    let mut buffer = Buffer::empty(area);
    let mut canvas = Canvas::new(model.settings.look, &mut buffer);
    canvas.restyle(area, model.settings.look.base());
    let mut pen = Pen::new(&mut canvas, area);
    detail::draw(model, run, &mut pen);
    let lines = MAX_LINES - pen.rows();
    (buffer, lines)
}

/// How many lines the details of the chosen restart have when they stand alone.
pub(super) fn detail_lines(model: &Model) -> usize {
    let Some((view, _)) = model.view() else { return 0 };
    let rows = History::of(model, view);
    chosen(model, &rows).map_or(0, |run| usize::from(in_full(model, run, model.size.0).1))
}

/// The chosen one where there is room for nothing else: it can be scrolled.
fn alone(model: &Model, run: Option<&Run<'_>>, canvas: &mut Canvas<'_>, area: Rect, freshness: Freshness) {
    let Some(run) = run.filter(|_| !area.is_empty()) else { return };
    let (buffer, lines) = in_full(model, run, area.width);
    let top = super::top_of(model, canvas, area, usize::from(lines));
    canvas.copy(area, &buffer, u16::try_from(top).unwrap_or(lines));
    let below = usize::from(lines).saturating_sub(top + usize::from(area.height));
    if below > 0 {
        let row = canvas.row(area, 0);
        canvas.put_right(row, &format!(" {below} more below"), Tone::Dim);
    }
    if !freshness.is_live() {
        canvas.fade(area);
    }
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

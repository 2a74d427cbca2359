//! Every client session, and beside the list what is to be known of the chosen one.

mod detail;

use ratatui::layout::Rect;
use task_orchestrator_shared::role::Operation;

use super::layout::Layout;
use crate::model::rows::{self, sessions::Sessions};
use crate::model::{Model, absent};
use crate::symbols::Symbols;
use crate::theme::Tone;
use crate::widgets::rich::{self, Line, line};
use crate::widgets::{Canvas, Table};
use detail::Detail;

/// Rows that the details have below the list, with their title.
const fn rows_below(layout: Layout) -> u16 {
    match layout {
        Layout::Full => 14,
        Layout::Usual => 9,
        Layout::Small | Layout::Line => 0,
    }
}

/// Draws the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) {
    if model.is_open && alone(model, canvas, area) {
        return;
    }
    let known = model.view().map(|(view, freshness)| (Sessions::of(view), freshness));
    let table = Table {
        title: "Connections",
        rows: known.as_ref().map(|(rows, freshness)| (rows as _, *freshness)),
        absent: &absent::why(model, Operation::View),
        nothing: "No client is connected to this server.",
    };
    let [list, below] = canvas.split_bottom(area, rows_below(layout));
    let chosen = table.draw(model, canvas, list);
    let session = chosen.and_then(|row| known.as_ref().and_then(|(rows, _)| rows.get(row)));
    if let (Some((view, _)), Some(session)) = (model.view(), session) {
        let symbols = canvas.look().symbols;
        beside(canvas, below, &Detail { model, view, session, symbols });
    }
}

/// The details in the room below the list: facts, and beside them what waits above what
/// happened.
fn beside(canvas: &mut Canvas<'_>, area: Rect, detail: &Detail<'_>) {
    let area = rich::ruled(canvas, area, &detail.title());
    let [left, right] = canvas.split_left(area, area.width / 2);
    let [left, _] = canvas.split_left(left, left.width.saturating_sub(1));
    rich::lines(canvas, left, &detail.facts(), 0);
    if detail.model.view().is_some_and(|(_, freshness)| !freshness.is_live()) {
        canvas.fade(left);
    }
    let (requests, history) = (detail.requests(), detail.history());
    let [title, rest] = canvas.split_top(right, 1);
    canvas.put(title, &requests_title(detail), Tone::Title);
    // What happened gets what it needs, but never the room of more than half.
    let needed = u16::try_from(history.len()).unwrap_or(u16::MAX).saturating_add(1);
    let room = if history.is_empty() { 0 } else { needed.min(rest.height / 2) };
    let [above, below] = canvas.split_bottom(rest, room);
    rich::lines(canvas, above, &requests, 0);
    let [title, below] = canvas.split_top(below, 1);
    canvas.put(title, "History", Tone::Title);
    rich::lines(canvas, below, &history, 0);
    if detail.freshness().is_some_and(|freshness| !freshness.is_live()) {
        canvas.fade(rest);
    }
}

fn requests_title(detail: &Detail<'_>) -> String {
    format!("Waits for an answer{}", detail.stamp())
}

/// The details alone, in the whole room; they can be scrolled. Returns whether there are any.
fn alone(model: &Model, canvas: &mut Canvas<'_>, area: Rect) -> bool {
    let symbols = canvas.look().symbols;
    let Some((title, lines)) = text(model, symbols) else { return false };
    let below = rich::ruled(canvas, area, &title);
    let top = super::top_of(model, canvas, below, lines.len());
    rich::lines(canvas, below, &lines, top);
    if model.view().is_some_and(|(_, freshness)| !freshness.is_live()) {
        canvas.fade(below);
    }
    true
}

/// How many lines the details of the chosen session have when they stand alone.
pub(super) fn detail_lines(model: &Model) -> usize {
    text(model, model.settings.look.symbols).map_or(0, |(_, lines)| lines.len())
}

fn text(model: &Model, symbols: Symbols) -> Option<(String, Vec<Line>)> {
    let (view, _) = model.view()?;
    let sessions = Sessions::of(view);
    let session = sessions.get(rows::chosen(model, &sessions)?)?;
    let detail = Detail { model, view, session, symbols };
    let mut lines = detail.facts();
    lines.push(line(Tone::Title, requests_title(&detail)));
    lines.extend(detail.requests());
    let history = detail.history();
    if !history.is_empty() {
        lines.push(line(Tone::Title, "History"));
        lines.extend(history);
    }
    Some((detail.title(), lines))
}

#[cfg(test)]
mod tests;

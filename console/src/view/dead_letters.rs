//! Requests that were given up, and why.

use ratatui::layout::Rect;
use task_orchestrator_shared::explain;
use task_orchestrator_shared::report::DeadLetter;
use task_orchestrator_shared::role::Operation;

use super::layout::Layout;
use crate::action::ActionId;
use crate::model::rows::{
    self,
    letters::{Letters, cause, sentence},
};
use crate::model::value::Value;
use crate::model::{Model, absent, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::rich::{self, Fact, Line, facts, line};
use crate::widgets::{Canvas, Table, wrap};

/// Rows below the list, with their title.
const fn rows_below(layout: Layout) -> u16 {
    match layout {
        Layout::Full => 13,
        Layout::Usual => 11,
        Layout::Small | Layout::Line => 0,
    }
}

/// Draws the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) {
    let known = model.view().and_then(|(view, freshness)| {
        view.dead_letters.as_deref().map(|letters| (Letters(letters), freshness))
    });
    let table = Table {
        title: "Dead letters",
        rows: known.as_ref().map(|(rows, freshness)| (rows as _, *freshness)),
        absent: &absent::why(model, Operation::ViewDeadLetters),
        nothing: "No request was given up.",
    };
    let has_any = known.as_ref().is_some_and(|(letters, _)| !letters.0.is_empty());
    let is_alone = model.is_open && has_any;
    let rows = if is_alone { area.height } else { rows_below(layout) };
    let [list, below] = canvas.split_bottom(area, if has_any { rows } else { 0 });
    let chosen = table.draw(model, canvas, list);
    let Some((letters, freshness)) = &known else { return };
    let Some(letter) = chosen.and_then(|row| letters.get(row)) else { return };
    let below = rich::ruled(canvas, below, &format!("Dead letter {}", letter.id));
    let lines = detail(model, canvas, letter, below.width);
    let top = if is_alone { super::top_of(model, canvas, below, lines.len()) } else { 0 };
    rich::lines(canvas, below, &lines, top);
    if !freshness.is_live() {
        canvas.fade(below);
    }
}

/// How many lines the details of the chosen letter have when they stand alone.
pub(super) fn detail_lines(model: &Model, canvas: &Canvas<'_>) -> usize {
    let letters = model.view().and_then(|(view, _)| view.dead_letters.as_deref()).unwrap_or_default();
    let letter = rows::chosen(model, &Letters(letters)).and_then(|row| letters.get(row));
    letter.map_or(0, |letter| detail(model, canvas, letter, model.size.0).len())
}

/// What became of it, what its client was told, and what is known of it.
fn detail(model: &Model, canvas: &Canvas<'_>, letter: &DeadLetter, width: u16) -> Vec<Line> {
    let page = explain::page(letter.error_code);
    let explains = model.settings.keymap.hint(ActionId::Explain);
    let explains = explains.map_or_else(String::new, |key| format!(" ({key} explains it)"));
    let told = format!("Its client was told {}: {}{explains}.", page.name, page.title.trim_end_matches('.'));
    let words = |text, tone| wrap::rows(text, width).map(move |text| line(tone, text));
    let mut lines: Vec<Line> = words(sentence(letter.cause), Tone::Warn).collect();
    lines.extend(words(&told, Tone::Plain));
    let time = match Value::time(&letter.at) {
        Value::Time(at) => words::time(at, model.now.wall, &model.settings.zone),
        _ => canvas.look().symbols.of(Symbol::Unknown).to_owned(),
    };
    let bytes = words::bytes(letter.bytes);
    lines.extend(facts(&[
        Fact::of("request", letter.method.clone()),
        Fact::of("given up", time),
        Fact::of("cause", cause(letter.cause)),
        Fact::of("client", letter.client.clone()),
        Fact::of("message", format!("number {} of this client, {bytes}", letter.sequence)),
        Fact::of("tried again", words::counted(u64::from(letter.retries), "time by hand", "times by hand")),
    ]));
    lines
}

#[cfg(test)]
mod tests;

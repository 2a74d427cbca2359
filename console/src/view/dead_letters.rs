//! Requests that were given up, and why.

use ratatui::layout::Rect;
use task_orchestrator_shared::explain;
use task_orchestrator_shared::report::DeadLetter;
use task_orchestrator_shared::role::Operation;

use super::layout::Layout;
use crate::action::ActionId;
use crate::model::rows::letters::{Letters, cause, sentence};
use crate::model::value::Value;
use crate::model::{Model, absent, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::rich::{self, Fact, facts};
use crate::widgets::{Canvas, Table, text};

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
    let is_alone = model.is_open && known.as_ref().is_some_and(|(letters, _)| !letters.0.is_empty());
    let has_any = known.as_ref().is_some_and(|(letters, _)| !letters.0.is_empty());
    let rows = if is_alone { area.height } else { rows_below(layout) };
    let [list, below] = canvas.split_bottom(area, if has_any { rows } else { 0 });
    let chosen = table.draw(model, canvas, list);
    if is_alone {
        canvas.page(below.height);
    }
    let Some((letters, freshness)) = &known else { return };
    if let Some(letter) = chosen.and_then(|row| letters.get(row)) {
        detail(model, canvas, below, letter);
        if !freshness.is_live() {
            canvas.fade(below);
        }
    }
}

/// What became of it, what its client was told, and what can be done.
fn detail(model: &Model, canvas: &mut Canvas<'_>, area: Rect, letter: &DeadLetter) {
    let area = rich::ruled(canvas, area, &format!("Dead letter {}", letter.id));
    let rest = text::wrapped(canvas, area, sentence(letter.cause), Tone::Warn);
    let page = explain::page(letter.error_code);
    let told = format!("Its client was told {}: {}.", page.name, page.title.trim_end_matches('.'));
    let rest = text::wrapped(canvas, rest, &told, Tone::Plain);
    let rest = text::wrapped(canvas, rest, &keys(model), Tone::Dim);
    let time = match Value::time(&letter.at) {
        Value::Time(at) => words::time(at, model.now.wall, &model.settings.zone),
        _ => canvas.look().symbols.of(Symbol::Unknown).to_owned(),
    };
    let lines = facts(&[
        Fact::of("request", letter.method.clone()),
        Fact::of("given up", time),
        Fact::of("cause", cause(letter.cause)),
        Fact::of("client", letter.client.clone()),
        Fact::of(
            "message",
            format!("number {} of this client, {}", letter.sequence, words::bytes(letter.bytes)),
        ),
        Fact::of("tried again", words::counted(u64::from(letter.retries), "time by hand", "times by hand")),
    ]);
    rich::lines(canvas, rest, &lines, 0);
}

/// What can be done with it, by the keys that are in force.
fn keys(model: &Model) -> String {
    let actions = [
        (ActionId::Explain, "explains the code"),
        (ActionId::ReadLetter, "reads what the client had written"),
        (ActionId::RetryLetter, "sends it again"),
        (ActionId::DiscardLetter, "forgets it"),
    ];
    let hints = actions
        .into_iter()
        .filter_map(|(action, what)| model.settings.keymap.hint(action).map(|key| format!("{key} {what}")));
    hints.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;

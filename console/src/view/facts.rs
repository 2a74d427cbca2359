//! Facts about what is chosen, and about a list as a whole: labels with values, and
//! parts of a line with a sign between them.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::action::ActionId;
use crate::model::{Model, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Canvas, text};

/// Cells of a label.
const LABEL: u16 = 14;

/// Parts of a line, with a sign between them.
pub(super) fn parts(canvas: &mut Canvas<'_>, area: Rect, parts: &[(Tone, String)]) {
    let between = format!(" {} ", canvas.look().symbols.of(Symbol::Between));
    let mut at = area;
    for (number, (tone, text)) in parts.iter().enumerate() {
        if number > 0 {
            at = canvas.put(at, &between, Tone::Dim);
        }
        at = canvas.put(at, text, *tone);
    }
}

/// A label with its value.
pub(super) type Fact<'a> = (&'a str, Tone, String);

/// Labels with values, as far as there is room: a row each, or as many as each value
/// needs where that is wanted.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, facts: &[Fact<'_>], whole: bool) {
    let mut area = area;
    for (label, tone, value) in
        facts.iter().filter(|(label, _, value)| !(label.is_empty() && value.is_empty()))
    {
        let [left, right] = canvas.split_left(area, LABEL);
        canvas.put(left, label, Tone::Dim);
        let rows = if whole { area.height } else { area.height.min(1) };
        let below = text::wrapped(canvas, Rect { height: rows, ..right }, value, *tone);
        // An empty value has a row too.
        let used = rows.saturating_sub(below.height).max(1);
        area = canvas.split_top(area, used)[1];
    }
}

/// What a key does, behind a sentence: `; f follows`. Nothing where the action has no key.
pub(super) fn hint(model: &Model, action: ActionId, what: &str) -> String {
    model.settings.keymap.hint(action).map_or_else(String::new, |key| format!("; {key} {what}"))
}

/// A moment as the server writes it, in the zone of this console.
pub(super) fn time(model: &Model, at: &str) -> Option<String> {
    let at = at.parse().ok()?;
    Some(words::time(at, model.now.wall, &model.settings.zone))
}

/// A length of time, in one unit.
pub(super) fn age(seconds: f64) -> String {
    Duration::try_from_secs_f64(seconds).map_or_else(|_| "?".to_owned(), words::age)
}

//! Facts about what is chosen, and about a list as a whole: labels with values, and
//! parts of a line with a sign between them.

use std::time::Duration;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::action::ActionId;
use crate::model::known::Freshness;
use crate::model::{Model, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::rich::{self, Fact};
use crate::widgets::{Canvas, wrap};

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

/// Facts below the list, a row each; or, where they stand alone, as many rows as each
/// needs, to be scrolled.
pub(super) fn below(
    model: &Model,
    canvas: &mut Canvas<'_>,
    area: Rect,
    title: &str,
    facts: &[Fact],
    freshness: Freshness,
) {
    let area = rich::ruled(canvas, area, title);
    let lines = if model.is_open { divided(facts, area.width) } else { rich::facts(facts) };
    let top = if model.is_open { super::top_of(model, canvas, area, lines.len()) } else { 0 };
    rich::lines(canvas, area, &lines, top);
    if !freshness.is_live() {
        canvas.fade(area);
    }
}

/// Facts whose texts go on in the next line where they are longer than one.
pub(super) fn divided(facts: &[Fact], width: u16) -> Vec<rich::Line> {
    let label = facts.iter().map(|fact| fact.label.width()).max().unwrap_or(0) + 2;
    let room = width.saturating_sub(u16::try_from(label).unwrap_or(u16::MAX)).max(1);
    let mut lines = Vec::new();
    for fact in facts {
        let parts = wrap::rows(&fact.text, room);
        let labels = std::iter::once(fact.label).chain(std::iter::repeat(""));
        for (before, part) in labels.zip(parts) {
            lines.push(vec![(Tone::Dim, format!("{before:<label$}")), (fact.tone, part.to_owned())]);
        }
    }
    lines
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

//! What can be chosen, a row each, and the word that has to be typed.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::popup;
use crate::model::dialog::{Content, Dialog, Field, Focus, NotYet};
use crate::msg::Hit;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::view::prompts::input;
use crate::widgets::{Canvas, wrap};

/// Cells for the sign and the name of a field.
const LABEL: u16 = 11;

/// Cells that an input has at least.
const LEAST_INPUT: u16 = 8;

/// A row of it.
enum Row<'a> {
    Field(usize),
    /// A part of the word that has to be typed, where it has no room beside what is
    /// typed: a word that is cut off cannot be typed.
    Word(&'a str),
    Typed,
}

/// How many rows there are, in so many cells.
pub(super) fn count(dialog: &Dialog, width: u16) -> usize {
    rows(dialog, width).len()
}

fn rows(dialog: &Dialog, width: u16) -> Vec<Row<'_>> {
    let mut rows: Vec<Row> = (0..dialog.fields.len()).map(Row::Field).collect();
    if dialog.must_type() {
        if before_input(dialog).width() + usize::from(LEAST_INPUT) > usize::from(width) {
            rows.extend(wrap::rows(&dialog.word, width.saturating_sub(2)).map(Row::Word));
        }
        rows.push(Row::Typed);
    }
    rows
}

fn before_input(dialog: &Dialog) -> String {
    format!("  type {} to confirm: ", dialog.word)
}

/// Draws those that fit, among them the one with the cursor.
pub(super) fn draw(dialog: &Dialog, canvas: &mut Canvas<'_>, area: Rect) {
    let rows = rows(dialog, area.width);
    let has_cursor = |row: &Row<'_>| match row {
        Row::Field(at) => dialog.focus == Focus::Field(*at),
        Row::Word(_) => false,
        Row::Typed => dialog.focus == Focus::Typed,
    };
    let at = rows.iter().position(has_cursor).unwrap_or(0);
    let room = usize::from(area.height);
    let first = popup::first_shown(at, rows.len(), room);
    let two = rows.iter().any(|row| matches!(row, Row::Word(_)));
    for (number, row) in (0..).zip(rows.iter().skip(first).take(room)) {
        let line = canvas.row(area, number);
        match row {
            Row::Field(at) => field(dialog, *at, canvas, line),
            Row::Word(part) => drop(canvas.put(line, &format!("  {part}"), Tone::Title)),
            Row::Typed => typed(dialog, canvas, line, two),
        }
    }
    let hidden = rows.len().saturating_sub(room);
    if hidden > 0 {
        let [_, last] = canvas.split_bottom(area, 1);
        let more = canvas.look().symbols.of(Symbol::More);
        canvas.put_right(last, &format!(" {more} {hidden} more: tab"), Tone::Key);
    }
}

fn field(dialog: &Dialog, at: usize, canvas: &mut Canvas<'_>, line: Rect) {
    let Some(field) = dialog.fields.get(at) else { return };
    canvas.hit(line, Hit::Field(at));
    let has_cursor = dialog.focus == Focus::Field(at);
    let symbols = canvas.look().symbols;
    let sign = if has_cursor { symbols.of(Symbol::Chosen) } else { " " };
    let [label, rest] = canvas.split_left(line, LABEL);
    let tone = if has_cursor { Tone::Key } else { Tone::Plain };
    canvas.put(label, &format!("{sign} {}", field.label), tone);
    let rest = problem(dialog, field, canvas, rest);
    content(field, has_cursor, canvas, rest);
}

/// What is missing or wrong, beside the field; returns what is left for the field.
fn problem(dialog: &Dialog, field: &Field, canvas: &mut Canvas<'_>, area: Rect) -> Rect {
    let Some(NotYet::Field(wrong)) = &dialog.refused else { return area };
    if wrong.field != field.id {
        return area;
    }
    let sign = canvas.look().symbols.of(Symbol::Bad);
    let whole = format!(" {sign} {}", wrong.what);
    // Where the sentence has no room it stands in the row above the buttons.
    let has_room = whole.width() + usize::from(LEAST_INPUT) <= usize::from(area.width);
    let text = if has_room { whole } else { format!(" {sign}") };
    canvas.put_right(area, &text, Tone::Bad)
}

fn content(field: &Field, has_cursor: bool, canvas: &mut Canvas<'_>, area: Rect) {
    let tone = if has_cursor { Tone::Chosen } else { Tone::Plain };
    match &field.content {
        Content::Choice(options, at) => {
            let name = options.get(*at).map_or("", |reason| reason.as_str());
            let rest = canvas.put(area, &format!("< {} >", name.replace('_', " ")), tone);
            canvas.put(rest, &format!(" {} of {}", at + 1, options.len()), Tone::Dim);
        }
        Content::Flag(flag) => {
            let mark = if *flag { "[x] yes" } else { "[ ] no" };
            let rest = canvas.put(area, mark, tone);
            canvas.put(rest, "  let everything in flight finish first", Tone::Dim);
        }
        Content::Text(text, required) => {
            let hint = if *required { "has to be given" } else { "for history and audit" };
            typed_into(canvas, area, text, has_cursor, hint);
        }
        Content::Seconds(text) => typed_into(canvas, area, text, has_cursor, "seconds; as configured"),
    }
}

/// An input between brackets; what it is for while it is empty and elsewhere the cursor.
fn typed_into(canvas: &mut Canvas<'_>, area: Rect, text: &tui_input::Input, has_cursor: bool, hint: &str) {
    let [open, rest] = canvas.split_left(area, 1);
    let [inner, close] = canvas.split_left(rest, rest.width.saturating_sub(1));
    canvas.put(open, "[", Tone::Line);
    canvas.put(close, "]", Tone::Line);
    if text.value().is_empty() {
        let from = u16::from(has_cursor);
        let [_, place] = canvas.split_left(inner, from);
        canvas.put(place, hint, Tone::Dim);
    }
    input::draw(canvas, inner, text, has_cursor, Tone::Plain);
}

fn typed(dialog: &Dialog, canvas: &mut Canvas<'_>, line: Rect, two: bool) {
    canvas.hit(line, Hit::Typed);
    let has_cursor = dialog.focus == Focus::Typed;
    let sign = if has_cursor { canvas.look().symbols.of(Symbol::Chosen) } else { " " };
    let before = if two { "  type this to confirm: ".to_owned() } else { before_input(dialog) };
    let tone = if has_cursor { Tone::Key } else { Tone::Plain };
    let [mark, _] = canvas.split_left(line, 1);
    let rest = canvas.put(line, &before, tone);
    canvas.put(mark, sign, Tone::Key);
    let is_done = dialog.typed.value().trim() == dialog.word;
    let symbol = if is_done { Symbol::Done } else { Symbol::ToCome };
    let sign = format!(" {}", canvas.look().symbols.of(symbol));
    let rest = canvas.put_right(rest, &sign, if is_done { Tone::Good } else { Tone::Dim });
    typed_into(canvas, rest, &dialog.typed, has_cursor, "");
}

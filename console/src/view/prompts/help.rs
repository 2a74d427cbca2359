//! The keys of a screen, from the table of actions: those of this screen first, then
//! those that work everywhere, in groups; with the role that each needs. What cannot be
//! done is marked, and why is said at the top, once for each reason.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{page, popup};
use crate::action::{ACTIONS, Action, ActionId, Danger, Where};
use crate::model::Model;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Canvas, wrap};

/// Columns from which lines are put beside each other.
const TWO_COLUMNS: u16 = 110;

/// A row of help.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// Between two groups.
    Blank,
    /// What stands above a group.
    Title(String),
    /// Why something cannot be done, or the next row of that.
    Reason {
        /// As much of the sentence as fits.
        text: String,
        /// Whether it is the first row of it.
        is_first: bool,
    },
    /// An action with its keys and its sentence, or the next row of that.
    Action {
        /// Which.
        action: &'static Action,
        /// As much of the sentence as fits.
        text: String,
        /// Whether it is the first row of it.
        is_first: bool,
        /// Whether it cannot be done.
        is_barred: bool,
    },
}

/// The groups of what can be done everywhere, by their first action.
const GROUPS: [(ActionId, &str); 4] = [
    (ActionId::Restart, "The server"),
    (ActionId::Up, "Moving and reading"),
    (ActionId::Overview, "Screens"),
    (ActionId::Help, "This console"),
];

/// How many rows help has on a terminal of this size.
pub fn count(model: &Model, size: (u16, u16)) -> usize {
    let (width, _) = super::inside(size);
    let rows = rows(model, column_width(width)).len();
    if width >= TWO_COLUMNS { rows.div_ceil(2) } else { rows }
}

fn column_width(width: u16) -> u16 {
    if width >= TWO_COLUMNS { (width - 3) / 2 } else { width }
}

/// Cells for the keys, and for the sentence: between them is a sign.
fn widths(width: u16) -> (u16, u16) {
    let keys = if width >= 50 { 14 } else { 8 };
    (keys, width.saturating_sub(keys + 2).max(1))
}

/// Every row, for columns of this width.
fn rows(model: &Model, width: u16) -> Vec<Row> {
    let here = ACTIONS.iter().copied().filter(|action| action.is_on(model.screen));
    let mut rows = reasons(model, here.clone(), width);
    let begin = rows.len();
    rows.push(Row::Title(format!("On {}", model.screen.title())));
    let (own, everywhere): (Vec<_>, Vec<_>) = here.partition(|action| action.place != Where::Everywhere);
    for action in own {
        rows.extend(rows_of(model, action, width));
    }
    for action in everywhere {
        if let Some((_, title)) = GROUPS.iter().find(|(first, _)| *first == action.id) {
            rows.extend([Row::Blank, Row::Title((*title).to_owned())]);
        }
        rows.extend(rows_of(model, action, width));
    }
    if matches!(rows.get(begin + 1), Some(Row::Blank)) {
        rows.drain(begin..begin + 2);
    }
    rows
}

/// Why some cannot be done, each reason once.
fn reasons(model: &Model, here: impl Iterator<Item = &'static Action>, width: u16) -> Vec<Row> {
    let mut all: Vec<String> = Vec::new();
    for why in here.filter_map(|action| model.barred(action)) {
        if !all.contains(&why) {
            all.push(why);
        }
    }
    if all.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![Row::Title("What cannot be done, and why".to_owned())];
    for why in all {
        let parts = wrap::rows(&why, width.saturating_sub(2)).enumerate();
        rows.extend(parts.map(|(row, text)| Row::Reason { text: text.to_owned(), is_first: row == 0 }));
    }
    rows.push(Row::Blank);
    rows
}

fn rows_of(model: &Model, action: &'static Action, width: u16) -> Vec<Row> {
    let (_, room) = widths(width);
    let is_barred = model.barred(action).is_some();
    let mut text = action.help.to_owned();
    text.push_str(super::palette::asks(action.danger));
    if let Some(role) = action.least_role() {
        text.push_str(&format!(" [{role}]"));
    }
    let rows = wrap::rows(&text, room).enumerate();
    rows.map(|(row, text)| Row::Action { action, text: text.to_owned(), is_first: row == 0, is_barred })
        .collect()
}

pub(super) fn draw(model: &Model, top: usize, canvas: &mut Canvas<'_>, area: Rect) {
    let body = super::between(canvas, area);
    let inner = popup::open(canvas, body, &format!("Keys on {}", model.screen.title()), Tone::Title);
    canvas.page(inner.height);
    let width = column_width(inner.width);
    let rows = rows(model, width);
    let count = if inner.width >= TWO_COLUMNS { rows.len().div_ceil(2) } else { rows.len() };
    let [left, right] = canvas.split_left(inner, width);
    column(model, canvas, left, rows.iter().take(count).skip(top));
    let [_, right] = canvas.split_left(right, 3);
    column(model, canvas, right, rows.iter().skip(count).skip(top));
    page::position(canvas, body, top, count, inner.height);
}

fn column<'a>(model: &Model, canvas: &mut Canvas<'_>, area: Rect, rows: impl Iterator<Item = &'a Row>) {
    for (row, content) in (0..area.height).zip(rows) {
        let line = canvas.row(area, row);
        match content {
            Row::Blank => {}
            Row::Title(title) => drop(canvas.put(line, title, Tone::Title)),
            Row::Reason { text, is_first } => {
                let sign = if *is_first { canvas.look().symbols.of(Symbol::Locked) } else { " " };
                canvas.put(line, &format!("{sign} {text}"), Tone::Warn);
            }
            Row::Action { action, text, is_first, is_barred } => {
                let (keys, _) = widths(area.width);
                let [first, rest] = canvas.split_left(line, keys);
                let [sign, rest] = canvas.split_left(rest, 2);
                if *is_first {
                    canvas.put(first, &keys_of(model, action, keys), Tone::Key);
                    let (symbol, tone) = mark(action, *is_barred);
                    let symbol = symbol.map_or("", |symbol| canvas.look().symbols.of(symbol));
                    canvas.put(sign, symbol, tone);
                }
                canvas.put(rest, text, if *is_barred { Tone::Dim } else { Tone::Plain });
            }
        }
    }
}

/// As many keys of an action as fit, the first one always.
fn keys_of(model: &Model, action: &Action, cells: u16) -> String {
    let mut text = String::new();
    for key in model.settings.keymap.keys(action.id) {
        let key = key.to_string();
        if !text.is_empty() && text.width() + key.width() + 2 > usize::from(cells) {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&key);
    }
    text
}

fn mark(action: &Action, is_barred: bool) -> (Option<Symbol>, Tone) {
    match (is_barred, action.danger) {
        (true, _) => (Some(Symbol::Locked), Tone::Dim),
        (false, Danger::Typed) => (Some(Symbol::Bad), Tone::Bad),
        (false, Danger::Confirm) => (Some(Symbol::Warn), Tone::Warn),
        (false, Danger::None | Danger::Looks | Danger::Harmless) => (None, Tone::Plain),
    }
}

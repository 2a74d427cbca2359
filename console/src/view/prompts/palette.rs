//! Actions by name: what matches, its key, what it asks for, and why it cannot be done
//! where it cannot.

use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use super::{input, popup};
use crate::action::{Action, Danger};
use crate::model::Model;
use crate::model::prompt::Palette;
use crate::msg::Hit;
use crate::palette::{Search, found};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Canvas, wrap};

/// Cells for the name of an action: the longest has 18.
const NAME: u16 = 19;

/// Cells for its key.
const KEY: u16 = 10;

/// Cells from which a sentence is begun.
const LEAST_TEXT: u16 = 16;

pub(super) fn draw(model: &Model, palette: &Palette, canvas: &mut Canvas<'_>, area: Rect) {
    let found = found(model);
    let place = popup::middle(area, 100, 26);
    let inner = popup::open(canvas, place, "Do what?", Tone::Title);
    let [line, rest] = canvas.split_top(inner, 1);
    let line = canvas.put(line, ":", Tone::Key);
    let line = canvas.put_right(line, &format!(" {} found", found.len()), Tone::Dim);
    input::draw(canvas, line, &palette.input, true, Tone::Plain);
    // What the chosen one does is said in full: the rows cut it off.
    let [list, told] = canvas.split_bottom(rest, if inner.height >= 7 { 2 } else { 1 });
    canvas.page(list.height);
    let room = usize::from(list.height);
    let first = popup::first_shown(palette.at, found.len(), room);
    let mut search = Search::new(palette.input.value().trim());
    for (row, (number, action)) in (0..).zip(found.iter().enumerate().skip(first).take(room)) {
        let line = canvas.row(list, row);
        item(model, &mut search, canvas, line, action, number == palette.at);
        canvas.hit(line, Hit::Item(number));
    }
    if let Some(action) = found.get(palette.at) {
        tell(model, canvas, told, action);
    } else {
        canvas.put(told, "nothing on this screen is called so", Tone::Dim);
    }
}

fn item(
    model: &Model,
    search: &mut Search,
    canvas: &mut Canvas<'_>,
    line: Rect,
    action: &Action,
    chosen: bool,
) {
    let symbols = canvas.look().symbols;
    let barred = model.barred(action);
    let sign = if chosen { symbols.of(Symbol::Chosen) } else { " " };
    let at = canvas.put(line, &format!("{sign} "), Tone::Key);
    let (mark, tone) = match (&barred, action.danger) {
        (Some(_), _) => (symbols.of(Symbol::Locked), Tone::Dim),
        (None, Danger::Typed) => (symbols.of(Symbol::Bad), Tone::Bad),
        (None, Danger::Confirm) => (symbols.of(Symbol::Warn), Tone::Warn),
        (None, Danger::None | Danger::Looks | Danger::Harmless) => (" ", Tone::Plain),
    };
    let at = canvas.put(at, &format!("{mark} "), tone);
    let [name, at] = canvas.split_left(at, NAME);
    highlighted(
        search,
        canvas,
        name,
        action.name,
        match (chosen, &barred) {
            (true, _) => Tone::Chosen,
            (false, Some(_)) => Tone::Dim,
            (false, None) => Tone::Plain,
        },
    );
    let [key, at] = canvas.split_left(at, KEY);
    let hint = model.settings.keymap.hint(action.id).map(|key| key.to_string()).unwrap_or_default();
    canvas.put(key, &hint, Tone::Key);
    // A few letters of a sentence say nothing.
    if at.width >= LEAST_TEXT {
        let (text, tone) = barred.as_deref().map_or((action.help, Tone::Plain), |why| (why, Tone::Dim));
        canvas.put(at, text, tone);
    }
}

/// A text with the letters that match underlined, which needs no colour.
fn highlighted(search: &mut Search, canvas: &mut Canvas<'_>, area: Rect, text: &str, tone: Tone) {
    let plain = canvas.look().style(tone);
    let found = plain.add_modifier(Modifier::UNDERLINED | Modifier::BOLD);
    let letters = search.letters(text);
    let mut at = area;
    let mut buffer = [0; 4];
    for (number, letter) in (0_u32..).zip(text.chars()) {
        let style = if letters.binary_search(&number).is_ok() { found } else { plain };
        at = canvas.put_styled(at, letter.encode_utf8(&mut buffer), style);
    }
}

fn tell(model: &Model, canvas: &mut Canvas<'_>, area: Rect, action: &Action) {
    let (tone, text) = match model.barred(action) {
        Some(why) => {
            let sign = canvas.look().symbols.of(Symbol::Locked);
            (Tone::Warn, format!("{sign} {}: {why}", action.label))
        }
        None => (Tone::Plain, format!("{}{}", action.help, asks(action.danger))),
    };
    let rows = wrap::rows(&text, area.width);
    let lost = text.width() > usize::from(area.width) * usize::from(area.height);
    for (row, text) in (0..area.height).zip(rows) {
        let more = if lost && row + 1 == area.height { canvas.look().symbols.of(Symbol::More) } else { "" };
        canvas.put(canvas.row(area, row), &format!("{text}{more}"), tone);
    }
}

/// What it asks for before it is done.
pub(super) const fn asks(danger: Danger) -> &'static str {
    match danger {
        Danger::None | Danger::Looks | Danger::Harmless => "",
        Danger::Confirm => " (asks first)",
        Danger::Typed => " (asks, and a word has to be typed)",
    }
}

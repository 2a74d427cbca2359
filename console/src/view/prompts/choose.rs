//! One of several.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::popup;
use crate::model::prompt::Choose;
use crate::msg::Hit;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::Canvas;

pub(super) fn draw(choose: &Choose, canvas: &mut Canvas<'_>, area: Rect) {
    let symbols = canvas.look().symbols;
    let longest = |text: fn(&crate::model::prompt::Item) -> &str| {
        choose.items.iter().map(|item| text(item).width()).max().unwrap_or(0)
    };
    let (labels, details) = (longest(|item| &item.label), longest(|item| &item.detail));
    let width = (labels + details + 12).max(choose.title.width() + 6);
    let height = choose.items.len().saturating_add(2);
    let place = popup::middle(area, cells(width), cells(height));
    let inner = popup::open(canvas, place, &choose.title, Tone::Title);
    canvas.page(inner.height);
    let room = usize::from(inner.height);
    let first = popup::first_shown(choose.at, choose.items.len(), room);
    for (row, (number, item)) in choose.items.iter().enumerate().skip(first).take(room).enumerate() {
        let line = canvas.row(inner, cells(row));
        let is_chosen = number == choose.at;
        let sign = if is_chosen { symbols.of(Symbol::Chosen) } else { " " };
        let mark = if item.is_on { symbols.of(Symbol::Done) } else { " " };
        let tone = if is_chosen { Tone::Chosen } else { Tone::Plain };
        let at = canvas.put(line, &format!("{sign} {mark} "), Tone::Key);
        let at = canvas.put(at, &format!("{:<labels$}", item.label), tone);
        canvas.put(at, &format!("  {}", item.detail), Tone::Dim);
        canvas.hit(line, Hit::Item(number));
    }
}

fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

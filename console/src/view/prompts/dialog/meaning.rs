//! What would happen, in rows: the sentence, what is lost, the numbers.

use ratatui::layout::Rect;

use crate::action::Danger;
use crate::model::dialog::{Dialog, Facts};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Canvas, wrap};

/// A row of it.
pub(super) struct Row {
    tone: Tone,
    symbol: Option<Symbol>,
    text: String,
}

/// All of it, in rows of so many cells, what decides most first.
pub(super) fn rows(dialog: &Dialog, width: u16) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |tone, symbol: Option<Symbol>, text: &str| {
        let room = width.saturating_sub(if symbol.is_some() { 2 } else { 0 });
        for (number, text) in wrap::rows(text, room).enumerate() {
            // The next rows of it stand under its first word.
            let indent = if number > 0 && symbol.is_some() { "  " } else { "" };
            let symbol = symbol.filter(|_| number == 0);
            rows.push(Row { tone, symbol, text: format!("{indent}{text}") });
        }
    };
    let (lines, refused) = match &dialog.facts {
        Facts::Asked(_, lines) | Facts::Known(lines) => (lines.as_slice(), None),
        Facts::Refused(why) => (&[][..], Some(why)),
    };
    if let Some(why) = refused {
        add(Tone::Bad, Some(Symbol::Bad), why);
    }
    if let Some(numbers) = lines.first() {
        add(Tone::Title, None, numbers);
    }
    if let Some(loss) = dialog.ask.loss() {
        add(Tone::Warn, Some(Symbol::Warn), loss);
    } else if dialog.must_type() && dialog.ask.action().action().danger < Danger::Typed {
        add(Tone::Warn, Some(Symbol::Warn), "for this reason what waits is answered with an error");
    }
    for line in lines.iter().skip(1) {
        add(Tone::Plain, None, line);
    }
    add(Tone::Dim, None, dialog.ask.action().action().help);
    rows
}

/// Draws as many as there is room for; the last row says how many are left.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, rows: &[Row], top: usize) {
    let room = usize::from(area.height);
    canvas.page(area.height);
    let top = top.min(rows.len().saturating_sub(room));
    let shown = rows.iter().skip(top).take(room);
    for (number, row) in (0..).zip(shown) {
        let line = canvas.row(area, number);
        let symbol = row.symbol.map(|symbol| canvas.look().symbols.of(symbol));
        let line = symbol.map_or(line, |sign| canvas.put(line, &format!("{sign} "), row.tone));
        canvas.put(line, &row.text, row.tone);
    }
    let left = rows.len().saturating_sub(top + room);
    if left > 0 {
        let [_, last] = canvas.split_bottom(area, 1);
        let more = canvas.look().symbols.of(Symbol::More);
        canvas.put_right(last, &format!(" {more} {left} more: pagedown"), Tone::Key);
    }
}

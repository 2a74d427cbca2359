//! The line in which a filter is typed, at the foot: the list above shows at once what
//! it does.

use ratatui::layout::Rect;

use super::input;
use crate::model::prompt::FilterPrompt;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::Canvas;

pub(super) fn draw(filter: &FilterPrompt, canvas: &mut Canvas<'_>, area: Rect) {
    let [above, foot] = canvas.split_bottom(area, 1);
    canvas.clear(foot);
    let symbols = canvas.look().symbols;
    if let Some(wrong) = &filter.wrong {
        let [_, line] = canvas.split_bottom(above, 1);
        canvas.clear(line);
        let text = format!("{} {wrong}; the last good one holds", symbols.of(Symbol::Bad));
        canvas.put(line, &text, Tone::Bad);
    }
    let hint = match area.width {
        100.. => "word  column:word  !not    enter keeps  esc as before",
        60.. => "  enter keeps  esc as before",
        _ => "",
    };
    let left = canvas.put(foot, "/", Tone::Key);
    let left = canvas.put_right(left, hint, Tone::Dim);
    input::draw(canvas, left, &filter.input, true, Tone::Plain);
}

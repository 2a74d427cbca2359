//! What lies over the screen, each in a file of its own. The topmost sees input first,
//! and whatever the terminal's size it is seen, or said, that it does.

mod choose;
pub mod dialog;
mod filter;
pub mod help;
mod input;
pub mod page;
mod palette;
mod popup;

use ratatui::layout::Rect;

use super::layout::Layout;
use crate::model::Model;
use crate::model::prompt::Prompt;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::Canvas;

/// Draws it over the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, body: Rect) {
    match &model.prompt {
        Prompt::None => {}
        Prompt::Help { top } => help::draw(model, *top, canvas, area),
        Prompt::Palette(palette) => palette::draw(model, palette, canvas, body),
        Prompt::Filter(filter) => filter::draw(filter, canvas, area),
        Prompt::Confirm(dialog) => dialog::draw(model, dialog, canvas, area),
        Prompt::Choose(choose) => choose::draw(choose, canvas, body),
        Prompt::Page(page) => page::draw(page, canvas, area),
    }
}

/// Where there is no room for it: what it is, and the way out.
pub(super) fn draw_line(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let what = match &model.prompt {
        Prompt::None => return,
        Prompt::Help { .. } => "help".to_owned(),
        Prompt::Palette(palette) => format!(":{}", palette.input.value()),
        Prompt::Filter(filter) => format!("/{}", filter.input.value()),
        Prompt::Confirm(dialog) => dialog.ask.title(&model.target.name),
        Prompt::Choose(choose) => choose.title.clone(),
        Prompt::Page(page) => page.title.clone(),
    };
    let [_, last] = canvas.split_bottom(area, 1);
    canvas.clear(last);
    let sign = canvas.look().symbols.of(Symbol::Warn);
    let at = canvas.put(last, &format!("{sign} too small: esc"), Tone::Warn);
    let between = format!(" {} ", canvas.look().symbols.of(Symbol::Between));
    let at = canvas.put(at, &between, Tone::Dim);
    canvas.put(at, &what, Tone::Plain);
}

/// Everything between the header and the foot.
fn between(canvas: &Canvas<'_>, area: Rect) -> Rect {
    let [_, body] = canvas.split_top(area, 1);
    let [body, _] = canvas.split_bottom(body, 1);
    body
}

/// How many columns and rows a prompt that covers everything between header and foot has
/// for its lines, in a frame with blanks at both sides.
fn inside(size: (u16, u16)) -> (u16, u16) {
    (size.0.saturating_sub(4), size.1.saturating_sub(4))
}

/// Whether prompts are drawn at all at this size.
pub(crate) fn fit(size: (u16, u16)) -> bool {
    Layout::of(Rect::new(0, 0, size.0, size.1)) != Layout::Line
}

#[cfg(test)]
mod tests;

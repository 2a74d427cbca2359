//! A text that is typed: as much of it as fits, always with the place of the cursor.

use ratatui::layout::{Position, Rect};
use tui_input::Input;
use unicode_width::UnicodeWidthChar;

use crate::theme::Tone;
use crate::widgets::Canvas;

/// Draws it into the first row of an area.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, input: &Input, has_cursor: bool, tone: Tone) {
    let area = canvas.row(area, 0);
    if area.is_empty() {
        return;
    }
    // The cursor stands behind the last letter, so one cell stays free for it.
    let room = usize::from(area.width - 1);
    let skip = input.visual_cursor().saturating_sub(room);
    let (mut hidden, mut used, mut shown) = (0, 0, String::new());
    for letter in input.value().chars() {
        let width = letter.width().unwrap_or(0);
        if hidden < skip {
            hidden += width;
            continue;
        }
        used += width;
        if used > usize::from(area.width) {
            break;
        }
        shown.push(letter);
    }
    canvas.put(area, &shown, tone);
    if has_cursor {
        let cells = input.visual_cursor().saturating_sub(hidden).min(room);
        let x = area.x.saturating_add(u16::try_from(cells).unwrap_or(0));
        canvas.cursor(Position { x, y: area.y });
    }
}

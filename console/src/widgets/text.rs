//! Sentences and labelled facts in any area.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::Canvas;
use crate::theme::Tone;

/// Writes a text over as many rows as it needs and there are, divided between words; the
/// last row says when more would follow. Returns what is left below.
pub fn wrapped(canvas: &mut Canvas<'_>, area: Rect, text: &str, tone: Tone) -> Rect {
    let mut area = area;
    let mut rest = text.trim();
    while !rest.is_empty() && area.height > 0 && area.width > 0 {
        let [line, below] = canvas.split_top(area, 1);
        let fitting = if area.height == 1 { rest.len() } else { end_of_line(rest, area.width) };
        let Some((now, later)) = rest.split_at_checked(fitting) else { break };
        canvas.put(line, now.trim_end(), tone);
        (rest, area) = (later.trim_start(), below);
    }
    area
}

/// How many bytes of the text stand in its first line: whole words, or a part of one that
/// is longer than the line.
fn end_of_line(text: &str, cells: u16) -> usize {
    let cells = usize::from(cells);
    if text.width() <= cells {
        return text.len();
    }
    let (mut end, mut used, mut at_space) = (0, 0, None);
    for (at, letter) in text.char_indices() {
        if letter.is_whitespace() {
            at_space = Some(at);
        }
        used += unicode_width::UnicodeWidthChar::width(letter).unwrap_or(0);
        if used > cells {
            break;
        }
        end = at + letter.len_utf8();
    }
    at_space.filter(|at| *at > 0).unwrap_or(end.max(text.chars().next().map_or(0, char::len_utf8)))
}

//! Sentences and labelled facts in any area.

use ratatui::layout::Rect;

use super::{Canvas, wrap};
use crate::theme::Tone;

/// Writes a text over as many rows as it needs and there are, divided between words; the
/// last row says when more would follow. Returns what is left below.
pub fn wrapped(canvas: &mut Canvas<'_>, area: Rect, text: &str, tone: Tone) -> Rect {
    let mut area = area;
    let mut rows = wrap::rows(text.trim(), area.width);
    while area.height > 0 && area.width > 0 {
        let [line, below] = canvas.split_top(area, 1);
        // The last one gets all that is left, which is cut off with a sign for it.
        let shown = if area.height == 1 { rows.clone().rest() } else { rows.next() };
        let Some(shown) = shown else { break };
        canvas.put(line, shown, tone);
        area = below;
    }
    area
}

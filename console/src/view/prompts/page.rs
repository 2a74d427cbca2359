//! Something to read, in rows as wide as there is room. How many rows there are is asked
//! by the update too, so that scrolling ends where the text does.

use ratatui::layout::Rect;

use super::popup;
use crate::model::prompt::Page;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Canvas, wrap};

/// How many rows a page has on a terminal of this size.
pub fn count(page: &Page, size: (u16, u16)) -> usize {
    let (width, _) = super::inside(size);
    page.lines.iter().map(|line| wrap::rows(&line.text, width).count()).sum()
}

pub(super) fn draw(page: &Page, canvas: &mut Canvas<'_>, area: Rect) {
    let body = super::between(canvas, area);
    let count = count(page, (area.width, area.height));
    // No larger than what there is to read, so that what it is about is seen beside it.
    let rows = u16::try_from(count.max(1).saturating_add(2)).unwrap_or(u16::MAX);
    let place = popup::middle(body, body.width, rows);
    let inner = popup::open(canvas, place, &page.title, Tone::Title);
    canvas.page(inner.height);
    if page.waits_for.is_some() {
        let sign = canvas.look().symbols.of(Symbol::Busy);
        canvas.put(inner, &format!("{sign} asking the server"), Tone::Busy);
        return;
    }
    let rows = page
        .lines
        .iter()
        .flat_map(|line| wrap::rows(&line.text, inner.width).map(move |row| (line.tone, row)));
    for (row, (tone, text)) in (0..inner.height).zip(rows.skip(page.top)) {
        canvas.put(canvas.row(inner, row), text, tone);
    }
    position(canvas, place, page.top, count, inner.height);
}

/// How far one is in what there is to read, at the foot of its frame; nothing where all
/// of it is shown.
pub(super) fn position(canvas: &mut Canvas<'_>, frame: Rect, top: usize, count: usize, room: u16) {
    let room = usize::from(room);
    if count <= room || frame.height < 2 {
        return;
    }
    let last = (top + room).min(count);
    let [_, foot] = canvas.split_bottom(frame, 1);
    let place = Rect { width: foot.width.saturating_sub(2), ..foot };
    canvas.put_right(place, &format!(" {}-{last} of {count} ", top + 1), Tone::Dim);
}

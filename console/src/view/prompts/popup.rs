//! The box that a prompt is drawn in: in the middle, cleared, framed. What is dangerous
//! has another frame and not only another colour.

use ratatui::layout::Rect;

use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::Canvas;

/// The place of a box of this size in the middle of an area.
pub(super) fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x.saturating_add((area.width - width) / 2),
        y: area.y.saturating_add((area.height - height) / 2),
        width,
        height,
    }
}

/// A box with a title, and what is within, with a blank at both sides.
pub(super) fn open(canvas: &mut Canvas<'_>, place: Rect, title: &str, tone: Tone) -> Rect {
    canvas.clear(place);
    let inner = canvas.frame(place, title, tone);
    narrow(inner)
}

/// The same in the frame of what is dangerous.
pub(super) fn open_dangerous(canvas: &mut Canvas<'_>, place: Rect, title: &str) -> Rect {
    canvas.clear(place);
    if place.width < 2 || place.height < 2 {
        return Rect { width: 0, height: 0, ..place };
    }
    let symbols = canvas.look().symbols;
    let sign = |symbol| symbols.of(symbol);
    let line = sign(Symbol::DangerHorizontal).repeat(usize::from(place.width - 2));
    let side = sign(Symbol::DangerVertical);
    let top = format!("{}{line}{}", sign(Symbol::DangerTopLeft), sign(Symbol::DangerTopRight));
    let bottom = format!("{}{line}{}", sign(Symbol::DangerBottomLeft), sign(Symbol::DangerBottomRight));
    canvas.put(canvas.row(place, 0), &top, Tone::Bad);
    canvas.put(canvas.row(place, place.height - 1), &bottom, Tone::Bad);
    for row in 1..place.height - 1 {
        let row = canvas.row(place, row);
        canvas.put(row, side, Tone::Bad);
        canvas.put_right(row, side, Tone::Bad);
    }
    if place.width > 4 {
        let head = Rect { x: place.x + 2, width: place.width - 4, height: 1, ..place };
        canvas.put(head, &format!(" {} {title} ", sign(Symbol::Warn)), Tone::Bad);
    }
    narrow(Rect { x: place.x + 1, y: place.y + 1, width: place.width - 2, height: place.height - 2 })
}

fn narrow(area: Rect) -> Rect {
    let sides = 2.min(area.width);
    Rect { x: area.x.saturating_add(sides / 2), width: area.width - sides, ..area }
}

/// The first of `count` rows to show where `room` fit and this one has to be among them.
pub(super) fn first_shown(at: usize, count: usize, room: usize) -> usize {
    let least = (at + 1).saturating_sub(room);
    // In the middle, so that what comes next is seen in both directions.
    at.saturating_sub(room / 2).max(least).min(count.saturating_sub(room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_is_shown() {
        for room in 0..12 {
            for count in 0..30 {
                for at in 0..count {
                    let first = first_shown(at, count, room);
                    assert!(room == 0 || (first..first + room).contains(&at), "{at} of {count} in {room}");
                    assert!(first <= count.saturating_sub(room));
                }
            }
        }
    }
}

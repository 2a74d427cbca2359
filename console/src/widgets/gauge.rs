//! How much of something is used, as a bar.

use ratatui::layout::Rect;

use super::Canvas;
use crate::symbols::Symbol;
use crate::theme::Tone;

/// Fills this part of the first row of an area, 0 to 1. What is more than nothing has at
/// least one full cell, and what is less than everything at least one empty one.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, part: f64, tone: Tone) {
    let [row, _] = canvas.split_top(area, 1);
    let full = cells(part, row.width);
    let symbols = canvas.look().symbols;
    let [left, right] = canvas.split_left(row, full);
    canvas.put(left, &symbols.of(Symbol::Full).repeat(usize::from(left.width)), tone);
    canvas.put(right, &symbols.of(Symbol::Empty).repeat(usize::from(right.width)), Tone::Line);
}

/// Full cells of a gauge that is so wide.
fn cells(part: f64, width: u16) -> u16 {
    if !part.is_finite() || part <= 0.0 {
        return 0;
    }
    if part >= 1.0 {
        return width;
    }
    // Below `width`, so it fits.
    let cells = (part * f64::from(width)).round() as u16;
    cells.clamp(1.min(width), width.saturating_sub(1).max(1).min(width))
}

/// A length on a scale that ends at `most`, with a mark at `mark`. What goes beyond the
/// scale ends with the sign for more.
pub fn against(canvas: &mut Canvas<'_>, area: Rect, value: f64, mark: f64, most: f64, tone: Tone) {
    let [row, _] = canvas.split_top(area, 1);
    if row.is_empty() || most <= 0.0 {
        return;
    }
    let full = cells(value / most, row.width);
    let symbols = canvas.look().symbols;
    let [left, _] = canvas.split_left(row, full);
    canvas.put(left, &symbols.of(Symbol::Full).repeat(usize::from(left.width)), tone);
    if value > most {
        let [_, last] = canvas.split_left(row, row.width - 1);
        canvas.put(last, symbols.of(Symbol::More), tone);
    }
    let place = cells(mark / most, row.width).min(row.width - 1);
    let [_, there] = canvas.split_left(row, place);
    let [there, _] = canvas.split_left(there, 1);
    canvas.put(there, symbols.of(Symbol::Mark), Tone::Line);
}

#[cfg(test)]
mod tests {
    use super::cells;

    #[test]
    fn nothing_something_and_everything_differ() {
        assert_eq!(cells(0.0, 10), 0);
        assert_eq!(cells(0.001, 10), 1);
        assert_eq!(cells(0.5, 10), 5);
        assert_eq!(cells(0.999, 10), 9);
        assert_eq!(cells(1.0, 10), 10);
        assert_eq!(cells(7.0, 10), 10);
        assert_eq!(cells(f64::NAN, 10), 0);
        for width in [0, 1] {
            assert_eq!(cells(0.4, width), width);
        }
    }
}

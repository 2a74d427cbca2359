//! Figures over time as a curve: the newest at the right. What nobody has measured is a
//! gap, and nothing at all is a line at the bottom.

use ratatui::layout::Rect;

use super::Canvas;
use crate::symbols::Symbol;
use crate::theme::Tone;

/// Heights of one cell, from nothing to all of it.
const HEIGHTS: [Symbol; 8] = [
    Symbol::Eighth1,
    Symbol::Eighth2,
    Symbol::Eighth3,
    Symbol::Eighth4,
    Symbol::Eighth5,
    Symbol::Eighth6,
    Symbol::Eighth7,
    Symbol::Full,
];

/// Between which values a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The bottom.
    pub least: f64,
    /// The top.
    pub most: f64,
}

impl Scale {
    /// From nothing to the greatest of these.
    pub fn from_zero(values: impl Iterator<Item = Option<f64>>) -> Option<Self> {
        Self::around(values).map(|scale| Self { least: 0.0, ..scale })
    }

    /// From the least to the greatest of these; nothing where there are none.
    pub fn around(values: impl Iterator<Item = Option<f64>>) -> Option<Self> {
        values.flatten().filter(|value| value.is_finite()).fold(None, |scale, value| {
            let scale: Self = scale.unwrap_or(Self { least: value, most: value });
            Some(Self { least: scale.least.min(value), most: scale.most.max(value) })
        })
    }

    /// Which of so many heights a value has; the first is only for the bottom.
    fn height(self, value: f64, heights: usize) -> usize {
        let span = self.most - self.least;
        let last = heights.saturating_sub(1);
        if span <= 0.0 || !span.is_finite() {
            return usize::from(value > 0.0).min(last);
        }
        let part = ((value - self.least) / span).clamp(0.0, 1.0);
        // At most `last`.
        (part * last as f64).ceil() as usize
    }
}

/// Draws the newest values that fit, oldest first, over all rows of the area.
pub fn draw<I>(canvas: &mut Canvas<'_>, area: Rect, values: I, scale: Scale, tone: Tone)
where
    I: DoubleEndedIterator<Item = Option<f64>> + ExactSizeIterator,
{
    let area = canvas.clip(area);
    let shown = values.len().min(usize::from(area.width));
    let rows = usize::from(area.height);
    let symbols = canvas.look().symbols;
    let mut lines = vec![String::with_capacity(shown * 3); rows];
    let left_out = values.len() - shown;
    for value in values.skip(left_out) {
        let height = value.filter(|value| value.is_finite()).map(|value| scale.height(value, rows * 8));
        for (row, line) in lines.iter_mut().enumerate() {
            // Rows count from the top, heights from the bottom.
            let below = (rows - 1 - row) * 8;
            let sign = height.and_then(|height| height.checked_sub(below)).map(|height| height.min(7));
            let symbol = sign.and_then(|height| HEIGHTS.get(height));
            line.push_str(symbol.map_or(" ", |symbol| symbols.of(*symbol)));
        }
    }
    let indent = area.width.saturating_sub(u16::try_from(shown).unwrap_or(area.width));
    let [_, at] = canvas.split_left(area, indent);
    for (row, line) in (0..).zip(&lines) {
        canvas.put(canvas.row(at, row), line, tone);
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;

    use super::*;
    use crate::theme::Look;

    fn drawn(values: &[Option<f64>], width: u16, height: u16) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let scale = Scale::from_zero(values.iter().copied()).unwrap();
        draw(
            &mut Canvas::new(Look::default(), &mut buffer),
            area,
            values.iter().copied(),
            scale,
            Tone::Plain,
        );
        let line = |row| (0..width).map(|column| buffer[(column, row)].symbol().to_owned()).collect();
        (0..height).map(line).collect()
    }

    #[test]
    fn nothing_is_a_line_and_the_unknown_a_gap() {
        let values = [Some(0.0), None, Some(0.1), Some(4.0), Some(8.0)];
        assert_eq!(drawn(&values, 5, 1), ["▁ ▂▅█"]);
        assert_eq!(drawn(&values, 7, 1), ["  ▁ ▂▅█"]);
        assert_eq!(drawn(&values, 2, 1), ["▅█"]);
        assert_eq!(drawn(&values, 5, 2), ["   ▁█", "▁ ▂██"]);
        assert_eq!(drawn(&[Some(0.0)], 1, 1), ["▁"]);
    }

    #[test]
    fn no_area_is_no_problem() {
        for (width, height) in [(0, 0), (0, 3), (3, 0)] {
            drawn(&[Some(1.0), None], width, height);
        }
    }
}

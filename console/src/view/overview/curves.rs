//! Figures over time: a curve each, with what it reaches from and to.

use task_orchestrator_shared::admin::view::View;

use crate::model::series::{SECONDS, Second};
use crate::model::{Model, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::Pen;
use crate::widgets::sparkline::{self, Scale};

/// A curve: its name, its figure of one second, how that is written, whether it starts at
/// nothing.
type Curve = (&'static str, fn(&Second) -> Option<f64>, fn(f64) -> String, bool);

const CURVES: [Curve; 5] = [
    ("requests/s", |second| second.requests, rate, true),
    ("p50", |second| second.p50_ms, words::millis, true),
    ("p99", |second| second.p99_ms, words::millis, true),
    ("held", |second| second.buffered.map(|held| held as f64), count, true),
    ("memory", |second| second.memory.map(|bytes| bytes as f64), bytes, false),
];

/// Cells of the name and the newest figure.
const NAME: u16 = 21;

/// Cells of the labels of the scale.
const LABELS: u16 = 16;

fn rate(rate: f64) -> String {
    if rate < 10.0 && rate.fract() > 0.0 { format!("{rate:.1}") } else { format!("{rate:.0}") }
}

fn count(count: f64) -> String {
    format!("{count:.0}")
}

fn bytes(bytes: f64) -> String {
    // Never negative, and far below the greatest.
    words::bytes(bytes as u64)
}

/// What stands above it.
pub(super) fn title(_model: &Model, _view: &View) -> String {
    format!("Last {} minutes", SECONDS / 60)
}

/// Draws it.
pub(super) fn draw(model: &Model, _view: &View, pen: &mut Pen<'_, '_>) {
    // Rows that are left over go to the first curves.
    let rows = usize::from(pen.rows());
    for (number, curve) in CURVES.iter().enumerate() {
        let height = if rows >= CURVES.len() {
            rows / CURVES.len() + usize::from(number < rows % CURVES.len())
        } else {
            1
        };
        self::curve(model, curve, pen, u16::try_from(height.min(2)).unwrap_or(1));
    }
}

fn curve(model: &Model, (name, figure, written, from_zero): &Curve, pen: &mut Pen<'_, '_>, height: u16) {
    let values = || model.curves().seconds().map(figure);
    let area = pen.take_rows(height);
    let unknown = pen.sign(Symbol::Unknown);
    let canvas = pen.canvas();
    let [left, rest] = canvas.split_left(area, NAME.min(area.width / 2));
    let now = values().next_back().flatten().map_or_else(|| unknown.to_owned(), written);
    let [left, _] = canvas.split_left(canvas.row(left, 0), left.width.saturating_sub(1));
    canvas.put_right(left, &now, Tone::Plain);
    let [label, _] = canvas.split_left(left, 11);
    canvas.put(label, name, Tone::Dim);
    let scale = if *from_zero { Scale::from_zero(values()) } else { Scale::around(values()) };
    let Some(scale) = scale else { return };
    let labels = if area.width >= 55 { LABELS } else { 0 };
    let [curve, right] = canvas.split_left(rest, rest.width.saturating_sub(labels));
    let values = squeezed(model.curves().newest(), values(), curve.width);
    sparkline::draw(canvas, curve, values.into_iter(), scale, Tone::Busy);
    let label = format!(" {}", range(&written(scale.least), &written(scale.most)));
    canvas.put(canvas.row(right, 0), &label, Tone::Dim);
}

/// Two figures with their unit once, where it is the same.
fn range(least: &str, most: &str) -> String {
    match (least.split_once(' '), most.split_once(' ')) {
        (Some((least, unit)), Some((_, same))) if unit == same => format!("{least}..{most}"),
        _ => format!("{least}..{most}"),
    }
}

/// All seconds in so many cells: as many seconds in each as it takes, and of those the
/// greatest. A second stays with its neighbours while time goes on, so that the curve
/// moves and does not flicker.
fn squeezed(newest: u64, values: impl ExactSizeIterator<Item = Option<f64>>, cells: u16) -> Vec<Option<f64>> {
    let cells = u64::from(cells);
    if cells == 0 {
        return Vec::new();
    }
    let each = (SECONDS as u64).div_ceil(cells).max(1);
    let first = newest.saturating_sub(values.len().saturating_sub(1) as u64);
    let mut squeezed: Vec<Option<f64>> = Vec::with_capacity(values.len());
    let mut last = None;
    for (second, value) in (first..).zip(values) {
        let group = second / each;
        match squeezed.last_mut() {
            Some(cell) if last == Some(group) => {
                *cell = match (*cell, value) {
                    (Some(one), Some(other)) => Some(one.max(other)),
                    (one, other) => one.or(other),
                }
            }
            _ => squeezed.push(value),
        }
        last = Some(group);
    }
    // Always as many cells, wherever the first second lies among its neighbours.
    let most = SECONDS.div_ceil(usize::try_from(each).unwrap_or(SECONDS));
    squeezed.drain(..squeezed.len().saturating_sub(most));
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_keep_their_neighbours() {
        let of = |newest: u64, count: usize| {
            let first = newest + 1 - count as u64;
            let values: Vec<Option<f64>> = (first..=newest).map(|second| Some(second as f64)).collect();
            squeezed(newest, values.into_iter(), 24)
        };
        assert_eq!(of(39, 20), [Some(29.0), Some(39.0)]);
        assert_eq!(of(40, 20), [Some(29.0), Some(39.0), Some(40.0)]);
        assert_eq!(of(49, 20), [Some(39.0), Some(49.0)]);
        for newest in 1000..1020 {
            assert_eq!(of(newest, SECONDS).len(), 24);
        }
        assert!(squeezed(5, [Some(1.0)].into_iter(), 0).is_empty());
    }

    #[test]
    fn a_unit_is_written_once() {
        assert_eq!(range("0.0 ms", "3.1 ms"), "0.0..3.1 ms");
        assert_eq!(range("0.0 ms", "3.1 s"), "0.0 ms..3.1 s");
        assert_eq!(range("0", "7"), "0..7");
    }
}

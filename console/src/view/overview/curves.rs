//! Figures over time: a curve each, with what it reaches from and to.

use task_orchestrator_shared::admin::view::View;

use crate::model::series::Second;
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
const NAME: u16 = 22;

/// Cells of the labels of the scale.
const LABELS: u16 = 19;

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
    format!("Last {} minutes", crate::model::series::SECONDS / 60)
}

/// Draws it.
pub(super) fn draw(model: &Model, _view: &View, pen: &mut Pen<'_, '_>) {
    // Rows that are left over go to the first curves.
    let rows = usize::from(pen.rows());
    for (number, curve) in CURVES.iter().enumerate() {
        let height = if rows >= CURVES.len() { rows / CURVES.len() + usize::from(number < rows % CURVES.len()) } else { 1 };
        self::curve(model, curve, pen, u16::try_from(height.min(2)).unwrap_or(1));
    }
}

fn curve(model: &Model, (name, figure, written, from_zero): &Curve, pen: &mut Pen<'_, '_>, height: u16) {
    let values = || model.series.seconds().map(figure);
    let area = pen.take_rows(height);
    let unknown = pen.sign(Symbol::Unknown);
    let canvas = pen.canvas();
    let row = canvas.row(area, 0);
    let [left, rest] = canvas.split_left(area, NAME.min(area.width / 2));
    let now = values().next_back().flatten().map_or_else(|| unknown.to_owned(), written);
    let [left, _] = canvas.split_left(canvas.row(left, 0), left.width.saturating_sub(1));
    canvas.put_right(left, &now, Tone::Plain);
    let [label, _] = canvas.split_left(left, 11);
    canvas.put(label, name, Tone::Dim);
    let scale = if *from_zero { Scale::from_zero(values()) } else { Scale::around(values()) };
    let Some(scale) = scale else { return };
    let labels = if row.width >= 55 { LABELS } else { 0 };
    let [curve, right] = canvas.split_left(rest, rest.width.saturating_sub(labels));
    sparkline::draw(canvas, curve, values(), scale, Tone::Busy);
    let label = format!(" {} to {}", written(scale.least), written(scale.most));
    canvas.put(canvas.row(right, 0), &label, Tone::Dim);
}

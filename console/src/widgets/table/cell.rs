//! A value as it stands in a table: figures at the right, what is unknown and what does
//! not apply each with a sign of its own, neither of which is a zero.

use std::borrow::Cow;

use jiff::Timestamp;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::model::value::Value;
use crate::model::{Model, words};
use crate::symbols::{Symbol, Symbols};
use crate::theme::Tone;
use crate::widgets::canvas::end_of;
use crate::widgets::rich::bar;
use crate::widgets::{Canvas, phase_bar};

/// Fewest cells of a bar before a part of a whole.
const LEAST_BAR: u16 = 4;

/// Cells that the figures behind a bar have.
const FIGURES: u16 = 7;

/// A value as it is written.
#[derive(Debug)]
pub(super) struct Cell<'a> {
    text: Cow<'a, str>,
    /// Its own; absent: that of its row.
    tone: Option<Tone>,
}

/// The sign that says the same as a tone; nothing for one that says nothing.
pub fn sign_of(tone: Tone) -> Option<Symbol> {
    match tone {
        Tone::Good => Some(Symbol::Good),
        Tone::Warn => Some(Symbol::Warn),
        Tone::Bad => Some(Symbol::Bad),
        Tone::Busy => Some(Symbol::Busy),
        Tone::Dim => Some(Symbol::ToCome),
        Tone::Plain | Tone::Title | Tone::Key | Tone::Chosen | Tone::Line => None,
    }
}

impl<'a> Cell<'a> {
    /// A value in a column of this width.
    pub(super) fn of(value: &'a Value<'_>, width: u16, model: &Model, symbols: Symbols) -> Self {
        let plain = |text: Cow<'a, str>| Self { text, tone: None };
        let missing = |symbol| Self { text: symbols.of(symbol).into(), tone: Some(Tone::Dim) };
        match value {
            Value::Text(_) | Value::Count(_) | Value::Bytes(_) | Value::Millis(_) | Value::Flag(_) => {
                plain(value.plain())
            }
            Value::State(word, tone) => {
                let text = match sign_of(*tone) {
                    Some(sign) => format!("{} {word}", symbols.of(sign)).into(),
                    None => Cow::Borrowed(&**word),
                };
                Self { text, tone: Some(*tone) }
            }
            Value::Id(id) => plain(end_of(id, width, symbols.of(Symbol::More))),
            Value::Time(at) => plain(moment(*at, width, model).into()),
            Value::Part(part, whole) => plain(part_of(*part, *whole, width, symbols).into()),
            Value::Phases(phases) => plain(phase_bar::text(symbols, phases, width).into()),
            Value::Unknown => missing(Symbol::Unknown),
            Value::NotApplicable => missing(Symbol::NotApplicable),
        }
    }

    /// Writes it.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, place: Rect, is_right: bool, row: Tone) {
        let tone = self.tone.unwrap_or(row);
        if is_right {
            canvas.put_right(place, &self.text, tone);
        } else {
            canvas.put(place, &self.text, tone);
        }
    }
}

/// The time of day, or a day where there is no room for both.
fn moment(at: Timestamp, width: u16, model: &Model) -> String {
    let zone = &model.settings.zone;
    let text = words::time(at, model.now.wall, zone);
    if text.width() <= usize::from(width) {
        return text;
    }
    at.to_zoned(zone.clone()).strftime("%b %d").to_string()
}

/// `3/10`, with a bar in front where there is room for it: figures that are cut off are
/// other figures.
pub(super) fn part_of(part: u64, whole: u64, width: u16, symbols: Symbols) -> String {
    let figures = format!("{part}/{whole}");
    let wanted = FIGURES.max(u16::try_from(figures.len()).unwrap_or(u16::MAX));
    match width.checked_sub(wanted.saturating_add(1)) {
        Some(cells) if cells >= LEAST_BAR => format!("{} {figures:>7}", bar(part, whole, cells, symbols)),
        _ => figures,
    }
}

//! A value in a table: formatted, sorted, filtered and copied in one way everywhere.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use task_orchestrator_shared::restart::PhaseRecord;

use super::words;
use crate::theme::Tone;

/// A value in a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Words.
    Text(Cow<'a, str>),
    /// Words that mean something, with the tone in which they are said.
    State(Cow<'a, str>, Tone),
    /// A long name whose end tells more than its beginning: where there is no room it is
    /// cut off in front.
    Id(Cow<'a, str>),
    /// How many.
    Count(u64),
    /// Bytes.
    Bytes(u64),
    /// Milliseconds.
    Millis(f64),
    /// A moment.
    Time(Timestamp),
    /// Parts of a whole.
    Part(u64, u64),
    /// Yes or no.
    Flag(bool),
    /// The phases of a restart, drawn as a bar.
    Phases(&'a [PhaseRecord]),
    /// Nobody has measured it.
    Unknown,
    /// There is no such thing here.
    NotApplicable,
}

impl<'a> Value<'a> {
    /// Words.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A count that may be absent because nobody has measured it.
    pub fn count(count: Option<u64>) -> Self {
        count.map_or(Self::Unknown, Self::Count)
    }

    /// An RFC 3339 time, as the server writes them; what is none is unknown.
    pub fn time(text: &str) -> Self {
        text.parse().map_or(Self::Unknown, Self::Time)
    }

    /// The order in a sorted column: what is unknown or does not apply comes last.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self.weight(), other.weight()) {
            (Some(one), Some(two)) => one.total_cmp(&two),
            _ => self.words().cmp(other.words()).then(self.rank().cmp(&other.rank())),
        }
    }

    /// Whether there is nothing to compare.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Unknown | Self::NotApplicable)
    }

    /// Whether it is a figure: figures stand at the right of their column.
    pub fn is_figure(&self) -> bool {
        matches!(self, Self::Count(_) | Self::Bytes(_) | Self::Millis(_) | Self::Part(..))
    }

    fn weight(&self) -> Option<f64> {
        match self {
            Self::Count(count) | Self::Bytes(count) => Some(*count as f64),
            Self::Millis(millis) => Some(*millis),
            Self::Time(time) => Some(time.as_microsecond() as f64),
            Self::Part(part, whole) => Some(if *whole == 0 { 0.0 } else { *part as f64 / *whole as f64 }),
            Self::Phases(phases) => Some(phases.iter().filter_map(|phase| phase.duration_ms).sum()),
            Self::Flag(flag) => Some(f64::from(u8::from(*flag))),
            Self::Text(_) | Self::State(..) | Self::Id(_) | Self::Unknown | Self::NotApplicable => None,
        }
    }

    fn words(&self) -> &str {
        match self {
            Self::Text(text) | Self::State(text, _) | Self::Id(text) => text,
            _ => "",
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Unknown => 1,
            Self::NotApplicable => 2,
            _ => 0,
        }
    }
}

/// Phases with how long each took.
fn phases_in_words(phases: &[PhaseRecord]) -> String {
    let took = |record: &PhaseRecord| record.duration_ms.map_or_else(|| "?".to_owned(), words::millis);
    let told: Vec<String> =
        phases.iter().map(|record| format!("{} {}", record.phase, took(record))).collect();
    told.join(", ")
}

impl Value<'_> {
    /// It in words, as it is filtered and copied: the same everywhere and in every
    /// time zone. How it is drawn is the view's.
    pub fn plain(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) | Self::State(text, _) | Self::Id(text) => Cow::Borrowed(text),
            Self::Count(count) => count.to_string().into(),
            Self::Bytes(bytes) => words::bytes(*bytes).into(),
            Self::Millis(millis) => words::millis(*millis).into(),
            Self::Time(time) => format!("{time:.0}").into(),
            Self::Part(part, whole) => format!("{part}/{whole}").into(),
            Self::Phases(phases) => phases_in_words(phases).into(),
            Self::Flag(true) => "yes".into(),
            Self::Flag(false) => "no".into(),
            Self::Unknown => "unknown".into(),
            Self::NotApplicable => "none".into(),
        }
    }
}

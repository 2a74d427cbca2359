//! One thing that a filter asks for, and whether a value is so.

use std::cmp::Ordering;

use crate::model::value::Value;

/// One thing that a filter asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    /// Of this column; absent: of any.
    pub column: Option<String>,
    /// That it is so, or that it is not.
    pub wanted: bool,
    /// What.
    pub test: Test,
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    /// That these words, in small letters, stand in it.
    Words(String),
    /// That it is more or less than this, or the same where that is meant too.
    Figure(Ordering, bool, Figure),
    /// That its moment is before or after this, as far as it was written.
    Moment(Ordering, bool, String),
}

/// A figure with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Figure {
    /// Without one: counts, and the smallest unit of anything else.
    Plain(f64),
    /// Of time, in milliseconds.
    Millis(f64),
    /// Of size.
    Bytes(f64),
    /// Of a whole, 1 for all of it.
    Part(f64),
}

impl Test {
    /// The words that it looks for.
    pub(super) fn words(&self) -> Option<&str> {
        match self {
            Self::Words(words) => Some(words),
            Self::Figure(..) | Self::Moment(..) => None,
        }
    }

    /// Whether a value is so. What is missing is neither more nor less than anything.
    pub(super) fn holds(&self, value: &Value<'_>) -> bool {
        match self {
            Self::Words(words) => may_hold(value, words) && contains(&value.plain(), words),
            Self::Figure(wanted, or_same, figure) => {
                compared(value, *figure).is_some_and(|found| is_meant(found, *wanted, *or_same))
            }
            Self::Moment(wanted, or_same, moment) => {
                let Value::Time(_) = value else { return false };
                let plain = value.plain();
                // Only so far as it was written: `>2026-11-21` is any moment of a later day.
                let found = plain.chars().take(moment.len()).cmp(moment.chars());
                is_meant(found, *wanted, *or_same)
            }
        }
    }
}

fn is_meant(found: Ordering, wanted: Ordering, or_same: bool) -> bool {
    found == wanted || (or_same && found == Ordering::Equal)
}

fn compared(value: &Value<'_>, figure: Figure) -> Option<Ordering> {
    match (value, figure) {
        (Value::Count(count) | Value::Bytes(count), Figure::Plain(figure))
        | (Value::Bytes(count), Figure::Bytes(figure)) => (*count as f64).partial_cmp(&figure),
        (Value::Millis(millis), Figure::Plain(figure) | Figure::Millis(figure)) => {
            millis.partial_cmp(&figure)
        }
        (Value::Part(part, _), Figure::Plain(figure)) => (*part as f64).partial_cmp(&figure),
        (Value::Part(part, whole), Figure::Part(figure)) if *whole > 0 => {
            (*part as f64 / *whole as f64).partial_cmp(&figure)
        }
        _ => None,
    }
}

/// Whether writing the value in words is worth it: letters never stand in a count, nor
/// most of them in a time. Writing is what takes long with a thousand rows.
fn may_hold(value: &Value<'_>, words: &str) -> bool {
    match value {
        Value::Count(_) => words.bytes().all(|letter| letter.is_ascii_digit()),
        Value::Time(_) => words.bytes().all(|letter| letter.is_ascii_digit() || b"-:tz".contains(&letter)),
        Value::Bytes(_) => {
            words.bytes().all(|letter| letter.is_ascii_digit() || b". kmgtib".contains(&letter))
        }
        Value::Millis(_) => {
            words.bytes().all(|letter| letter.is_ascii_digit() || b"? .mins".contains(&letter))
        }
        _ => true,
    }
}

/// Whether a text has these words in it, which are in small letters already.
fn contains(text: &str, words: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(words);
    }
    let (text, words) = (text.as_bytes(), words.as_bytes());
    words.is_empty() || text.windows(words.len()).any(|part| part.eq_ignore_ascii_case(words))
}

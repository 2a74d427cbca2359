//! Dead letters as rows. The key is the letter's number.

use std::borrow::Cow;

use task_orchestrator_shared::explain;
use task_orchestrator_shared::report::{DeadCause, DeadLetter};

use super::{Column, Rows, Width};
use crate::model::value::Value;
use crate::theme::Tone;

const fn column(id: &'static str, title: &'static str, width: Width, priority: u8) -> Column {
    Column { id, title, width, priority }
}

/// What is told of a letter.
pub const COLUMNS: &[Column] = &[
    column("number", "no", Width::Fixed(5), 4),
    column("at", "given up", Width::Fixed(8), 2),
    column("cause", "cause", Width::Fixed(15), 0),
    column("method", "request", Width::Least(14), 0),
    column("code", "code", Width::Fixed(11), 3),
    column("client", "client", Width::Fixed(9), 5),
    column("sequence", "seq", Width::Fixed(6), 7),
    column("bytes", "bytes", Width::Fixed(9), 6),
    column("retries", "retries", Width::Fixed(7), 3),
];

/// Dead letters.
#[derive(Debug)]
pub struct Letters<'a>(pub &'a [DeadLetter]);

impl<'a> Letters<'a> {
    /// One of them.
    pub fn get(&self, row: usize) -> Option<&'a DeadLetter> {
        self.0.get(row)
    }
}

/// Why it was given up, in a word or two.
pub fn cause(cause: DeadCause) -> &'static str {
    match cause {
        DeadCause::Quarantined => "quarantined",
        DeadCause::Expired => "expired",
        DeadCause::NotReplayable => "not repeated",
    }
}

/// The same in a sentence.
pub fn sentence(cause: DeadCause) -> &'static str {
    match cause {
        DeadCause::Quarantined => {
            "Two workers ended while they had it: it may be what ended them, and no third one gets it."
        }
        DeadCause::Expired => {
            "It waited for a worker for longer than the configuration lets it (`buffer.expiry`)."
        }
        DeadCause::NotReplayable => {
            "Its worker ended, and it may have had an effect: it is not sent to another one by itself."
        }
    }
}

impl Rows for Letters<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.get(row).map_or_else(String::new, |letter| letter.id.to_string()).into()
    }

    fn value(&self, row: usize, column: usize) -> Value<'_> {
        let (Some(letter), Some(column)) = (self.get(row), COLUMNS.get(column)) else {
            return Value::NotApplicable;
        };
        match column.id {
            "number" => Value::Count(letter.id),
            "at" => Value::time(&letter.at),
            "cause" => {
                let tone = if letter.cause == DeadCause::Quarantined { Tone::Bad } else { Tone::Warn };
                Value::State(Cow::Borrowed(cause(letter.cause)), tone)
            }
            "method" => Value::text(&*letter.method),
            "code" => Value::text(explain::name(letter.error_code)),
            "client" => Value::Id(Cow::Borrowed(&letter.client)),
            "sequence" => Value::Count(letter.sequence),
            "bytes" => Value::Bytes(letter.bytes),
            _ => Value::Count(u64::from(letter.retries)),
        }
    }
}

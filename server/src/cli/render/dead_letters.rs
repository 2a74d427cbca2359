//! Requests that were set aside, for people.

use std::io::{self, Write};

use serde_json::Value;
use task_orchestrator_shared::explain;
use task_orchestrator_shared::report::{DeadCause, DeadLetter};

use super::text::{bytes, clean, row, table};
use crate::cli::screen::Paint;

/// Prints one line a letter.
pub(in crate::cli) fn list(letters: &[DeadLetter], paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if letters.is_empty() {
        return writeln!(out, "no dead letters");
    }
    let titles = ["ID", "AT", "CAUSE", "CODE", "SIZE", "RETRIES", "CLIENT", "METHOD"].map(str::to_owned);
    let mut rows = vec![titles.to_vec()];
    rows.extend(letters.iter().map(|letter| {
        vec![
            letter.id.to_string(),
            clean(&letter.at),
            cause(letter.cause).to_owned(),
            explain::name(letter.error_code).to_owned(),
            bytes(letter.bytes),
            letter.retries.to_string(),
            clean(&letter.client),
            clean(&letter.method),
        ]
    }));
    table(out, paint, &rows)
}

/// Prints a letter with its message.
pub(in crate::cli) fn whole(letter: &DeadLetter, out: &mut dyn Write) -> io::Result<()> {
    row(out, "id", &letter.id.to_string())?;
    row(out, "at", &clean(&letter.at))?;
    row(out, "cause", &format!("{}, {}", cause(letter.cause), explain::name(letter.error_code)))?;
    row(out, "client", &format!("{}, message {}", clean(&letter.client), letter.sequence))?;
    row(out, "method", &format!("{}, {}", clean(&letter.method), bytes(letter.bytes)))?;
    row(out, "retries", &letter.retries.to_string())?;
    match &letter.message {
        Some(message) => json(message, out),
        None => row(out, "message", "not kept"),
    }
}

/// Prints a message of somebody else over several lines.
pub(in crate::cli) fn json(message: &Value, out: &mut dyn Write) -> io::Result<()> {
    // JSON escapes most of what would steer the terminal, and not all of it.
    format!("{message:#}").lines().try_for_each(|line| writeln!(out, "{}", clean(line)))
}

fn cause(cause: DeadCause) -> &'static str {
    match cause {
        DeadCause::Quarantined => "quarantined",
        DeadCause::Expired => "expired",
        DeadCause::NotReplayable => "not replayable",
    }
}

//! Requests that were given up.

use serde_json::Value;
use task_orchestrator_shared::explain;
use task_orchestrator_shared::report::DeadLetter;

use super::{blank, fact, or_none, time, title, toned};
use crate::model::prompt::{MAX_PAGE_LINES, PageLine};
use crate::model::rows::letters::sentence;
use crate::model::{Model, words};
use crate::theme::Tone;

/// Each of them in a line.
pub(super) fn list(model: &Model, letters: &[DeadLetter]) -> Vec<PageLine> {
    let line = |letter: &DeadLetter| {
        let at = time(model, &letter.at);
        fact(&letter.id.to_string(), format!("{at} {}: {}", letter.method, sentence(letter.cause)))
    };
    or_none(letters.iter().map(line).collect(), "there is none")
}

/// One of them with what its client had written.
pub(super) fn letter(model: &Model, letter: &DeadLetter) -> Vec<PageLine> {
    let page = explain::page(letter.error_code);
    let mut lines = vec![
        toned(Tone::Warn, "why", sentence(letter.cause)),
        fact("client was told", format!("{}: {}", page.name, page.title)),
        fact("request", &letter.method),
        fact("given up", time(model, &letter.at)),
        fact("client", format!("{}, message {}", letter.client, letter.sequence)),
        fact("size", words::bytes(letter.bytes)),
        fact("tried again", words::counted(u64::from(letter.retries), "time", "times")),
        blank(),
        title("What its client had written"),
    ];
    match &letter.message {
        Some(message) => lines.extend(written(message)),
        None => lines.push(PageLine::of(Tone::Dim, "it is not kept any more")),
    }
    lines
}

/// A message of the protocol, as whoever debugs a client knows it.
fn written(message: &Value) -> Vec<PageLine> {
    let text = serde_json::to_string_pretty(message).unwrap_or_else(|error| error.to_string());
    // One more than fit, so that the page says that there is more.
    text.lines().take(MAX_PAGE_LINES + 1).map(PageLine::plain).collect()
}

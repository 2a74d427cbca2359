//! Prints what is heard until it is to end.

use std::future::Future;
use std::io;
use std::pin::pin;

use jiff::{Timestamp, Unit};
use serde_json::json;

use super::told::{Line, Tone};
use super::watching::Watching;
use crate::cli::heard::{Heard, Why};
use crate::cli::screen::{Paint, Screen};
use crate::cli::unfollowed::Unfollowed;
use crate::exit::Exit;

/// Prints until `end`, or until nobody reads any more: both are no mistake.
pub(super) async fn print_until(
    end: impl Future<Output = ()>,
    next: &mut impl AsyncFnMut() -> Option<Heard>,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Exit> {
    let mut watching = Watching::default();
    let mut end = pin!(end);
    loop {
        let heard = tokio::select! {
            biased;
            () = &mut end => return Ok(Exit::Done),
            heard = next() => heard.ok_or(Unfollowed::Ended)?,
        };
        let printed = if json { print_json(&heard, screen) } else { print(&heard, &mut watching, screen) };
        match printed.and_then(|()| Ok(screen.out.flush()?)) {
            Err(error) if is_closed(&error) => return Ok(Exit::Done),
            printed => printed?,
        }
        if let Some(unfollowed) = Unfollowed::of(&heard) {
            return Err(unfollowed.into());
        }
    }
}

fn is_closed(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn print(heard: &Heard, watching: &mut Watching, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    let now = Timestamp::now().round(Unit::Millisecond).unwrap_or_default().to_string();
    for (at, Line { tone, text }) in watching.heard(heard, &now) {
        writeln!(screen.out, "{at}  {}", painted(screen.paint, tone, &text))?;
    }
    Ok(())
}

fn painted(paint: Paint, tone: Tone, text: &str) -> String {
    match tone {
        Tone::Plain => text.to_owned(),
        Tone::Good => paint.good(text),
        Tone::Warning => paint.warning(text),
        Tone::Bad => paint.bad(text),
    }
}

fn print_json(heard: &Heard, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    match heard {
        Heard::View(view) => screen.print_json_as("view", view),
        Heard::Delta(delta) => screen.print_json(delta),
        Heard::Live(welcome) => screen.print_json_as("link", &json!({ "state": "live", "welcome": welcome })),
        Heard::Away { why, text, retry_in } => {
            let why = match why {
                Why::Nobody => "no_server",
                Why::Lost => "lost",
                Why::Denied => "denied",
                Why::Unable => "unable",
            };
            let retry_ms = u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX);
            let away = json!({ "state": "away", "why": why, "error": text, "retry_in_ms": retry_ms });
            screen.print_json_as("link", &away)
        }
    }
}

#[cfg(test)]
mod tests;

//! The typed confirmation of what cannot be undone. Without a person, only `--yes`
//! confirms: silence never does.

use std::io::{BufRead, Read};

use thiserror::Error;

use super::screen::Screen;

/// Longest answer that is read.
const MAX_ANSWER_BYTES: u64 = 4096;

/// Why it was not confirmed.
#[derive(Debug, Error)]
pub(super) enum Unconfirmed {
    /// Nobody can be asked.
    #[error("{what} needs a confirmation, and there is no terminal to ask on: add --yes to confirm it")]
    NobodyThere {
        /// What was to be done.
        what: String,
    },
    /// The answer was another one.
    #[error("not confirmed: nothing was done")]
    Declined,
}

/// Asks for `word`, after having said what is about to happen.
pub(super) fn confirm(
    what: &str,
    consequences: &str,
    word: &str,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    if !screen.asks {
        return Err(Unconfirmed::NobodyThere { what: what.to_owned() }.into());
    }
    writeln!(screen.err, "{consequences}")?;
    write!(screen.err, "Type {word} to go on: ")?;
    screen.err.flush()?;
    let mut answer = String::new();
    (&mut screen.input).take(MAX_ANSWER_BYTES).read_line(&mut answer)?;
    if answer.trim() == word { Ok(()) } else { Err(Unconfirmed::Declined.into()) }
}

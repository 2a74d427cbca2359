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

/// Makes sure that somebody can be asked, before anything is looked up for the question.
pub(super) fn somebody_there(what: &str, screen: &Screen<'_>) -> Result<(), Unconfirmed> {
    if screen.asks { Ok(()) } else { Err(Unconfirmed::NobodyThere { what: what.to_owned() }) }
}

/// Asks for `word`, after having said what is about to happen.
pub(super) fn confirm(
    what: &str,
    consequences: &str,
    word: &str,
    screen: &mut Screen<'_>,
) -> anyhow::Result<()> {
    somebody_there(what, screen)?;
    writeln!(screen.err, "{consequences}")?;
    write!(screen.err, "Type {word} to go on: ")?;
    screen.err.flush()?;
    let mut answer = String::new();
    (&mut screen.input).take(MAX_ANSWER_BYTES).read_line(&mut answer)?;
    if answer.trim() == word { Ok(()) } else { Err(Unconfirmed::Declined.into()) }
}

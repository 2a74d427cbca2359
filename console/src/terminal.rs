//! The terminal: taken once, given back once, written to without waiting for it, and
//! read without ever being asked anything.
//!
//! - [`guard`]: takes it and gives it back on every way out.  - [`output`]: the thread that writes.
//! - [`screen`]: what is shown, and the bytes that change it.  - [`keyboard`], [`decode`]: what comes in.
//! - [`crash`]: what is written down when the console itself is wrong.
//! - [`job`]: stopping and going on.

pub mod crash;
pub mod decode;
pub mod guard;
pub mod job;
pub mod keyboard;
pub mod output;
mod paint;
pub mod screen;
pub mod signals;

use std::io::IsTerminal;

use rustix::termios::tcgetwinsize;
use thiserror::Error;

/// Why the terminal cannot be used.
#[derive(Debug, Error)]
pub enum TerminalError {
    /// One of both ends is a file or a pipe.
    #[error(
        "{0} is no terminal: start the console in one; `task-orchestrator watch` writes lines for a pipe or a file"
    )]
    NoTerminal(&'static str),
    /// It can show lines only.
    #[error(
        "this terminal (TERM={0}) cannot move its cursor: `task-orchestrator watch` writes lines, or set TERM to what the terminal is"
    )]
    Dumb(String),
    /// The system refused.
    #[error("cannot use the terminal: {0}")]
    Io(#[from] std::io::Error),
}

impl From<rustix::io::Errno> for TerminalError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

/// Whether there is a terminal on which something can be drawn.
///
/// # Errors
///
/// [`TerminalError::NoTerminal`], [`TerminalError::Dumb`].
pub fn check(term: Option<&str>) -> Result<(), TerminalError> {
    if !std::io::stdin().is_terminal() {
        return Err(TerminalError::NoTerminal("the standard input"));
    }
    if !std::io::stdout().is_terminal() {
        return Err(TerminalError::NoTerminal("the standard output"));
    }
    match term {
        None | Some("" | "dumb") => Err(TerminalError::Dumb(term.unwrap_or_default().to_owned())),
        Some(_) => Ok(()),
    }
}

/// The size of the terminal in cells; what a terminal has that does not say it.
pub fn size() -> (u16, u16) {
    match tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        _ => (80, 24),
    }
}

//! The exit codes of the program, all of them.

use std::process::ExitCode;

/// How a command ended, as the shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done as asked.
    Done = 0,
    /// It did not work.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// The caller may not do this.
    Denied = 3,
    /// No server runs for this workspace.
    NoServer = 4,
    /// It took longer than it may.
    TimedOut = 5,
    /// It may work later: the caller may try again.
    Temporary = 75,
    /// The configuration is wrong: trying again without a change is useless.
    Configuration = 78,
}

impl Exit {
    /// As a number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

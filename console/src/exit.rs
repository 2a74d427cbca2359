//! The exit codes of the console, all of them.

use std::process::ExitCode;

/// How the console ended, as the shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Its user has ended it.
    Done,
    /// It did not work.
    Failed,
    /// The command line makes no sense, or this is no terminal.
    Usage,
    /// The console itself is wrong: there is a crash report.
    Crashed,
    /// The configuration is wrong.
    Configuration,
    /// A signal of this number has ended it.
    Signal(u8),
}

impl Exit {
    /// As a number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Crashed => 70,
            Self::Configuration => 78,
            Self::Signal(number) => 128u8.saturating_add(number),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

//! Why tokens cannot be kept or read.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// See the module.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The system's reason.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Others could have written it, or can read it.
    #[error("{} is not to be trusted: {why}; `chmod 600` it, as its owner, after you have looked at it", .path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// It is not what this program writes.
    #[error("{} cannot be used: {why}; remove it and make new tokens", .path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// There is one already.
    #[error("there is a token {0} already: `task-orchestrator token revoke {0}` takes it away")]
    Exists(String),
    /// There is none.
    #[error("there is no token {0}: `task-orchestrator token list` shows what there is")]
    Missing(String),
    /// No name.
    #[error("{0:?} is no name of a token: 1 to 64 letters, digits, `.`, `_` and `-` are one")]
    Name(String),
    /// It is not what [`super::make`] makes.
    #[error("that is no token as this program makes them: its {0} cannot be read")]
    Field(&'static str),
    /// There is no room.
    #[error("there are {0} tokens, and no more are kept: revoke those that nobody uses")]
    Full(usize),
    /// The system gives no randomness.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

impl TokenError {
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}

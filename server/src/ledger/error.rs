//! Why the ledger could not do what was asked.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why the ledger could not do what was asked. Nothing was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// More is waiting to be written than the ledger keeps waiting.
    #[error("the ledger is behind: too much waits to be written")]
    Busy,
    /// Its thread has ended.
    #[error("the ledger is closed")]
    Closed,
    /// SQLite refused.
    #[error("the ledger's database failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// The file is damaged.
    #[error("the ledger is damaged: {0}")]
    Damaged(String),
    /// The file is a database of something else.
    #[error("the file is no ledger")]
    NotOurs,
    /// A newer program has written it.
    #[error("the ledger has schema {found}, this program knows {known}: a newer program wrote it")]
    TooNew {
        /// Its schema.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// A record could not be put into words, or back.
    #[error("a record of the ledger cannot be read or written: {0}")]
    Record(#[from] serde_json::Error),
    /// A file beside the database.
    #[error("cannot {action} {path}: {source}", path = .path.display())]
    File {
        /// What was being done, as a verb.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl LedgerError {
    /// An error about a file.
    pub(super) fn file(action: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// Whether the file itself is at fault, so that a new one would do.
    pub(super) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode as Code;
        match self {
            Self::Damaged(_) | Self::NotOurs => true,
            Self::Database(error) => {
                matches!(error.sqlite_error_code(), Some(Code::NotADatabase | Code::DatabaseCorrupt))
            }
            _ => false,
        }
    }
}

//! Why a snapshot or a backup could not be written, read or trusted.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::store::StoreError;

/// Why a snapshot or a backup could not be written, read or trusted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// A file or directory of the state could not be used.
    #[error("cannot {action} {path}: {cause}", path = .path.display(), cause = cause(.source))]
    File {
        /// What was tried, with the role of the file.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is not what was written: integrity is lost.
    #[error("{path} failed its integrity check: {reason}", path = .path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// The file is whole and of a newer program.
    #[error("{path} is a snapshot of version {found}, this program knows {known}: use the newer program", path = .path.display())]
    TooNew {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The database could not be read or written.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// A value could not be written as JSON.
    #[error("a value cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl StateError {
    pub(super) fn file(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Self + Clone {
        let path = path.to_owned();
        move |source| Self::File { action, path: path.clone(), source }
    }

    pub(super) fn broken(path: &Path, reason: impl Into<String>) -> Self {
        Self::Broken { path: path.to_owned(), reason: reason.into() }
    }

    /// Whether the file itself is bad, not only the access to it.
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken { .. })
    }

    /// Whether the database is the cause.
    pub fn is_of_database(&self) -> bool {
        matches!(self, Self::Store(_))
    }
}

fn cause(source: &io::Error) -> String {
    use io::ErrorKind as Kind;
    match source.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => format!("the disk is full ({source})"),
        Kind::PermissionDenied => format!("permission is missing ({source})"),
        Kind::ReadOnlyFilesystem => format!("the file system is read-only ({source})"),
        _ => source.to_string(),
    }
}

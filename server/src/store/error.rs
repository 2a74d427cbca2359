//! Why the store could not do its part, and the one error a tool sees.

use std::io;
use std::path::PathBuf;

use serde_json::{Value, json};
use task_orchestrator_shared::error_code::ErrorCode;
use thiserror::Error;

use crate::tasks::{RepositoryError, TaskError};

/// Why the store could not do its part. Nothing was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A newer worker writes now; this one must not any more.
    #[error("a newer worker has taken over (epoch {current}, this worker has {ours})")]
    Fenced {
        /// This worker's epoch.
        ours: u64,
        /// The database's.
        current: u64,
    },
    /// The worker has not been made active.
    #[error("this worker is not active: it may not write yet")]
    NotActive,
    /// There is no space, or the disk does not answer.
    #[error("the store cannot be written now: {0}")]
    Unavailable(String),
    /// The database refused or is damaged.
    #[error("the database failed: {0}")]
    Failed(String),
    /// The database belongs to a newer program.
    #[error("the database {path} has schema {found}, this program knows {known}: use the newer program that wrote it", path = .path.display())]
    SchemaTooNew {
        /// Which file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// The database is of an older program and nobody migrated it.
    #[error("the database {path} has schema {found}, this program needs {known}: start it with the program that wrote it, or move it away to begin anew", path = .path.display())]
    SchemaTooOld {
        /// Which file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// The file is a database of something else.
    #[error("{path} is not a task orchestrator's database: move it away", path = .0.display())]
    NotOurs(PathBuf),
    /// A file could not be read or written.
    #[error("{what} {path}: {source}", path = .path.display())]
    File {
        /// What was to be done.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The idempotency key is empty or too long.
    #[error("an idempotency key has 1 to 255 bytes")]
    IdempotencyKey,
    /// The operation stopped half way by a defect; what it did is undone.
    #[error("the operation stopped by a defect of the server")]
    Defect,
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        match self {
            // The front sends what is unanswered to the new worker.
            Self::Fenced { .. } | Self::NotActive | Self::Unavailable(_) | Self::Closed => {
                ErrorCode::StorageUnavailable
            }
            Self::File { source, .. } if out_of_space(source) => ErrorCode::StorageUnavailable,
            Self::IdempotencyKey => ErrorCode::InvalidArgument,
            Self::Defect => ErrorCode::Internal,
            _ => ErrorCode::StorageFailed,
        }
    }
}

/// Whether a file failed for want of space.
pub(super) fn out_of_space(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// Why an operation has no result. Nothing was changed by it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExecuteError {
    /// The domain refused.
    #[error(transparent)]
    Refused(TaskError),
    /// The store could not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The same request number came with other arguments: a defect of the sender.
    #[error("request {0} was used for something else before")]
    OperationReused(String),
    /// The same key came with other arguments.
    #[error("the idempotency key {key:?} was used for another call")]
    IdempotencyConflict {
        /// Which key.
        key: String,
    },
    /// What was remembered is not a reply of this tool.
    #[error("the remembered reply cannot be read: {0}")]
    Reply(String),
}

impl ExecuteError {
    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::OperationReused(_) | Self::IdempotencyConflict { .. } => ErrorCode::IdempotencyConflict,
            Self::Reply(_) => ErrorCode::Internal,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Refused(error) => error.hint(),
            Self::Store(error) if error.code().is_retryable() => {
                "Nothing was changed. Send the same call again; if it goes on, look at the space on the disk."
                    .into()
            }
            Self::Store(StoreError::IdempotencyKey) => "Shorten the key.".into(),
            Self::Store(_) | Self::Reply(_) => "Nothing was changed. The server's log says more.".into(),
            Self::OperationReused(_) => "The client must number its requests anew.".into(),
            Self::IdempotencyConflict { .. } => "Use a new key for a new call.".into(),
        }
    }

    /// The facts, for programs.
    pub fn details(&self) -> Value {
        match self {
            Self::Refused(error) => error.details(),
            Self::Store(StoreError::Fenced { ours, current }) => json!({ "epoch": ours, "current": current }),
            Self::IdempotencyConflict { key } => json!({ "idempotency_key": key }),
            Self::OperationReused(operation) => json!({ "operation": operation }),
            Self::Store(_) | Self::Reply(_) => json!({}),
        }
    }

    /// Whether another worker has taken over: the caller answers nothing and
    /// leaves the request to it.
    pub fn is_fenced(&self) -> bool {
        matches!(self, Self::Store(StoreError::Fenced { .. }))
    }
}

impl From<rusqlite::Error> for RepositoryError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(
                Code::DiskFull
                | Code::SystemIoFailure
                | Code::DatabaseBusy
                | Code::DatabaseLocked
                | Code::CannotOpen
                | Code::ReadOnly
                | Code::PermissionDenied
                | Code::OutOfMemory,
            ) => Self::Unavailable(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<RepositoryError> for StoreError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Unavailable(reason) => Self::Unavailable(reason),
            RepositoryError::Failed(reason) => Self::Failed(reason),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => Self::Failed(format!("the file is damaged: {error}")),
            _ => RepositoryError::from(error).into(),
        }
    }
}

impl From<rusqlite::Error> for ExecuteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A refusal of the domain, or the store's own failure on its way back.
impl From<TaskError> for ExecuteError {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Repository(error) => Self::Store(error.into()),
            error => Self::Refused(error),
        }
    }
}

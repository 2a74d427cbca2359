//! The stable codes under which failures are shown everywhere.
//!
//! A code is a promise: clients' scripts match on it, `explain` documents it.

use serde::{Deserialize, Serialize};

/// Why a tool call or an operation was refused or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum ErrorCode {
    /// An argument has the right type and is still not acceptable.
    InvalidArgument,
    /// No task, session, artifact or role has this id.
    NotFound,
    /// The id is taken already.
    AlreadyExists,
    /// The status does not allow this move.
    InvalidTransition,
    /// The dependency is unknown, the task itself, or would close a cycle.
    InvalidDependency,
    /// A task that this one depends on is not finished.
    DependencyUnfinished,
    /// Other tasks depend on this one.
    HasDependents,
    /// The path leaves the workspace.
    PathOutsideWorkspace,
    /// The same idempotency key was used with other arguments.
    IdempotencyConflict,
    /// The disk is full or the store cannot be written; nothing was changed.
    StorageUnavailable,
    /// The database refused or is damaged.
    StorageFailed,
    /// A bound is reached; try again later.
    Overloaded,
    /// A defect of the server: its log has the details.
    Internal,
    /// The process that does the work did not start, did not get ready, or died.
    #[serde(rename = "RESTART_006")]
    WorkerUnavailable,
    /// The request may have had an effect outside the database; it is not repeated blindly.
    #[serde(rename = "RESTART_012")]
    OutcomeUnknown,
}

impl ErrorCode {
    /// Whether the same call may succeed when it is sent again unchanged.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::StorageUnavailable | Self::Overloaded | Self::WorkerUnavailable)
    }
}

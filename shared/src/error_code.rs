//! The stable codes under which failures are shown everywhere.
//!
//! A code is a promise: clients' scripts match on it, `explain` documents it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a tool call or an operation was refused or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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
    /// The restart engine could not start.
    #[serde(rename = "RESTART_001")]
    InitializationFailed,
    /// Another restart is in progress.
    #[serde(rename = "RESTART_002")]
    RestartInProgress,
    /// The system is not ready for a restart: something blocks it.
    #[serde(rename = "RESTART_003")]
    NotReady,
    /// A phase took longer than it may.
    #[serde(rename = "RESTART_004")]
    TimeoutExceeded,
    /// A snapshot could not be written, read or trusted.
    #[serde(rename = "RESTART_005")]
    StateSerializationFailed,
    /// The process that does the work did not start, did not get ready, or died.
    #[serde(rename = "RESTART_006")]
    WorkerUnavailable,
    /// A client session could not be established again.
    #[serde(rename = "RESTART_007")]
    ConnectionFailed,
    /// The database failed during a restart.
    #[serde(rename = "RESTART_008")]
    DatabaseFailed,
    /// The role does not allow the operation.
    #[serde(rename = "RESTART_009")]
    PermissionDenied,
    /// Asked too often; `retry_after` says when to ask again.
    #[serde(rename = "RESTART_010")]
    RateLimited,
    /// Too many crashes: only reading, health and administration work.
    #[serde(rename = "RESTART_011")]
    SafeMode,
    /// The request may have had an effect outside the database; it is not repeated blindly.
    #[serde(rename = "RESTART_012")]
    OutcomeUnknown,
}

impl ErrorCode {
    /// Whether the same call may succeed when it is sent again unchanged.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::StorageUnavailable
                | Self::Overloaded
                | Self::RestartInProgress
                | Self::TimeoutExceeded
                | Self::WorkerUnavailable
                | Self::RateLimited
        )
    }
}

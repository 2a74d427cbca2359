//! Why something about backups is not done, and what to do next. Says of an unknown
//! name only its beginning: it may be anything.

use task_orchestrator_shared::admin::Refusal;
use task_orchestrator_shared::error_code::ErrorCode;

use crate::state::restore::RestoreError;
use crate::state::{Differs, PinError, StateError};

/// Characters of an unknown name that are repeated.
const MAX_NAME: usize = 100;

fn refused(error_code: ErrorCode, error: String, hint: &str) -> Refusal {
    Refusal { error_code, error, hint: hint.to_owned() }
}

/// There is no such file in the list.
pub(super) fn not_found(name: &str) -> Refusal {
    let name: String = name.chars().take(MAX_NAME).collect();
    let error = format!("there is no snapshot or backup with the name {name:?}");
    refused(
        ErrorCode::NotFound,
        error,
        "`task-orchestrator state list` shows what there is; a snapshot is taken at each restart.",
    )
}

/// Somebody else's question is being answered.
pub(super) fn busy() -> Refusal {
    let error = "another check, comparison or plan is reading the backups".to_owned();
    refused(ErrorCode::Overloaded, error, "Ask again when it is done: one at a time reads whole files.")
}

/// A file, the directory or the database cannot be used.
pub(super) fn of_state(error: &StateError) -> Refusal {
    let (code, hint) = match error {
        StateError::Broken { .. } => (
            ErrorCode::StateSerializationFailed,
            "Use another one: `task-orchestrator state verify --all` tells which are good.",
        ),
        StateError::TooNew { .. } => {
            (ErrorCode::StateSerializationFailed, "Use the program that has written it, or a newer one.")
        }
        StateError::Store(_) => (
            ErrorCode::StorageFailed,
            "Look at the database with `task-orchestrator health`, and at the space on its disk.",
        ),
        _ => (
            ErrorCode::StateSerializationFailed,
            "Look at the space on the disk and at who owns the files in server_state.",
        ),
    };
    refused(code, error.to_string(), hint)
}

/// Two were not compared.
pub(super) fn of_comparison(error: &Differs) -> Refusal {
    match error {
        Differs::NoSuchName(name) => not_found(name),
        Differs::State(error) => of_state(error),
        Differs::TooMuch(_) => refused(
            ErrorCode::InvalidArgument,
            error.to_string(),
            "Look at one of them with `task-orchestrator state show NAME --tasks --json`.",
        ),
    }
}

/// One was not pinned or unpinned.
pub(super) fn of_pin(error: &PinError, name: &str) -> Refusal {
    let hint = match error {
        PinError::NoSuchName => return not_found(name),
        PinError::State(error) => return of_state(error),
        PinError::IsCurrent => {
            "Pin it by its new name after the next restart or `task-orchestrator state snapshot`."
        }
        PinError::TooMany => "Unpin one that is not needed any more.",
    };
    refused(ErrorCode::InvalidArgument, error.to_string(), hint)
}

/// No restore was planned.
pub(super) fn of_restore(error: &RestoreError) -> Refusal {
    match error {
        RestoreError::NoSuchName(name) => not_found(name),
        RestoreError::State(error) => of_state(error),
        RestoreError::Saga(error) => refused(
            ErrorCode::StateSerializationFailed,
            error.to_string(),
            "Nothing was changed. Look at the space on the disk and at who owns the files.",
        ),
    }
}

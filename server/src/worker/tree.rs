//! The work as a tree when the front asks for it: the store's, with what the worker
//! knows beside it. Changes nothing, and tells no more than titles.

use task_orchestrator_shared::admin::tasks::{MAX_SUSPENDED, SuspendedCall};
use task_orchestrator_shared::error_code::ErrorCode;

use super::shared::Shared;
use super::tools;
use crate::link::{OrderFailure, Unread};
use crate::store::{CallAtCheckpoint, ExecuteError};

/// Reads.
///
/// # Errors
///
/// When the database does not answer.
pub(super) async fn read(shared: &Shared) -> Result<Unread, OrderFailure> {
    let mut tree = shared.store.task_tree().await.map_err(failed)?;
    let calls = shared.store.calls_at_checkpoints(MAX_SUSPENDED).await.map_err(failed)?;
    tree.generation = shared.generation();
    tree.suspended = calls.into_iter().map(suspended).collect();
    let text = serde_json::value::to_raw_value(&tree);
    text.map(Unread).map_err(|error| fail(ErrorCode::Internal, error.to_string()))
}

fn suspended(call: CallAtCheckpoint) -> SuspendedCall {
    let CallAtCheckpoint { client, kind, suspended, saved_at, looked } = call;
    let place = match looked {
        Some((looked, expected)) => format!("after {looked} of about {} tasks", expected.max(looked)),
        None => "at a checkpoint".to_owned(),
    };
    let checkpoint = if suspended {
        format!("stopped {place}, and goes on from there")
    } else {
        format!("runs; should its worker end, it goes on {place}")
    };
    SuspendedCall {
        client: client.to_string(),
        tool: tools::of_walk(&kind).map_or(kind, str::to_owned),
        checkpoint,
        at: saved_at.to_string(),
    }
}

fn failed(error: ExecuteError) -> OrderFailure {
    fail(ErrorCode::DatabaseFailed, error.to_string())
}

fn fail(error_code: ErrorCode, error: String) -> OrderFailure {
    OrderFailure { error_code, error }
}

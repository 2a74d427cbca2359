//! One operation on its way through the writer: run in its savepoint, answered
//! after the commit. It never learns which others share the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::artifacts::Hold;
use super::error::{ExecuteError, StoreError};
use super::execution::Execution;
use super::log;
use super::transaction::WriteTx;
use crate::tasks::TaskError;

/// What becomes of an operation's savepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is part of the commit.
    Keep,
    /// It was refused or failed: nothing of it stays.
    Undo,
}

/// An operation, whatever it results in.
pub(super) trait Job: Send {
    /// Does the work. Called once.
    fn run(&mut self, tx: &mut WriteTx<'_>, now: Timestamp) -> Verdict;
    /// Tells the caller, after the commit or its failure.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

/// An operation with its work, its result and who waits for it.
pub(super) struct Operation<T, F> {
    pub(super) execution: Execution,
    pub(super) remembered: bool,
    pub(super) work: Option<F>,
    pub(super) result: Option<Result<T, ExecuteError>>,
    pub(super) reply: oneshot::Sender<Result<T, ExecuteError>>,
    /// Keeps staged files from the sweep until the caller is answered.
    pub(super) held: Vec<Hold>,
}

impl<T, F> Job for Operation<T, F>
where
    T: Serialize + DeserializeOwned + Send,
    F: FnOnce(&mut WriteTx<'_>) -> Result<T, TaskError> + Send,
{
    fn run(&mut self, tx: &mut WriteTx<'_>, now: Timestamp) -> Verdict {
        let Some(work) = self.work.take() else { return Verdict::Undo };
        let (execution, remembered) = (&self.execution, self.remembered);
        // A defect in one operation must not end the thread that all others need.
        let result = catch_unwind(AssertUnwindSafe(|| carry_out(tx, execution, remembered, work, now)))
            .unwrap_or(Err(ExecuteError::Store(StoreError::Defect)));
        let verdict = if result.is_ok() { Verdict::Keep } else { Verdict::Undo };
        self.result = Some(result);
        verdict
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let Self { result, reply, held, .. } = *self;
        let result = match (failure, result) {
            (Some(failure), _) => Err(failure.into()),
            (None, Some(result)) => result,
            (None, None) => Err(StoreError::Defect.into()),
        };
        drop(held);
        // A caller that has gone away does not want to know.
        let _ = reply.send(result);
    }
}

fn carry_out<T: Serialize + DeserializeOwned>(
    tx: &mut WriteTx<'_>,
    execution: &Execution,
    remembered: bool,
    work: impl FnOnce(&mut WriteTx<'_>) -> Result<T, TaskError>,
    now: Timestamp,
) -> Result<T, ExecuteError> {
    use super::transaction::Connected as _;
    if !remembered {
        return Ok(work(tx)?);
    }
    if let Some(reply) = log::recall(tx.connection(), execution)? {
        tracing::debug!(operation = %execution.operation, "answered from the operation log");
        return serde_json::from_str(&reply).map_err(|error| ExecuteError::Reply(error.to_string()));
    }
    let value = work(tx)?;
    let reply = serde_json::to_string(&value).map_err(|error| ExecuteError::Reply(error.to_string()))?;
    log::remember(tx.connection(), execution, &reply, now)?;
    tracing::debug!(operation = %execution.operation, "carried out");
    Ok(value)
}

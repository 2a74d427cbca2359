//! Who has asked the front for something, and how the answer reaches them.

use serde_json::Value;
use task_orchestrator_shared::restart::{RestartEvent, RestartId};
use tokio::sync::{mpsc, oneshot};

use crate::admin::Answered;
use crate::envelope::RequestId;
use crate::ledger::OperationKey;
use crate::reboot::Command;

/// The call of a client by which a restart was asked for: the same call, sent
/// again after the front has died, finds the outcome.
pub(crate) type Operation = OperationKey;

/// Where an answer goes.
#[derive(Debug)]
pub(crate) enum ReplyTo {
    /// An administrator, who may have hung up.
    Admin(oneshot::Sender<Answered>),
    /// A client's call of a reboot tool.
    Client(Box<ClientCall>),
    /// Nobody: the front wants it itself.
    Nobody,
}

/// A client's call of a reboot tool.
#[derive(Debug)]
pub(crate) struct ClientCall {
    /// The session's number.
    pub(crate) session: u64,
    /// The message in it.
    pub(crate) sequence: u64,
    /// Under which the answer is expected.
    pub(crate) id: RequestId,
    /// What was asked for, which says what of the answer is wanted.
    pub(crate) command: Command,
    /// Whether the client speaks the revision without sessions.
    pub(crate) modern: bool,
    /// With which the client wants to be told of progress.
    pub(crate) token: Option<Value>,
}

/// Somebody who waits for the outcome of a restart.
#[derive(Debug)]
pub(crate) struct Waiter {
    /// Of which.
    pub(crate) restart: RestartId,
    /// Where to tell it.
    pub(crate) to: ReplyTo,
    /// Where to tell what happens until then.
    pub(crate) events: Option<mpsc::Sender<RestartEvent>>,
    /// The progress that was told last: it must increase.
    pub(crate) told: f64,
    /// The call by which it was asked for, where a client did.
    pub(crate) operation: Option<Operation>,
}

//! Who has asked the front for something, and how the answer reaches them.

use serde_json::Value;
use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::restart::{RestartEvent, RestartId};
use tokio::sync::{mpsc, oneshot};

use crate::admin::Answered;
use crate::envelope::RequestId;
use crate::ledger::OperationKey;
use crate::reboot::Command;

use super::intent::Intent;
use super::outcomes::OutcomeKey;

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
    /// Those who watch the server.
    Watchers,
    /// The front itself, for those who collect figures.
    Figures(oneshot::Sender<Reply>),
    /// Whoever asked for something that is written down with its outcome.
    Recorded(Box<Recorded>),
    /// Whoever asked for a restore: the outcome of the restart that it takes.
    Restore(Box<ReplyTo>),
}

impl ReplyTo {
    /// Whether the answer to a restart is its outcome, and not only that it has begun.
    pub(crate) fn waits(&self) -> bool {
        match self {
            Self::Client(call) => !matches!(call.command, Command::Restart { wait: false, .. }),
            Self::Recorded(recorded) => recorded.to.waits(),
            Self::Restore(to) => to.waits(),
            Self::Admin(_) | Self::Figures(_) | Self::Nobody | Self::Watchers => true,
        }
    }

    /// The key under which it was asked for, where there is one.
    pub(crate) fn key(&self) -> Option<&OutcomeKey> {
        match self {
            Self::Recorded(recorded) => recorded.key.as_ref(),
            Self::Restore(to) => to.key(),
            Self::Admin(_) | Self::Client(_) | Self::Figures(_) | Self::Nobody | Self::Watchers => None,
        }
    }

    /// What is to be told at the end, and who is to be told at once: what is written
    /// down is the end.
    pub(crate) fn split(self) -> (Self, Self) {
        match self {
            Self::Recorded(recorded) => {
                let Recorded { intent, key, to } = *recorded;
                (Self::Recorded(Box::new(Recorded { intent, key, to: Self::Nobody })), to)
            }
            to => (Self::Nobody, to),
        }
    }

    /// The client's call that it is the answer to, where it is one.
    pub(crate) fn call(&self) -> Option<&ClientCall> {
        match self {
            Self::Client(call) => Some(call),
            Self::Recorded(recorded) => recorded.to.call(),
            Self::Restore(to) => to.call(),
            Self::Admin(_) | Self::Figures(_) | Self::Nobody | Self::Watchers => None,
        }
    }
}

/// Something that was allowed and written down, and what is still to be written.
#[derive(Debug)]
pub(crate) struct Recorded {
    /// Writes down what comes of it.
    pub(crate) intent: Intent,
    /// Under which its outcome is found again.
    pub(crate) key: Option<OutcomeKey>,
    /// Who asked.
    pub(crate) to: ReplyTo,
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

//! What comes of what a caller has said, and what it changes of the connection.

use std::sync::Arc;

use task_orchestrator_shared::admin::codec::{Failure, UNAVAILABLE};
use task_orchestrator_shared::admin::log::LogLine;
use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::admin::{Reply, Welcome};

use super::asked::Caller;
use super::streams::{Following, Subscription};

/// What came of it.
#[derive(Debug)]
pub(super) enum Finished {
    /// A reply, and nothing changes.
    Reply(Reply),
    /// It was not understood or not taken; the connection goes on.
    Failed(Failure),
    /// The same, and the connection ends.
    Rejected(Failure),
    /// The caller is known now, and speaks this version.
    Welcome(Box<Welcome>, Arc<Caller>),
    /// The whole view, and the changes that follow on it.
    Subscribed(Reply, Subscription),
    /// The whole view anew for a reader who had lost the thread, and what follows.
    Renewed(Box<View>, Subscription),
    /// The log may still be followed.
    FollowsOn(Following),
    /// What is told without being asked cannot be told any more.
    NotRenewed,
    /// The newest lines of the log, and the ones that will follow.
    Following(Vec<LogLine>, Following),
}

impl Finished {
    /// It was not taken, for this reason.
    pub(super) fn failed(code: i32, message: impl Into<String>) -> Self {
        Self::Failed(Failure { code, message: message.into() })
    }

    /// The same, and the connection ends.
    pub(super) fn rejected(code: i32, message: impl Into<String>) -> Self {
        Self::Rejected(Failure { code, message: message.into() })
    }

    /// The server takes no more requests.
    pub(super) fn ending() -> Self {
        Self::failed(UNAVAILABLE, "the server is ending")
    }
}

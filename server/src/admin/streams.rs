//! What a connection is told without asking again: changes of the view, lines of
//! the log. Each holds one of a limited number of places while it lives.

use std::fmt;
use std::sync::Arc;

use task_orchestrator_shared::admin::log::{LogFilter, LogLines};
use task_orchestrator_shared::role::Role;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::asked::{Deltas, Told};
use super::logs::Follow;

/// Connections that may be told of changes at once, all together.
pub(super) const MAX_SUBSCRIBERS: usize = 64;

/// Connections that may be told of lines of the log at once, all together.
pub(super) const MAX_FOLLOWERS: usize = 64;

/// Changes that follow on a view.
#[derive(Debug)]
pub(super) struct Subscription {
    /// Which of the connection's subscriptions this is: a later one, or the end of
    /// all, makes it void.
    pub(super) number: u64,
    /// What may be seen.
    pub(super) role: Role,
    /// What happens.
    pub(super) deltas: Deltas,
    /// Nothing has come yet.
    pub(super) is_fresh: bool,
    /// One of [`MAX_SUBSCRIBERS`].
    pub(super) place: OwnedSemaphorePermit,
}

/// What the subscription of a connection does.
#[derive(Debug, Default)]
pub(super) enum Changes {
    /// There is none.
    #[default]
    Off,
    /// Deltas are sent.
    Live(Subscription),
    /// The reader had lost the thread, and the whole view is asked for anew.
    Renewing,
}

impl Changes {
    /// The next change. Without a subscription, never. Cancel safe.
    ///
    /// # Errors
    ///
    /// Changes were lost, or no more will come from there: the whole view is needed.
    pub(super) async fn next(&mut self) -> Result<(Arc<Told>, Role), RecvError> {
        let Self::Live(subscription) = self else { return std::future::pending().await };
        let told = subscription.deltas.recv().await?;
        subscription.is_fresh = false;
        Ok((told, subscription.role))
    }

    /// Whether there is one.
    pub(super) const fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }
}

/// Lines of the log.
pub(super) struct Following {
    /// Which of the connection's this is.
    pub(super) number: u64,
    /// Which lines.
    pub(super) filter: LogFilter,
    /// Cancelled when it has to be asked again whether they may be seen.
    pub(super) until: CancellationToken,
    /// Who tells of them.
    pub(super) follow: Box<dyn Follow>,
    /// One of [`MAX_FOLLOWERS`].
    pub(super) _place: OwnedSemaphorePermit,
}

impl fmt::Debug for Following {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Following").field("number", &self.number).finish_non_exhaustive()
    }
}

/// The next lines, or `None` when it has to be asked again whether they may be seen.
/// Without anybody who tells of them, never. Cancel safe as that is.
pub(super) async fn next_lines(following: &mut Option<Following>) -> Option<LogLines> {
    let Some(following) = following else { return std::future::pending().await };
    tokio::select! {
        biased;
        () = following.until.cancelled() => None,
        lines = following.follow.next() => Some(lines),
    }
}

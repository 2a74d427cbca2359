//! Who a call is for: a request that waits for the answer, or nobody at the moment,
//! where it runs in the background. The tools do not see the difference.
#![expect(deprecated, reason = "logging is deprecated only in 2026-07-28; older clients still use it")]

use rmcp::RoleServer;
use rmcp::model::{LoggingLevel, ProgressNotificationParam};
use rmcp::service::RequestContext;
use serde_json::json;

use crate::store::Wanted;
use crate::worker::background::Run;
use crate::worker::client_log;
use crate::worker::service::Replayed;
use crate::worker::session::Session;

/// See the module.
pub(super) enum Caller<'a> {
    /// A request, which waits.
    Request {
        /// Of which session.
        session: &'a Session,
        /// The request.
        context: &'a RequestContext<RoleServer>,
    },
    /// A call in the background.
    Background(&'a Run),
}

impl Caller<'_> {
    /// Whether an earlier worker may have begun with the call.
    pub(super) fn is_replayed(&self) -> bool {
        match self {
            Self::Request { context, .. } => context.extensions.get::<Replayed>().is_some(),
            // Nobody knows how far the worker before has come.
            Self::Background(_) => true,
        }
    }

    /// The client's session, where one waits.
    pub(super) fn session(&self) -> Option<&Session> {
        match self {
            Self::Request { session, .. } => Some(session),
            Self::Background(_) => None,
        }
    }

    /// The session that was opened or resumed last over the caller's connection.
    pub(super) fn work_session(&self) -> Option<String> {
        match self {
            Self::Request { session, .. } => session.record().work_session,
            Self::Background(run) => run.work_session().map(str::to_owned),
        }
    }

    /// From here on the connection's tasks belong to this session.
    pub(super) fn work_in(&self, id: &str) {
        if let Self::Request { session, .. } = self {
            session.update(|record| record.work_session = Some(id.to_owned()));
        }
    }

    /// Puts a remark into the client's log, where it keeps one at this level.
    pub(super) async fn tell(&self, logger: &str, summary: &str) {
        if let Self::Request { session, context } = self {
            let data = json!({ "summary": summary });
            client_log::send(session, context, LoggingLevel::Info, logger, data).await;
        }
    }

    /// Whether nobody wants the answer any more.
    pub(super) fn is_cancelled(&self) -> bool {
        match self {
            Self::Request { context, .. } => context.ct.is_cancelled(),
            Self::Background(run) => run.wanted() != Wanted::Here,
        }
    }

    /// Tells how far the call is, where somebody asked to be told.
    pub(super) async fn progress(&self, done: f64, total: f64, message: &str) {
        match self {
            Self::Request { context, .. } => {
                let Some(token) = context.meta.get_progress_token() else { return };
                let progress =
                    ProgressNotificationParam::new(token, done).with_total(total).with_message(message);
                // A client that is gone learns nothing; the call goes on all the same.
                drop(context.peer.notify_progress(progress).await);
            }
            Self::Background(run) => run.tell(message).await,
        }
    }
}

//! What a client's own log says of restarts: that one begins, and that it is
//! over. Only for clients of the older revisions that have asked for such
//! messages. Must never say either twice of one restart.
#![expect(deprecated, reason = "logging is deprecated only in 2026-07-28; older clients still use it")]

use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::LoggingLevel;
use rmcp::service::Peer;
use serde_json::json;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::RestartId;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::client_log;
use super::session::Session;
use super::shared::Shared;
use crate::link::FrontState;

/// The name of the log that it is said in.
const LOGGER: &str = "restart";

/// Tells the session of each restart that begins, until the guard is dropped.
pub(super) fn follow(shared: &Shared, session: &Arc<Session>, peer: Peer<RoleServer>) -> DropGuard {
    let ended = CancellationToken::new();
    let mut front = shared.watch_front();
    let session = Arc::clone(session);
    let task = async move {
        let mut told: Option<RestartId> = None;
        while front.changed().await.is_ok() {
            let state = front.borrow_and_update().1.clone();
            let Some(restart) = waited_for(&state).filter(|restart| told.as_ref() != Some(restart)) else {
                continue;
            };
            say(&session, &peer, "a restart begins", restart, state.phase).await;
            told = Some(restart.clone());
        }
    };
    tokio::spawn(ended.clone().run_until_cancelled_owned(task));
    ended.drop_guard()
}

/// Tells the session that a restart is over: another worker serves it.
pub(super) async fn complete(session: &Session, peer: &Peer<RoleServer>, restart: &RestartId) {
    say(session, peer, "the restart is complete", restart, Phase::Complete).await;
}

/// The restart, while it is in a phase in which requests wait. Preparation is
/// not: it may take long, nobody notices it, and it may come to nothing.
fn waited_for(state: &FrontState) -> Option<&RestartId> {
    let waits = Phase::EIGHT.contains(&state.phase) && state.phase != Phase::Preparation;
    state.restart.as_ref().filter(|_| waits)
}

async fn say(session: &Session, peer: &Peer<RoleServer>, what: &str, restart: &RestartId, phase: Phase) {
    let data = json!({ "message": what, "restart_id": restart, "phase": phase });
    client_log::send_unasked(session, peer, LoggingLevel::Notice, LOGGER, data).await;
}

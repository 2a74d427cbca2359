//! What a client is told unasked: lists and resources that have changed, and restarts.
//! Must never tell of a list without noting which one the client knows now.

use std::sync::PoisonError;

use rmcp::RoleServer;
use rmcp::service::{Peer, SubscriptionContext};

use super::TaskService;
use crate::worker::{notices, subscriptions};

impl TaskService {
    /// Tells a client whose session was taken over what may have changed while
    /// nobody was there: stale lists, and every resource that it watches. Again
    /// when the worker before has changed the session since.
    pub async fn resumed(&self, peer: &Peer<RoleServer>) {
        self.follow_restarts(peer);
        self.tell_completion(peer).await;
        let record = self.session.record();
        // Before the round, so that nothing can happen between the two.
        self.forward(peer);
        // An empty digest: the client has not been told of any list.
        if !record.tools.is_empty() && record.tools != self.shared.tools.digest() {
            drop(peer.notify_tool_list_changed().await);
        }
        if !record.prompts.is_empty() && record.prompts != self.shared.prompts {
            drop(peer.notify_prompt_list_changed().await);
        }
        self.remember_lists();
        if !record.subscriptions.is_empty() {
            drop(peer.notify_resource_list_changed().await);
        }
        subscriptions::tell_of(peer, &record.subscriptions).await;
    }

    /// Notes which lists the client knows of, where that is news.
    pub(super) fn remember_lists(&self) {
        let record = self.session.record();
        if record.tools != self.shared.tools.digest() || record.prompts != self.shared.prompts {
            self.session.update(|record| {
                record.tools = self.shared.tools.digest().to_owned();
                record.prompts.clone_from(&self.shared.prompts);
            });
        }
    }

    /// Begins to forward changes, or ends it when nothing is watched any more.
    pub(super) fn forward(&self, peer: &Peer<RoleServer>) {
        let mut forwarding = self.forwarding.lock().unwrap_or_else(PoisonError::into_inner);
        if self.session.record().subscriptions.is_empty() {
            *forwarding = None;
        } else if forwarding.is_none() {
            *forwarding = Some(subscriptions::forward(&self.shared, &self.session, peer.clone()));
        }
    }

    /// Begins to tell of restarts, where the client has asked for messages.
    pub(super) fn follow_restarts(&self, peer: &Peer<RoleServer>) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if self.session.record().log_level.is_some() && notices.is_none() {
            *notices = Some(notices::follow(&self.shared, &self.session, peer.clone()));
        }
    }

    /// Tells of the restart that has brought this worker, once.
    async fn tell_completion(&self, peer: &Peer<RoleServer>) {
        let Some(restart) = self.shared.front().restart else { return };
        let told = {
            let mut completed = self.completed.lock().unwrap_or_else(PoisonError::into_inner);
            completed.replace(restart.clone())
        };
        if told.as_ref() != Some(&restart) {
            notices::complete(&self.session, peer, &restart).await;
        }
    }

    pub(super) async fn modern_round(&self, context: &SubscriptionContext) {
        let record = self.session.record();
        let sink = context.sink();
        let accepted = context.accepted();
        if accepted.tools_list_changed == Some(true) && record.tools != self.shared.tools.digest() {
            drop(sink.notify_tool_list_changed().await);
        }
        if accepted.prompts_list_changed == Some(true) && record.prompts != self.shared.prompts {
            drop(sink.notify_prompt_list_changed().await);
        }
        self.remember_lists();
        subscriptions::tell_all(sink).await;
    }
}

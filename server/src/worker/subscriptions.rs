//! The change feed on its way to clients: which of the resources that a client
//! watches have changed. Bounded: what a slow client misses is made up for by
//! telling it of everything it watches. Must never keep a timer.

use std::collections::BTreeSet;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{ErrorData, ResourceUpdatedNotificationParam};
use rmcp::service::{Peer, SubscriptionContext, SubscriptionSink};
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::session::{MAX_SUBSCRIPTIONS, Session};
use super::shared::Shared;
use crate::store::{EVERYTHING, LIST_CHANGED};

/// The resources that one commit has changed.
type Changed = Arc<[String]>;

/// Most commits that one round gathers, before the client is told of it.
const GATHERED: usize = 10_000;

/// What has changed since the last round.
#[derive(Debug, Default, PartialEq, Eq)]
struct Round {
    /// Some changes went by unseen: anything may have changed.
    everything: bool,
    /// Resources that have changed.
    uris: BTreeSet<String>,
    /// Whether there are more or fewer resources than before.
    list: bool,
}

impl Round {
    fn add(&mut self, changed: &[String]) {
        if changed.iter().any(|uri| uri == EVERYTHING) {
            return self.missed();
        }
        self.list |= changed.iter().any(|uri| uri == LIST_CHANGED);
        self.uris.extend(changed.iter().cloned());
    }

    fn missed(&mut self) {
        self.everything = true;
        self.list = true;
    }

    /// Those of the watched resources that may have changed.
    fn of<'a>(&self, watched: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
        watched.filter(|uri| self.everything || self.uris.contains(*uri)).collect()
    }
}

/// Waits for a change and takes what has gathered since; `None` at the end of the store.
async fn round(changes: &mut Receiver<Changed>) -> Option<Round> {
    let mut round = Round::default();
    match changes.recv().await {
        Ok(change) => round.add(&change),
        Err(RecvError::Lagged(_)) => round.missed(),
        Err(RecvError::Closed) => return None,
    }
    for _ in 1..GATHERED {
        match changes.try_recv() {
            Ok(change) => round.add(&change),
            Err(TryRecvError::Lagged(_)) => round.missed(),
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    Some(round)
}

/// Forwards changes to a session of the older revisions until the guard is dropped.
pub(super) fn forward(shared: &Shared, session: &Arc<Session>, peer: Peer<RoleServer>) -> DropGuard {
    let ended = CancellationToken::new();
    let mut changes = shared.store.changes();
    let session = Arc::clone(session);
    let task = async move {
        while let Some(round) = round(&mut changes).await {
            let watched = session.record().subscriptions;
            if round.list && peer.notify_resource_list_changed().await.is_err() {
                return;
            }
            for uri in round.of(watched.iter()) {
                if peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await.is_err() {
                    return;
                }
            }
        }
    };
    tokio::spawn(ended.clone().run_until_cancelled_owned(task));
    ended.drop_guard()
}

/// Tells a session of the older revisions that these resources may have changed.
pub(super) async fn tell_of(peer: &Peer<RoleServer>, uris: &BTreeSet<String>) {
    for uri in uris {
        if peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await.is_err() {
            return;
        }
    }
}

/// Tells a subscriber of the newest revision that all it watches may have changed.
pub(super) async fn tell_all(sink: &SubscriptionSink) {
    let mut round = Round::default();
    round.missed();
    drop(tell(sink, &round).await);
}

/// Forwards changes to a subscriber of the newest revision until it leaves.
pub(super) async fn listen(mut changes: Receiver<Changed>, context: &SubscriptionContext) {
    let forward = async {
        while let Some(round) = round(&mut changes).await {
            if tell(context.sink(), &round).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = forward => {}
        () = context.cancelled() => {}
    }
}

async fn tell(sink: &SubscriptionSink, round: &Round) -> Result<(), rmcp::service::SubscriptionSendError> {
    if round.list && sink.accepted().resources_list_changed == Some(true) {
        sink.notify_resource_list_changed().await?;
    }
    for uri in round.of(sink.accepted().resource_subscriptions.iter().flatten()) {
        sink.notify_resource_updated(uri).await?;
    }
    Ok(())
}

/// The refusal of one subscription too many.
pub(super) fn too_many() -> ErrorData {
    let message =
        format!("this session has {MAX_SUBSCRIPTIONS} subscriptions, the most there may be: end one first");
    ErrorData::invalid_request(message, Some(json!({ "limit": MAX_SUBSCRIPTIONS })))
}

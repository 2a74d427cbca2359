//! What a worker knows of one client session beyond the request at hand, and
//! how that reaches the next worker.
//!
//! The record is sent to the front whenever it changes and before the answer
//! to the request that changed it, so that a session is never ahead of its
//! record. The front keeps it unread.
#![expect(deprecated, reason = "logging is deprecated only in 2026-07-28; older clients still use it")]

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use rmcp::model::{InitializeRequestParams, LoggingLevel};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::link::ClientId;

/// Most resources that one session may subscribe to.
pub const MAX_SUBSCRIPTIONS: usize = 1000;

/// What crosses from one worker to the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// The client's initialize parameters with the version that was agreed on;
    /// absent for a session of the stateless era or one not yet initialized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initialize: Option<InitializeRequestParams>,
    /// The least severe message that the client wants, where it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_level: Option<LoggingLevel>,
    /// Resource URIs that the client subscribed to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub subscriptions: BTreeSet<String>,
    /// The work session that was opened or resumed last: tasks planned without
    /// naming one belong to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_session: Option<String>,
    /// Digest of the tool list the client has last been able to see.
    #[serde(default)]
    pub tools: String,
    /// Digest of the prompt list the client has last been able to see.
    #[serde(default)]
    pub prompts: String,
}

impl SessionRecord {
    /// Takes over what differs between two other records.
    fn take_changes(&mut self, before: &Self, after: &Self) {
        fn take<T: Clone + PartialEq>(to: &mut T, before: &T, after: &T) {
            if before != after {
                to.clone_from(after);
            }
        }
        // Whole, so that a new field cannot be forgotten.
        let Self { initialize, log_level, subscriptions, work_session, tools, prompts } = self;
        take(initialize, &before.initialize, &after.initialize);
        take(log_level, &before.log_level, &after.log_level);
        take(subscriptions, &before.subscriptions, &after.subscriptions);
        take(work_session, &before.work_session, &after.work_session);
        take(tools, &before.tools, &after.tools);
        take(prompts, &before.prompts, &after.prompts);
    }
}

/// Where a changed record goes: to the front, in order with the answers.
pub trait RecordSink: Send + Sync {
    /// Sends the record. Does not wait.
    fn save(&self, record: &SessionRecord);
}

/// One client session as its handler sees it.
pub struct Session {
    client: ClientId,
    /// Who the client is for what many of its sessions share, where that is not its own id.
    principal: Option<String>,
    record: Mutex<SessionRecord>,
    /// What the worker before last said of it; none where that is nothing. There are many
    /// sessions, and most were opened here.
    former: Mutex<Option<Box<SessionRecord>>>,
    merged: Notify,
    sink: Box<dyn RecordSink>,
}

impl Session {
    /// A session, new (default record) or taken over from an earlier worker.
    pub fn new(client: ClientId, record: SessionRecord, sink: Box<dyn RecordSink>) -> Self {
        let former = (record != SessionRecord::default()).then(|| Box::new(record.clone()));
        let former = Mutex::new(former);
        Self { client, principal: None, record: Mutex::new(record), former, merged: Notify::new(), sink }
    }

    /// The same as a session of somebody who has more than this one.
    #[must_use]
    pub fn of(self, principal: Option<String>) -> Self {
        Self { principal, ..self }
    }

    /// Whose what is that outlives the session: who the client is, or the session itself
    /// where nothing else is known.
    pub fn owner(&self) -> String {
        self.principal.clone().unwrap_or_else(|| format!("client:{}", self.client))
    }

    /// Takes over what the worker before has changed since it handed the session
    /// over: it still finishes the requests that it had.
    pub fn merge(&self, late: SessionRecord) {
        let before = {
            let mut former = self.former.lock().unwrap_or_else(PoisonError::into_inner);
            former.replace(Box::new(late.clone())).unwrap_or_default()
        };
        self.update(|record| record.take_changes(&before, &late));
        self.merged.notify_one();
    }

    /// Waits until something was taken over that way. Missed by nobody who asks later.
    pub async fn merged(&self) {
        self.merged.notified().await;
    }

    /// Whose session it is.
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// Who the client is for limits; none where it has not come over the network.
    pub fn principal(&self) -> Option<&str> {
        self.principal.as_deref()
    }

    /// Whether the client is to be told of things that it does not ask for.
    pub fn is_told_unasked(&self) -> bool {
        let record = self.lock();
        record.log_level.is_some() || !record.subscriptions.is_empty()
    }

    /// The record as it stands.
    pub fn record(&self) -> SessionRecord {
        self.lock().clone()
    }

    /// Changes the record and sends it.
    pub fn update<R>(&self, change: impl FnOnce(&mut SessionRecord) -> R) -> R {
        let mut record = self.lock();
        let result = change(&mut record);
        self.sink.save(&record);
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, SessionRecord> {
        // The record is replaced field by field and never left half changed,
        // so a panic elsewhere does not make it unusable.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nowhere;

    impl RecordSink for Nowhere {
        fn save(&self, _: &SessionRecord) {}
    }

    fn record(work_session: &str, tools: &str) -> SessionRecord {
        SessionRecord {
            work_session: Some(work_session.into()),
            tools: tools.into(),
            ..SessionRecord::default()
        }
    }

    #[test]
    fn late_changes_are_taken_over_field_by_field_and_once() {
        let session = Session::new(ClientId::random(), record("opened", "old"), Box::new(Nowhere));
        session.update(|record| record.tools = "ours".into());
        session.merge(record("late", "old"));
        assert_eq!(session.record(), record("late", "ours"), "only what the late record changed");
        session.update(|record| record.work_session = Some("newest".into()));
        let mut watched = record("late", "old");
        watched.subscriptions.insert("task://t".into());
        session.merge(watched.clone());
        let merged = session.record();
        assert_eq!(merged.work_session.as_deref(), Some("newest"), "that change was taken over before");
        assert_eq!(merged.subscriptions, watched.subscriptions);
    }

    #[test]
    fn what_was_opened_here_and_began_elsewhere_takes_changes_over_the_same_way() {
        let session = Session::new(ClientId::random(), SessionRecord::default(), Box::new(Nowhere));
        session.merge(record("late", "old"));
        assert_eq!(session.record(), record("late", "old"));
        session.update(|record| record.tools = "ours".into());
        session.merge(record("later", "old"));
        assert_eq!(session.record(), record("later", "ours"));
    }
}

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

use crate::link::ClientId;

/// Most resources that one session may subscribe to.
pub const MAX_SUBSCRIPTIONS: usize = 1000;

/// What crosses from one worker to the next.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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

/// Where a changed record goes: to the front, in order with the answers.
pub trait RecordSink: Send + Sync {
    /// Sends the record. Does not wait.
    fn save(&self, record: &SessionRecord);
}

/// One client session as its handler sees it.
pub struct Session {
    client: ClientId,
    record: Mutex<SessionRecord>,
    sink: Box<dyn RecordSink>,
}

impl Session {
    /// A session, new (default record) or taken over from an earlier worker.
    pub fn new(client: ClientId, record: SessionRecord, sink: Box<dyn RecordSink>) -> Self {
        Self { client, record: Mutex::new(record), sink }
    }

    /// Whose session it is.
    pub fn client(&self) -> ClientId {
        self.client
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

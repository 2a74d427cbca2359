//! One call while it is carried out: what it was asked for, and how it hears from its
//! owner. Holds nothing that the next worker would need.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rmcp::model::{InputRequest, JsonObject};
use serde_json::Value;
use tokio::sync::{Notify, watch};

use crate::link::OperationId;
use crate::store::{Asked, ClaimedCall, ExecuteError, Store, Wanted};
use crate::worker::failure::{Failure, Refusal};

/// How often a call that waits looks at its row: what another worker has written there
/// is told by nobody.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// Its progress is written at most once in this time.
const NOTED_EACH: Duration = Duration::from_secs(1);
/// Longest remark about its progress, in characters.
const MAX_REMARK: usize = 500;

/// See the module.
pub struct Run {
    store: Store,
    call: ClaimedCall,
    /// The row has changed.
    touched: Notify,
    stopping: watch::Receiver<bool>,
    noted: Mutex<Option<Instant>>,
}

impl Run {
    pub(super) fn new(store: Store, call: ClaimedCall, stopping: watch::Receiver<bool>) -> Self {
        Self { store, call, touched: Notify::new(), stopping, noted: Mutex::new(None) }
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.call.id
    }

    /// Which tool.
    pub fn tool(&self) -> &str {
        &self.call.tool
    }

    /// With what.
    pub fn arguments(&self) -> JsonObject {
        serde_json::from_str(&self.call.arguments).unwrap_or_default()
    }

    /// Under which its effect is remembered, and its checkpoint kept.
    pub fn operation(&self) -> OperationId {
        OperationId { client: self.call.client(), sequence: 1, floor: 0 }
    }

    /// The client's own key of the effect.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.call.idempotency_key.as_deref()
    }

    /// The work session that the caller worked in.
    pub fn work_session(&self) -> Option<&str> {
        self.call.work_session.as_deref()
    }

    /// When it was asked for, by whichever worker.
    pub fn asked_at(&self) -> Timestamp {
        self.call.created_at
    }

    pub(super) fn touch(&self) {
        self.touched.notify_one();
    }

    /// Whether to go on. A database that does not answer is no reason to stop.
    pub fn wanted(&self) -> Wanted {
        self.store.call_wanted(self.id()).unwrap_or_else(|error| {
            tracing::debug!(%error, call = self.id(), "nobody can say whether a call is still wanted");
            Wanted::Here
        })
    }

    /// Whether this worker is to stop at the next checkpoint.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until the call is not to be gone on with here, and says why: called off,
    /// or [`Wanted::Here`] when this worker stops. For tools that wait for something.
    pub async fn no_longer_wanted(&self) -> Wanted {
        loop {
            match self.wanted() {
                Wanted::Here if self.is_stopping() => return Wanted::Here,
                Wanted::Here => self.pause().await,
                other => return other,
            }
        }
    }

    /// Puts a question to the owner, and waits for the answer. Asked again after the end
    /// of a worker, under the same key, it is the same question.
    ///
    /// # Errors
    ///
    /// When the call was called off, is not this worker's any more, or this worker stops.
    pub async fn ask(&self, key: &str, question: &InputRequest) -> Result<Value, Refusal> {
        let question = serde_json::to_value(question).map_err(|error| Failure::internal(&error))?;
        match self.store.ask_owner(self.id().to_owned(), key.to_owned(), question).await? {
            Asked::Answered(answer) => return Ok(answer),
            Asked::Open => {}
            Asked::NotHere => return Err(self.called_off()),
        }
        loop {
            if let Some(answer) = self.store.answer_of(self.id(), key)? {
                return Ok(answer);
            }
            if self.is_stopping() {
                return Err(Refusal::Suspended);
            }
            if self.wanted() != Wanted::Here {
                return Err(self.called_off());
            }
            self.pause().await;
        }
    }

    /// The failure of a call that its owner has called off.
    fn called_off(&self) -> Refusal {
        match self.wanted() {
            Wanted::Here | Wanted::Elsewhere => Refusal::Superseded,
            Wanted::CalledOff | Wanted::Overdue => {
                let code = task_orchestrator_shared::error_code::ErrorCode::Overloaded;
                Failure::new(code, "called off by the client", "Call again.").into()
            }
        }
    }

    /// Until something may have changed.
    async fn pause(&self) {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            () = self.touched.notified() => {}
            _ = stopping.changed() => {}
            // Its end is the sign to look again.
            _ = tokio::time::timeout(LOOK_AGAIN, std::future::pending::<()>()) => {}
        }
    }

    /// Says how far it is, where it has not done so a moment ago.
    pub async fn tell(&self, message: &str) {
        let due = {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            let due = noted.is_none_or(|last| last.elapsed() >= NOTED_EACH);
            if due {
                *noted = Some(Instant::now());
            }
            due
        };
        if !due {
            return;
        }
        let message = message.chars().take(MAX_REMARK).collect();
        let noted: Result<(), ExecuteError> = self.store.note_progress(self.id().to_owned(), message).await;
        if let Err(error) = noted {
            tracing::debug!(%error, call = self.id(), "the progress of a call was not noted");
        }
    }
}

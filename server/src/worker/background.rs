//! Calls run in the background, which the protocol's extension
//! `io.modelcontextprotocol/tasks` calls tasks (they are not the tasks that the tools
//! keep): who may have one, what it is told, and the one loop that carries them out.
//! Everything that counts is in the database, so a call outlives every worker.
//! Knows no tool: what a call does is its [`Runner`]'s.
//!
//! Bounds: [`MAX_RUNNING`] at once in one worker, the others wait for their turn; how
//! many are kept is the store's to say.

mod run;
mod told;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use rmcp::model::{CallToolResult, CreateTaskResult, DetailedTask, ErrorData, GetTaskResult, InputResponses};
use serde_json::Value;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

pub use run::Run;

use super::failure::Refusal;
use crate::link::ClientId;
use crate::store::{ClaimedCall, Execution, NewCall, Store};

/// Most calls that one worker carries out at once.
pub const MAX_RUNNING: usize = 16;
/// How soon a worker looks again while there are calls that it may not begin with yet:
/// no other process can tell it when that changes.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How long calls may take to come to their next checkpoint when the worker ends.
const STOP_TIME: Duration = Duration::from_secs(1);

/// Carries calls out.
pub trait Runner: Send + Sync + 'static {
    /// Carries one out, as often as it is begun: its effects have to be remembered
    /// under [`Run::operation`].
    fn run(self: Arc<Self>, run: Arc<Run>) -> BoxFuture<'static, Outcome>;

    /// Whether anything may be begun now.
    fn may_begin(&self) -> bool;
}

/// What came of carrying a call out.
#[derive(Debug)]
pub enum Outcome {
    /// The tool's result, good or bad.
    Completed(CallToolResult),
    /// The protocol's error.
    Failed(ErrorData),
    /// It stopped because its owner has called it off.
    Cancelled,
    /// Nobody has answered its questions in time.
    Overdue,
    /// It stopped at a checkpoint: whoever comes next goes on.
    Suspended,
    /// This worker writes no more: another one carries it out.
    Superseded,
}

/// A call that a client wants to have run.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Who alone may ask for it.
    pub owner: String,
    /// The request, which makes one call however often it comes.
    pub request: Execution,
    /// Which tool.
    pub tool: String,
    /// With what.
    pub arguments: rmcp::model::JsonObject,
    /// The client's own key of the effect.
    pub idempotency_key: Option<String>,
    /// The work session that the caller works in.
    pub work_session: Option<String>,
}

/// The calls of one worker.
pub struct Background {
    store: Store,
    /// There may be something to begin.
    kicked: Notify,
    /// Whether all that run are asked to stop at their next checkpoint.
    stopping: watch::Sender<bool>,
    running: Mutex<HashMap<String, Arc<Run>>>,
    /// How many run or are about to have their end kept, for whoever waits for the last.
    count: watch::Sender<usize>,
    serving: AtomicBool,
}

impl Background {
    /// The calls of a store.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            kicked: Notify::new(),
            stopping: watch::Sender::new(false),
            running: Mutex::default(),
            count: watch::Sender::new(0),
            serving: AtomicBool::new(false),
        }
    }

    /// Has a call run. `None` when there is no room for it: answer it directly.
    ///
    /// # Errors
    ///
    /// When it could not be kept; it does not run then.
    pub async fn create(&self, wish: Wish) -> Result<Option<CreateTaskResult>, Refusal> {
        let new = NewCall {
            id: Uuid::new_v4().simple().to_string(),
            owner: wish.owner,
            operation: ClientId::random(),
            tool: wish.tool,
            arguments: Value::Object(wish.arguments).to_string(),
            idempotency_key: wish.idempotency_key,
            work_session: wish.work_session,
        };
        let made = self.store.create_call(wish.request, new).await?;
        self.kick();
        Ok(made.map(|call| CreateTaskResult::new(told::handle(&call))))
    }

    /// Where an owner's call stands.
    ///
    /// # Errors
    ///
    /// When the owner has no such call.
    pub fn get(&self, owner: &str, id: &str) -> Result<GetTaskResult, Refusal> {
        let call = self.store.background_call(owner, id)?.ok_or_else(|| told::unknown(id))?;
        let handle = told::handle(&call);
        Ok(GetTaskResult::new(DetailedTask::new(handle, told::payload(call.state)?)))
    }

    /// Gives a call the answers to its questions.
    ///
    /// # Errors
    ///
    /// When the owner has no such call, or they are too large.
    pub async fn update(&self, owner: String, id: &str, given: InputResponses) -> Result<(), Refusal> {
        let known = self.store.answer_call(owner, id.to_owned(), given.into_iter().collect()).await?;
        self.tell(id, known)
    }

    /// Calls a call off: it ends at its next page, or at once where nobody carries it out.
    ///
    /// # Errors
    ///
    /// When the owner has no such call.
    pub async fn cancel(&self, owner: String, id: &str) -> Result<(), Refusal> {
        let known = self.store.cancel_call(owner, id.to_owned()).await?;
        self.tell(id, known)
    }

    /// Tells a call that runs here that its row has changed.
    fn tell(&self, id: &str, known: bool) -> Result<(), Refusal> {
        if let Some(run) = self.running().get(id) {
            run.touch();
        }
        if known { Ok(()) } else { Err(told::unknown(id)) }
    }

    /// Asks all that run to stop at their next checkpoint; nothing is begun from here on.
    pub fn suspend(&self) {
        self.stopping.send_replace(true);
    }

    /// Calls run to their end again, and those that nobody has are begun.
    pub fn resume(&self) {
        self.stopping.send_replace(false);
        self.kick();
    }

    /// Looks for something to begin.
    pub fn kick(&self) {
        self.kicked.notify_one();
    }

    /// Ends: what runs gets a while to come to a checkpoint. What does not, the next
    /// worker begins anew.
    pub async fn close(&self) {
        self.suspend();
        let mut count = self.count.subscribe();
        let stopped = tokio::time::timeout(STOP_TIME, count.wait_for(|running| *running == 0)).await;
        if stopped.is_err() {
            tracing::debug!(running = self.running().len(), "calls in the background did not stop in time");
        }
    }

    /// Carries calls out for as long as the store is open. A second time it does nothing.
    pub async fn serve(self: Arc<Self>, runner: Arc<impl Runner>) {
        if self.serving.swap(true, Ordering::Relaxed) {
            return;
        }
        loop {
            let waiting = match self.begin(&runner).await {
                Ok(waiting) => waiting,
                Err(Refusal::Superseded) => false,
                Err(refusal) => {
                    tracing::warn!(?refusal, "calls in the background could not be claimed");
                    true
                }
            };
            if waiting {
                // Its end is the sign to look again, so that is no failure.
                let _ = tokio::time::timeout(LOOK_AGAIN, self.kicked.notified()).await;
            } else {
                self.kicked.notified().await;
            }
        }
    }

    /// Begins what may be begun. Returns whether to look again soon.
    async fn begin(self: &Arc<Self>, runner: &Arc<impl Runner>) -> Result<bool, Refusal> {
        if *self.stopping.borrow() || !runner.may_begin() {
            return Ok(false);
        }
        let running: Vec<String> = self.running().keys().cloned().collect();
        if self.store.open_calls()? == 0 {
            return Ok(false);
        }
        let places = MAX_RUNNING.saturating_sub(running.len());
        let claims = self.store.claim_calls(running.clone(), places).await?;
        self.let_go_of_ended(&running).await?;
        for claimed in claims.begun {
            self.start(claimed, runner);
        }
        Ok(claims.waiting > 0)
    }

    /// Hands back what has stopped here while it was being taken along.
    async fn let_go_of_ended(&self, taken_along: &[String]) -> Result<(), Refusal> {
        for id in taken_along {
            let runs = self.running().contains_key(id);
            if !runs {
                self.store.release_call(id.clone()).await?;
            }
        }
        Ok(())
    }

    fn start(self: &Arc<Self>, claimed: ClaimedCall, runner: &Arc<impl Runner>) {
        let run = Arc::new(Run::new(self.store.clone(), claimed, self.stopping.subscribe()));
        self.running().insert(run.id().to_owned(), Arc::clone(&run));
        self.count.send_modify(|count| *count += 1);
        let (background, runner) = (Arc::clone(self), Arc::clone(runner));
        tokio::spawn(async move {
            // A defect of one tool must not leave its call open for ever.
            let outcome = AssertUnwindSafe(runner.run(Arc::clone(&run))).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| {
                Outcome::Failed(ErrorData::internal_error("the call stopped by a defect of the server", None))
            });
            background.end(&run, outcome).await;
        });
    }

    async fn end(&self, run: &Run, outcome: Outcome) {
        let id = run.id().to_owned();
        // First, so that nobody takes it along who does not find it here any more.
        self.running().remove(&id);
        let kept = match told::settled(outcome) {
            Some(ended) => self.store.settle_call(id.clone(), ended).await.map(drop),
            None => self.store.release_call(id.clone()).await,
        };
        match kept {
            Ok(()) => {
                tracing::debug!(call = id, tool = run.tool(), "a call in the background has ended here");
            }
            // Whoever claims it next comes to the same end.
            Err(error) => tracing::debug!(%error, call = id, "the end of a call was not kept"),
        }
        self.count.send_modify(|count| *count = count.saturating_sub(1));
        self.kick();
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Arc<Run>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

//! The front's own store: restarts, dead letters, recoveries, alerts and the
//! steps of restarts. It survives workers, fronts and the tasks' database.
//!
//! The database has a thread of its own. Nothing here ever waits for it: every
//! method puts something into a bounded queue and gives an [`Answer`] that may be
//! awaited or dropped. What does not fit is counted, logged and dropped, except
//! the ends of restarts, which are kept until they are written.

mod alerts;
mod answer;
mod db;
mod error;
mod export;
mod history;
mod http_sessions;
mod letters;
mod open;
mod recovery;
mod restarts;
mod sagas;
mod writer;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use jiff::Timestamp;
use task_orchestrator_shared::report::{DeadLetter, History};
use task_orchestrator_shared::restart::{Kind, RestartId, RestartReport};
use tokio::sync::oneshot;

pub use alerts::Alert;
pub use answer::Answer;
pub use db::{Db, Options};
pub use error::LedgerError;
pub use http_sessions::{HttpSession, HttpSessionChange};
pub use letters::Letter;
pub use open::Condition;
pub use recovery::Attempt;
pub use restarts::OperationKey;
pub use sagas::{Saga, SagaStep, StepState};
use writer::{Backlog, Job};

/// What may wait for the database.
const QUEUE: usize = 1024;

/// The front's store. Clones are the same store; it ends with the last of them,
/// after everything that was put into it is written.
#[derive(Debug, Clone)]
pub struct Ledger {
    queue: SyncSender<Job>,
    backlog: Arc<Backlog>,
    condition: Arc<Condition>,
}

/// A ledger and what was found in it.
#[derive(Debug)]
pub struct Opened {
    /// It.
    pub ledger: Ledger,
    /// Restarts that had begun and not ended; where that was asked for they are
    /// closed and are shown as they were closed.
    pub unfinished: Vec<RestartReport>,
}

/// Counts the bytes of a letter as long as it waits, wherever that ends.
struct Waiting {
    backlog: Arc<Backlog>,
    bytes: u64,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.backlog.release(self.bytes);
    }
}

impl Ledger {
    /// Opens it. Waits for the disk, so it belongs before the front begins to serve.
    ///
    /// # Errors
    ///
    /// Not even a ledger in memory could be made, or its thread.
    pub fn open(options: &Options) -> Result<Opened, LedgerError> {
        let (mut db, condition) = open::open(options)?;
        let found =
            if options.close_unfinished { db.close_unfinished(Timestamp::now()) } else { db.unfinished() };
        let unfinished = found.unwrap_or_else(|error| {
            tracing::error!(%error, "restarts without an end could not be closed");
            Vec::new()
        });
        let (queue, jobs) = sync_channel(QUEUE);
        let backlog = Arc::new(Backlog::default());
        let theirs = Arc::clone(&backlog);
        std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || writer::run(db, &jobs, &theirs))
            .map_err(LedgerError::file("start the thread of", &options.directory))?;
        Ok(Opened { ledger: Self { queue, backlog, condition: Arc::new(condition) }, unfinished })
    }

    /// In what condition it was opened.
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Records that got lost because too much was waiting.
    pub fn dropped(&self) -> u64 {
        self.backlog.dropped.load(Ordering::Relaxed)
    }

    /// Done when everything before it is.
    pub fn flush(&self) -> Answer<()> {
        self.submit("flush", |_| Ok(()))
    }

    /// A restart has begun, asked for by this call.
    pub fn begin(&self, report: RestartReport, operation: Option<OperationKey>) -> Answer<()> {
        self.submit("begin", move |db| db.begin(&report, operation))
    }

    /// Where a running restart is.
    pub fn update(&self, report: RestartReport) -> Answer<()> {
        self.submit("update", move |db| db.update(&report))
    }

    /// Another call has joined a restart.
    pub fn join(&self, id: RestartId, operation: OperationKey) -> Answer<()> {
        self.submit("join", move |db| db.join(&id, operation))
    }

    /// A restart has ended. This is never dropped: what cannot be written now is
    /// written later.
    pub fn finish(&self, report: RestartReport) {
        let backlog = Arc::clone(&self.backlog);
        let kept = report.clone();
        let job: Job = Box::new(move |db| {
            if let Err(error) = db.finish(&report) {
                tracing::error!(%error, restart = %report.restart_id, "the end of a restart is written later");
                backlog.keep(report);
            }
        });
        match self.queue.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.backlog.keep(kept),
            Err(TrySendError::Disconnected(_)) => {
                tracing::error!(restart = %kept.restart_id, "the ledger is closed");
            }
        }
    }

    /// The restart that this call asked for or joined, ended or not.
    pub fn find_by_operation(&self, key: OperationKey) -> Answer<Option<RestartReport>> {
        self.submit("find_by_operation", move |db| db.find_by_operation(key))
    }

    /// The newest restart that has ended.
    pub fn last(&self) -> Answer<Option<RestartReport>> {
        self.submit("last", |db| db.last())
    }

    /// The newest restarts, at most 1000, and figures over all that there were.
    pub fn history(&self, limit: u32) -> Answer<History> {
        self.submit("history", move |db| db.history(limit))
    }

    /// How long such a restart will take: the median of the last 20 that went well.
    pub fn expected_duration(&self, kind: Kind) -> Answer<Option<Duration>> {
        self.submit("expected_duration", move |db| db.expected_duration(kind))
    }

    /// Adds a dead letter; its number is given by the ledger.
    pub fn add_letter(&self, letter: DeadLetter, message: bytes::Bytes) -> Answer<u64> {
        let bytes = message.len() as u64;
        if !self.backlog.admit(bytes) {
            tracing::warn!(method = letter.method, bytes, "the ledger is behind: a dead letter is dropped");
            return Answer::failed(LedgerError::Busy);
        }
        let waiting = Waiting { backlog: Arc::clone(&self.backlog), bytes };
        self.submit("add_letter", move |db| {
            let result = db.add_letter(&letter, &message);
            drop(waiting);
            result
        })
    }

    /// The newest dead letters, at most 1000, without their messages.
    pub fn letters(&self, limit: u32) -> Answer<Vec<DeadLetter>> {
        self.submit("letters", move |db| db.letters(limit))
    }

    /// How many dead letters are kept.
    pub fn letter_count(&self) -> Answer<u64> {
        self.submit("letter_count", |db| db.letter_count())
    }

    /// One dead letter, whole.
    pub fn letter(&self, id: u64) -> Answer<Option<Letter>> {
        self.submit("letter", move |db| db.letter(id))
    }

    /// A dead letter is sent again; whether there is such a letter.
    pub fn mark_retried(&self, id: u64) -> Answer<bool> {
        self.submit("mark_retried", move |db| db.mark_retried(id))
    }

    /// Forgets a dead letter; whether there was one.
    pub fn discard(&self, id: u64) -> Answer<bool> {
        self.submit("discard", move |db| db.discard(id))
    }

    /// Notes an attempt to serve again.
    pub fn attempt(&self, attempt: Attempt) -> Answer<()> {
        self.submit("attempt", move |db| db.attempt(&attempt))
    }

    /// The part of the attempts in this time that went well, 0 to 1.
    pub fn success_rate(&self, window: Duration) -> Answer<Option<f64>> {
        self.submit("success_rate", move |db| db.success_rate(window, Timestamp::now()))
    }

    /// Something is wrong; whether that is news, and so has to be told.
    pub fn raise(&self, kind: &str, detail: &str) -> Answer<bool> {
        let (kind, detail) = (kind.to_owned(), detail.to_owned());
        self.submit("raise", move |db| db.raise(&kind, &detail, Timestamp::now()))
    }

    /// It is over; whether it was firing.
    pub fn resolve(&self, kind: &str) -> Answer<bool> {
        let kind = kind.to_owned();
        self.submit("resolve", move |db| db.resolve(&kind, Timestamp::now()))
    }

    /// The alerts that are firing.
    pub fn alerts(&self) -> Answer<Vec<Alert>> {
        self.submit("alerts", |db| db.alerts())
    }

    /// How far a step of a restart is. Awaited before the step where it must be known
    /// to the next front that it was begun.
    pub fn saga_step(&self, id: RestartId, step: &str, state: StepState, detail: &str) -> Answer<()> {
        let (step, detail) = (step.to_owned(), detail.to_owned());
        self.submit("saga_step", move |db| db.saga_step(&id, &step, state, &detail, Timestamp::now()))
    }

    /// All steps of a restart that has ended, in the order in which they began.
    pub fn saga(&self, id: RestartId, steps: Vec<SagaStep>) -> Answer<()> {
        self.submit("saga", move |db| db.saga(&id, &steps, Timestamp::now()))
    }

    /// Restarts that were not completed and have effects that are not undone.
    pub fn unfinished_sagas(&self) -> Answer<Vec<Saga>> {
        self.submit("unfinished_sagas", |db| db.unfinished_sagas())
    }

    /// Writes what has become of sessions over HTTP.
    pub fn change_http_sessions(&self, changes: Vec<HttpSessionChange>) -> Answer<()> {
        self.submit("change_http_sessions", move |db| db.change_http_sessions(&changes))
    }

    /// The sessions over HTTP that were used since this time (milliseconds since the Unix
    /// epoch), at most so many; the others are forgotten.
    pub fn http_sessions(&self, since: i64, most: u32) -> Answer<Vec<HttpSession>> {
        self.submit("http_sessions", move |db| db.http_sessions(since, most))
    }

    fn submit<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&mut Db) -> Result<T, LedgerError> + Send + 'static,
    ) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            let result = work(db);
            if let Err(error) = &result {
                tracing::error!(what, %error, "the ledger failed");
            }
            // Who asked need not want to know.
            drop(reply.send(result));
        });
        match self.queue.try_send(job) {
            Ok(()) => Answer::pending(answer),
            Err(TrySendError::Full(_)) => {
                self.backlog.dropped.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(what, "the ledger is behind: dropped");
                Answer::failed(LedgerError::Busy)
            }
            Err(TrySendError::Disconnected(_)) => Answer::failed(LedgerError::Closed),
        }
    }
}

#[cfg(test)]
mod tests;

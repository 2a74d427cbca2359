//! What the front holds of the audit. Nothing here waits for the disk.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use task_orchestrator_shared::admin::MAX_LINE_BYTES;
use task_orchestrator_shared::admin::audit::{
    Attempt, AuditOutcome, AuditRecord, AuditVerdict, MAX_AUDIT_RECORDS,
};
use tokio::sync::{mpsc, oneshot};

use super::disk::InPlace;
use super::error::AuditError;
use super::options::Options;
use super::writer::{Order, Task, Writer, run};
use crate::state::RealDisk;

/// Records that may wait for the writer. Of decisions about reading and of denials only
/// three quarters may, so that they cannot keep out what changes something; what is
/// more is counted and told by a record later. An intent for which there is no room
/// is an error.
pub const QUEUE: usize = 4096;

const QUEUE_FOR_READS: usize = QUEUE / 4 * 3;

/// Batches of new records that may wait for one who watches; more are dropped.
const WATCH: usize = 64;

/// Bytes of records in an answer, as JSON; older ones are left out of it.
const MAX_ANSWER: usize = MAX_LINE_BYTES / 4 * 3;

/// As many of the first ones as an answer holds.
fn fitting(records: Vec<AuditRecord>) -> Vec<AuditRecord> {
    let mut bytes = 0;
    let fits = |record: &AuditRecord| {
        bytes += serde_json::to_vec(record).map_or(0, |line| line.len() + 1);
        bytes <= MAX_ANSWER
    };
    records.into_iter().take_while(fits).collect()
}

/// What handle and writer both know.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Orders in the queue.
    pub(super) waiting: AtomicUsize,
    /// Records that were not taken.
    pub(super) lost: AtomicU64,
    condition: Mutex<Option<String>>,
    watchers: Mutex<Vec<mpsc::Sender<Vec<AuditRecord>>>>,
}

impl Shared {
    pub(super) fn set_condition(&self, condition: Option<String>) {
        *self.condition.lock().unwrap_or_else(PoisonError::into_inner) = condition;
    }

    /// Tells those who watch; who is slow reads again by itself.
    pub(super) fn tell(&self, records: Vec<AuditRecord>) {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|watcher| !watcher.is_closed());
        for watcher in &*watchers {
            let _ = watcher.try_send(records.clone());
        }
    }
}

/// The audit. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Audit {
    orders: SyncSender<Order>,
    shared: Arc<Shared>,
    options: Arc<Options>,
}

impl Audit {
    /// Starts the audit. A directory that cannot be written is no error here: it is
    /// the [condition](Self::condition), and tried again with each intent.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub fn open(options: &Options) -> Result<Self, AuditError> {
        Self::open_on(RealDisk, options)
    }

    /// The same with the files of this disk.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_on<D>(disk: D, options: &Options) -> Result<Self, AuditError>
    where
        D: InPlace + Send + 'static,
        D::File: 'static,
    {
        let (orders, queue) = sync_channel(QUEUE);
        let shared = Arc::<Shared>::default();
        let writer = Writer::new(disk, options.clone(), Arc::clone(&shared));
        let started = std::thread::Builder::new().name("audit".into()).spawn(move || run(writer, &queue));
        started.map_err(AuditError::io("start the thread for", &options.directory))?;
        Ok(Self { orders, shared, options: Arc::new(options.clone()) })
    }

    /// What is wrong with it; `None` when records are written. A message for people.
    pub fn condition(&self) -> Option<String> {
        self.shared.condition.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody is about to change something. Resolves to the record's number when it
    /// is on the disk; only then it may be done.
    ///
    /// # Errors
    /// The record cannot be written: it must not be done.
    pub fn intent(&self, attempt: Attempt) -> impl Future<Output = Result<u64, AuditError>> + Send + use<> {
        let (reply, written) = oneshot::channel();
        let sent = self.send(Task::Intent(attempt, reply), QUEUE);
        async move {
            sent?;
            written.await.unwrap_or(Err(AuditError::Closed))
        }
    }

    /// What came of an intent.
    pub fn outcome(&self, of: u64, outcome: AuditOutcome, detail: &str) {
        self.or_lost(Task::Outcome { of, outcome, detail: detail.to_owned() }, QUEUE);
    }

    /// Somebody may not do what they want.
    pub fn denied(&self, attempt: Attempt, why: &str) {
        self.denied_often(attempt, why, 1);
    }

    /// The same so many times.
    pub fn denied_often(&self, attempt: Attempt, why: &str, times: u64) {
        self.or_lost(Task::Denied { attempt, why: why.to_owned(), times }, QUEUE_FOR_READS);
    }

    /// Somebody looks at something.
    pub fn allowed(&self, attempt: Attempt) {
        self.or_lost(Task::Allowed(attempt), QUEUE_FOR_READS);
    }

    /// Something was done although no record of it could be written: it is kept in
    /// memory, and written when that works again.
    pub fn later(&self, attempt: Attempt, outcome: AuditOutcome, detail: &str) {
        let (operation, uid) = (attempt.operation, attempt.actor.uid);
        tracing::error!(%operation, uid, ?outcome, detail, "done without a record in the audit");
        self.or_lost(Task::Later(attempt, outcome, detail.to_owned()), QUEUE);
    }

    /// The newest records, newest first, those included that wait to be written: at most
    /// `limit`, and never more than 1000, or than fit into an answer.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn newest(
        &self,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<AuditRecord>, AuditError>> + Send + use<> {
        let limit = usize::try_from(limit).unwrap_or(MAX_AUDIT_RECORDS).min(MAX_AUDIT_RECORDS);
        self.reading(move |options| Ok(fitting(super::newest(&options.directory, limit, |_| true)?)))
    }

    /// Checks all files, those records included that wait to be written.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn verify(&self) -> impl Future<Output = Result<AuditVerdict, AuditError>> + Send + use<> {
        self.reading(super::verify)
    }

    fn reading<T, R>(&self, read: R) -> impl Future<Output = Result<T, AuditError>> + Send + use<T, R>
    where
        T: Send + 'static,
        R: FnOnce(&Options) -> Result<T, AuditError> + Send + 'static,
    {
        let (flushed, options) = (self.flush(), Arc::clone(&self.options));
        async move {
            // What cannot be written does not keep from reading what was.
            let _ = flushed.await;
            let read = tokio::task::spawn_blocking(move || read(&options)).await;
            read.unwrap_or(Err(AuditError::Closed))
        }
    }

    /// Resolves when everything so far is on the disk.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn flush(&self) -> impl Future<Output = Result<(), AuditError>> + Send + use<> {
        let (reply, written) = oneshot::channel();
        let sent = self.send(Task::Flush(reply), QUEUE);
        async move {
            sent?;
            written.await.unwrap_or(Err(AuditError::Closed))
        }
    }

    /// Tells counted repeats, writes everything and ends. Afterwards nothing is
    /// written any more, whoever still has a handle.
    ///
    /// # Errors
    /// It cannot be written, or not within that time; it is still tried then.
    pub async fn close(&self, within: Duration) -> Result<(), AuditError> {
        let (reply, written) = oneshot::channel();
        self.send(Task::Close(reply), QUEUE)?;
        match tokio::time::timeout(within, written).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) | Err(_) => Err(AuditError::Closed),
        }
    }

    /// New records as they come onto the disk, in batches. Who is slow misses some, and
    /// reads [the newest](Self::newest) again.
    pub fn watch(&self) -> mpsc::Receiver<Vec<AuditRecord>> {
        let (watcher, records) = mpsc::channel(WATCH);
        self.shared.watchers.lock().unwrap_or_else(PoisonError::into_inner).push(watcher);
        records
    }

    fn or_lost(&self, task: Task, room: usize) {
        if self.send(task, room).is_err() {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn send(&self, task: Task, room: usize) -> Result<(), AuditError> {
        let waiting = self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        let order = Order { at: Timestamp::now(), task };
        let sent = match waiting {
            waiting if waiting >= room => Err(AuditError::Full(waiting)),
            _ => self.orders.try_send(order).map_err(|error| match error {
                TrySendError::Full(_) => AuditError::Full(QUEUE),
                TrySendError::Disconnected(_) => AuditError::Closed,
            }),
        };
        if sent.is_err() {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        sent
    }
}

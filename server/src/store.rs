//! The store: the one place that knows SQL and the files of artifacts.
//!
//! Decides nothing about tasks: it implements the domain's ports on a
//! transaction, and makes every mutating operation happen exactly once.

mod artifacts;
mod background;
pub mod backup;
mod busy;
mod checkpoint;
mod error;
mod execution;
pub mod export;
mod fetch;
mod figures;
mod find;
mod ids;
pub mod import;
mod job;
mod log;
mod migrate;
mod options;
mod paths;
mod read;
mod readers;
mod rows;
mod schema;
mod text;
mod transaction;
mod tree;
mod write;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{broadcast, mpsc, oneshot};

pub use artifacts::{MAX_FILE_BYTES, Staged, Sweep};
pub use background::{
    Asked, BackgroundCall, CallState, ClaimedCall, Claims, Ended, MAX_OUTCOME_BYTES, NewCall, Wanted,
};
pub use checkpoint::{CallAtCheckpoint, Checkpoint, MAX_CHECKPOINT_BYTES};
pub use error::{ExecuteError, StoreError};
pub use execution::{Execution, MAX_IDEMPOTENCY_KEY, Mode};
pub use figures::Figures;
pub use ids::RandomIds;
pub use options::{StoreOptions, Synchronous};
pub use paths::resolve_inside;
pub use schema::{SCHEMA_VERSION, SchemaState};
pub use transaction::{EVERYTHING, LIST_CHANGED, ReadTx, WriteTx};

use crate::link::TakeOver;
use crate::tasks::{ContentHash, RepositoryError, TaskError};
use artifacts::InFlight;
use job::Operation;
use readers::Readers;
use writer::{Gauges, Order, Writer};

/// Operations that may wait for the writer; further callers wait for a place.
const QUEUE: usize = 1024;
/// Sets of changes that a slow listener may be behind before it has to look anew.
const CHANGES: usize = 1024;

/// A handle of the store. Cheap to clone; the store ends with its last handle.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    options: Arc<StoreOptions>,
    orders: mpsc::Sender<Order>,
    readers: Readers,
    changes: broadcast::Sender<Arc<[String]>>,
    gauges: Arc<Gauges>,
    in_flight: Arc<InFlight>,
}

impl Store {
    /// Opens the database, and makes it where there is none. Writes nothing to
    /// an existing one: that begins with [`Store::activate`].
    ///
    /// # Errors
    ///
    /// A file that is not ours, of another schema, or cannot be used.
    pub fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        schema::ensure_database(options)?;
        let connection = schema::open_writer(options)?;
        schema::check_version(&connection, &options.database)?;
        schema::ensure_directory(&options.artifacts)?;
        let (orders, receiver) = mpsc::channel(QUEUE);
        let (changes, _) = broadcast::channel(CHANGES);
        let gauges = Arc::new(Gauges::default());
        let writer = Writer::new(options.clone(), connection, receiver, changes.clone(), Arc::clone(&gauges));
        std::thread::Builder::new()
            .name("store-write".into())
            .spawn(move || writer.run())
            .map_err(schema::file_error("cannot start a thread for", Path::new("writing")))?;
        let readers = Readers::spawn(options)?;
        let shared = Shared {
            options: Arc::new(options.clone()),
            orders,
            readers,
            changes,
            gauges,
            in_flight: Arc::new(InFlight::default()),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The schema of the database, and what an activation would do about it.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub fn schema(&self) -> Result<SchemaState, ExecuteError> {
        use transaction::Connected as _;
        let found =
            self.read_short(|tx| Ok(schema::found_version(tx.connection()).map_err(RepositoryError::from)?));
        Ok(SchemaState::of(found?))
    }

    /// Takes over: from here on this worker may write, and no earlier one may,
    /// except for the last one where it is a handover: that goes on until
    /// [`Store::retire_former`]. Migrates the database where that is due. Returns
    /// the epoch: how many workers have taken over, this one included.
    /// A store that was active before may take over again.
    ///
    /// # Errors
    ///
    /// When the database cannot be written or migrated; nothing has changed then.
    pub async fn activate(&self, how: TakeOver) -> Result<u64, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Activate { how, reply }).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// From here on the worker of the epoch before writes no more. Operations
    /// that are asked for after this see all that it has done.
    ///
    /// # Errors
    ///
    /// When the database cannot be written, or this worker is not in charge.
    pub async fn retire_former(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::RetireFormer { reply }).await?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Carries out a mutating operation exactly once, and returns when its
    /// result is as durable as the options ask for. A request that has been
    /// carried out before gets the reply of that time; the work is not run.
    ///
    /// # Errors
    ///
    /// The domain's refusal, or the store's failure; nothing was changed then.
    pub async fn execute<T, F>(&self, execution: Execution, work: F) -> Result<T, ExecuteError>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, TaskError> + Send + 'static,
    {
        self.execute_with(execution, Vec::new(), work).await
    }

    /// The same for an operation that names staged contents, which stay on the
    /// disk until its outcome is known.
    ///
    /// # Errors
    ///
    /// As [`Store::execute`].
    pub async fn execute_with<T, F>(
        &self,
        execution: Execution,
        staged: Vec<Staged>,
        work: F,
    ) -> Result<T, ExecuteError>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, TaskError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Operation {
            execution,
            remembered: self.shared.options.operation_log,
            work: Some(work),
            result: None,
            reply,
            held: staged.into_iter().map(Staged::into_hold).collect(),
        };
        self.shared.gauges.pending.fetch_add(1, Ordering::Relaxed);
        if let Err(closed) = self.order(Order::Run(Box::new(job))).await {
            self.shared.gauges.pending.fetch_sub(1, Ordering::Relaxed);
            return Err(closed.into());
        }
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// The reply of this request, when it has been carried out before.
    ///
    /// # Errors
    ///
    /// When it was carried out with other arguments; the store's failure.
    pub async fn remembered<T>(&self, execution: Execution) -> Result<Option<T>, ExecuteError>
    where
        T: DeserializeOwned + Send + 'static,
    {
        use transaction::Connected as _;
        let reply = self.read(move |tx| Ok(log::recall(tx.connection(), &execution))).await??;
        let parsed = reply.map(|reply| serde_json::from_str(&reply)).transpose();
        parsed.map_err(|error| ExecuteError::Reply(error.to_string()))
    }

    /// Reads at one moment.
    ///
    /// # Errors
    ///
    /// The domain's refusal, or the store's failure.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, TaskError> + Send + 'static,
    ) -> Result<T, ExecuteError> {
        self.shared.readers.read(work).await
    }

    /// The same for work that looks at a bounded number of rows: it is done
    /// here and now, because waking a thread for it would take longer.
    ///
    /// # Errors
    ///
    /// As [`Store::read`].
    pub fn read_short<T>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, TaskError>,
    ) -> Result<T, ExecuteError> {
        self.shared.readers.read_short(work)
    }

    /// Puts content on the disk, for an operation that is going to name it.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub async fn stage(&self, bytes: Vec<u8>) -> Result<Staged, StoreError> {
        let (options, in_flight) = self.for_files();
        blocking(move || artifacts::stage(&options.artifacts, &in_flight, &bytes)).await?
    }

    /// The same with a file of the workspace, up to [`MAX_FILE_BYTES`].
    ///
    /// # Errors
    ///
    /// A path outside the workspace, no regular file, too large, or it cannot be written.
    pub async fn stage_file(
        &self,
        workspace: impl Into<std::path::PathBuf>,
        path: impl Into<String>,
    ) -> Result<Staged, ExecuteError> {
        let (options, in_flight) = self.for_files();
        let (workspace, path) = (workspace.into(), path.into());
        blocking(move || artifacts::stage_file(&options.artifacts, &in_flight, &workspace, &path)).await?
    }

    /// What an artifact holds, checked against its hash.
    ///
    /// # Errors
    ///
    /// When there is no such content or it is damaged.
    pub async fn artifact_content(&self, sha256: ContentHash) -> Result<Vec<u8>, ExecuteError> {
        let (options, _) = self.for_files();
        blocking(move || artifacts::content(&options.artifacts, &sha256)).await?
    }

    /// Removes files that no artifact names any more and that are older than
    /// the options' age.
    ///
    /// # Errors
    ///
    /// When the database or the directory cannot be read.
    pub async fn sweep_orphans(&self) -> Result<Sweep, StoreError> {
        let (options, in_flight) = self.for_files();
        blocking(move || artifacts::sweep(&options, &in_flight)).await?
    }

    /// The resources that changed, commit by commit (`task://…`, `session://…`,
    /// `artifact://…`, [`LIST_CHANGED`] when there are more or fewer, [`EVERYTHING`] when
    /// nobody knows which). Bounded: a receiver that lags has to take everything as changed.
    pub fn changes(&self) -> broadcast::Receiver<Arc<[String]>> {
        self.shared.changes.subscribe()
    }

    /// Finishes what waits and lets go of the database for writing. Later
    /// operations are answered with [`StoreError::Closed`].
    pub async fn close(&self) {
        let (reply, answer) = oneshot::channel();
        if self.order(Order::Close { reply }).await.is_ok() {
            // The writer answers or is gone already; both mean that it is closed.
            let _ = answer.await;
        }
    }

    async fn order(&self, order: Order) -> Result<(), StoreError> {
        self.shared.orders.send(order).await.map_err(|_| StoreError::Closed)
    }

    fn for_files(&self) -> (Arc<StoreOptions>, Arc<InFlight>) {
        (Arc::clone(&self.shared.options), Arc::clone(&self.shared.in_flight))
    }

    /// The writer's connection and the readers'.
    fn connections(&self) -> u64 {
        1 + self.shared.readers.connections()
    }

    fn gauges(&self) -> &Gauges {
        &self.shared.gauges
    }

    /// What it was opened with.
    pub fn options(&self) -> &StoreOptions {
        &self.shared.options
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Defect)
}

//! A few threads that read, each with a connection of its own. One queue for
//! all, so that a long query holds back nothing but itself. And one connection
//! for reads so short that the way to a thread and back would cost several times
//! as much as they do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::error::{ExecuteError, StoreError};
use super::options::StoreOptions;
use super::transaction::ReadTx;
use super::{busy, schema};
use crate::tasks::TaskError;

/// Reads that may wait; further callers wait for a place.
const QUEUE: usize = 1024;
/// Most reading threads.
const MAX_READERS: usize = 16;

type Read = Box<dyn FnOnce(Result<&Connection, StoreError>) + Send>;

/// The way to the reading threads. They end when the last handle is gone.
pub(super) struct Readers {
    queue: mpsc::Sender<Read>,
    options: StoreOptions,
    /// Opened by the first short read, and anew after one that failed.
    short: Mutex<Option<Warm>>,
    open: Arc<AtomicU64>,
}

/// A connection that has read the schema already, counted while it is open.
struct Warm {
    connection: Connection,
    open: Arc<AtomicU64>,
}

impl Warm {
    fn open(options: &StoreOptions, open: &Arc<AtomicU64>) -> Result<Self, StoreError> {
        let connection = schema::open_reader(options)?;
        connection.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |_| Ok(()))?;
        open.fetch_add(1, Ordering::Relaxed);
        Ok(Self { connection, open: Arc::clone(open) })
    }
}

impl Drop for Warm {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Readers {
    /// Starts the threads; each opens its connection by itself.
    pub(super) fn spawn(options: &StoreOptions) -> Result<Self, StoreError> {
        let (queue, reads) = mpsc::channel(QUEUE);
        let reads = Arc::new(Mutex::new(reads));
        let open = Arc::default();
        for number in 0..options.readers.clamp(1, MAX_READERS) {
            let (options, reads, open) = (options.clone(), Arc::clone(&reads), Arc::clone(&open));
            thread::Builder::new()
                .name(format!("store-read-{number}"))
                .spawn(move || serve(&options, &reads, &open))
                .map_err(schema::file_error("cannot start a thread for", std::path::Path::new("reading")))?;
        }
        Ok(Self { queue, options: options.clone(), short: Mutex::new(None), open })
    }

    /// Runs work that looks at a bounded number of rows, in the caller's thread.
    pub(super) fn read_short<T>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, TaskError>,
    ) -> Result<T, ExecuteError> {
        let mut short = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        let warm = match short.take() {
            Some(warm) => warm,
            None => Warm::open(&self.options, &self.open)?,
        };
        let result = at_one_moment(&warm.connection, work);
        if warm.connection.is_autocommit() {
            *short = Some(warm);
        }
        result
    }

    /// How many connections are open.
    pub(super) fn connections(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Runs the work on one moment of the database.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, TaskError> + Send + 'static,
    ) -> Result<T, ExecuteError> {
        let (reply, answer) = oneshot::channel();
        let read: Read = Box::new(move |connection| {
            // The caller may have gone away while this waited.
            if !reply.is_closed() {
                let _ =
                    reply.send(connection.map_err(ExecuteError::from).and_then(|it| at_one_moment(it, work)));
            }
        });
        self.queue.send(read).await.map_err(|_| StoreError::Closed)?;
        // A read that stopped by a defect drops its reply.
        answer.await.map_err(|_| StoreError::Defect)?
    }
}

fn at_one_moment<T>(
    connection: &Connection,
    work: impl FnOnce(&ReadTx<'_>) -> Result<T, TaskError>,
) -> Result<T, ExecuteError> {
    connection.prepare_cached("BEGIN DEFERRED")?.execute([])?;
    let result = work(&ReadTx::new(connection));
    connection.prepare_cached("ROLLBACK")?.execute([])?;
    Ok(result?)
}

fn serve(options: &StoreOptions, reads: &Mutex<mpsc::Receiver<Read>>, count: &Arc<AtomicU64>) {
    busy::wait_at_most(options.busy_timeout);
    let mut connection = Warm::open(options, count).ok();
    loop {
        // Whoever holds the lock waits for the next read; the others wait for the lock.
        let next = reads.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(read) = next else { return };
        if connection.is_none() {
            match Warm::open(options, count) {
                Ok(opened) => connection = Some(opened),
                Err(error) => {
                    read(Err(error));
                    continue;
                }
            }
        }
        let Some(open) = &connection else { continue };
        let finished = catch_unwind(AssertUnwindSafe(|| read(Ok(&open.connection)))).is_ok();
        if !finished || !open.connection.is_autocommit() {
            // Whatever state it is in, a new one is in a known state.
            connection = None;
        }
    }
}

//! The thread that owns the database, and the verdicts that must not get lost.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use task_orchestrator_shared::restart::RestartReport;

use super::db::Db;

/// Verdicts that wait for the disk. More than this many restarts do not happen
/// while nothing can be written; the oldest goes.
const MAX_VERDICTS: usize = 64;
/// Bytes of dead letters that may wait for the disk.
const MAX_LETTER_BYTES: u64 = 64 << 20;
/// How often it is tried to write them when nothing else is to be done.
const RETRY: Duration = Duration::from_secs(5);

/// Something to do with the database.
pub(super) type Job = Box<dyn FnOnce(&mut Db) + Send>;

/// Ends of restarts that could not be written yet, and what was lost.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    verdicts: Mutex<VecDeque<RestartReport>>,
    /// Records that were not taken because too much was waiting, or lost from here.
    pub(super) dropped: AtomicU64,
    /// Bytes of dead letters that wait to be written.
    letter_bytes: AtomicU64,
}

impl Backlog {
    /// Keeps a verdict until it can be written.
    pub(super) fn keep(&self, report: RestartReport) {
        let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        if verdicts.len() == MAX_VERDICTS
            && let Some(lost) = verdicts.pop_front()
        {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            tracing::error!(restart = %lost.restart_id, "the end of a restart is not in the ledger");
        }
        verdicts.push_back(report);
    }

    /// Whether there is room for another letter of this size to wait; it is then taken.
    pub(super) fn admit(&self, bytes: u64) -> bool {
        let before = self.letter_bytes.fetch_add(bytes, Ordering::Relaxed);
        // One is let in whatever its size: it is a message that was let in before.
        let fits = before == 0 || before.saturating_add(bytes) <= MAX_LETTER_BYTES;
        if !fits {
            self.release(bytes);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        fits
    }

    /// A letter waits no more.
    pub(super) fn release(&self, bytes: u64) {
        self.letter_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn is_empty(&self) -> bool {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Writes what waits, oldest first, until one fails.
    fn write(&self, db: &mut Db) {
        let next = || self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        while let Some(report) = next() {
            if let Err(error) = db.finish(&report) {
                tracing::warn!(%error, restart = %report.restart_id, "the end of a restart is written later");
                self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).push_front(report);
                return;
            }
        }
    }
}

/// Does what comes until nobody can send any more.
pub(super) fn run(mut db: Db, queue: &Receiver<Job>, backlog: &Backlog) {
    loop {
        let job = if backlog.is_empty() {
            queue.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            queue.recv_timeout(RETRY)
        };
        backlog.write(&mut db);
        match job {
            Ok(job) => job(&mut db),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    backlog.write(&mut db);
}

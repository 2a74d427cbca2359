//! The one thread that writes. Takes all operations that are ready, gives them
//! one commit, and answers only when that commit is on the disk. It is the
//! only place that begins or commits a transaction for writing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, params};
use tokio::sync::{broadcast, mpsc, oneshot};

use super::error::StoreError;
use super::job::{Job, Verdict};
use super::log;
use super::options::{StoreOptions, Synchronous};
use super::transaction::{EVERYTHING, Effects, WriteTx};
use super::{background, busy, checkpoint, migrate, schema, text};
use crate::link::TakeOver;

/// How long between two looks for rows that nobody will ask for again.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// What the writer is asked to do.
pub(super) enum Order {
    /// An operation.
    Run(Box<dyn Job>),
    /// Take over from every earlier worker, or from all but the last.
    Activate { how: TakeOver, reply: oneshot::Sender<Result<u64, StoreError>> },
    /// The worker of the epoch before writes no more.
    RetireFormer { reply: oneshot::Sender<Result<(), StoreError>> },
    /// Finish and let go of the database.
    Close { reply: oneshot::Sender<()> },
}

/// What others see of the writer.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    /// This worker's epoch, 0 before it is active.
    pub(super) epoch: AtomicU64,
    /// Operations that wait or run.
    pub(super) pending: AtomicU64,
    /// Commits since the store was opened.
    pub(super) commits: AtomicU64,
    /// Operations answered since the store was opened.
    pub(super) operations: AtomicU64,
}

/// The thread's state.
pub(super) struct Writer {
    options: StoreOptions,
    connection: Connection,
    orders: mpsc::Receiver<Order>,
    changes: broadcast::Sender<Arc<[String]>>,
    gauges: Arc<Gauges>,
    epoch: Option<u64>,
    pruned: Instant,
}

/// Why a whole commit failed, in a form that every operation of it can be told.
#[derive(Debug, Clone)]
enum Failure {
    Fenced { ours: u64, current: u64 },
    NotActive,
    Unavailable(String),
    Failed(String),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        crate::tasks::RepositoryError::from(error).into()
    }
}

impl From<crate::tasks::RepositoryError> for Failure {
    fn from(error: crate::tasks::RepositoryError) -> Self {
        match error {
            crate::tasks::RepositoryError::Unavailable(reason) => Self::Unavailable(reason),
            crate::tasks::RepositoryError::Failed(reason) => Self::Failed(reason),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Fenced { ours, current } => Self::Fenced { ours, current },
            Failure::NotActive => Self::NotActive,
            Failure::Unavailable(reason) => Self::Unavailable(reason),
            Failure::Failed(reason) => Self::Failed(reason),
        }
    }
}

impl Writer {
    pub(super) fn new(
        options: StoreOptions,
        connection: Connection,
        orders: mpsc::Receiver<Order>,
        changes: broadcast::Sender<Arc<[String]>>,
        gauges: Arc<Gauges>,
    ) -> Self {
        Self { options, connection, orders, changes, gauges, epoch: None, pruned: Instant::now() }
    }

    /// Serves until all handles of the store are gone or it is closed.
    pub(super) fn run(mut self) {
        busy::wait_at_most(self.options.busy_timeout);
        let mut group = Vec::new();
        while let Some(order) = self.orders.blocking_recv() {
            let mut next = Some(order);
            let mut closing = None;
            while let Some(order) = next.take() {
                match order {
                    Order::Run(job) => group.push(job),
                    // In the order of arrival: what came before is committed before.
                    Order::Activate { how, reply } => {
                        self.commit(&mut group);
                        let _ = reply.send(self.activate(how));
                    }
                    Order::RetireFormer { reply } => {
                        self.commit(&mut group);
                        let _ = reply.send(self.retire_former());
                    }
                    Order::Close { reply } => {
                        closing = Some(reply);
                        break;
                    }
                }
                if group.len() < self.options.group_commit_max {
                    next = self.orders.try_recv().ok();
                }
            }
            self.commit(&mut group);
            if let Some(reply) = closing {
                // Closing copies the log back into the database and removes it.
                drop(self);
                let _ = reply.send(());
                return;
            }
            if self.orders.is_empty() && self.pruned.elapsed() >= PRUNE_EVERY {
                self.prune();
            }
        }
    }

    /// One transaction for all of these, and an answer to each.
    fn commit(&mut self, group: &mut Vec<Box<dyn Job>>) {
        if group.is_empty() {
            return;
        }
        let outcome = self.transact(group);
        let count = group.len() as u64;
        match outcome {
            Ok(effects) => {
                self.gauges.commits.fetch_add(1, Ordering::Relaxed);
                // Before the answers: whoever begins to listen after one must not hear of it as news.
                if !effects.changed.is_empty() {
                    // Nobody listening is no failure.
                    let _ = self.changes.send(effects.changed.into_iter().collect());
                }
                for job in group.drain(..) {
                    job.answer(None);
                }
            }
            Err(failure) => {
                tracing::warn!(?failure, operations = count, "a commit failed; its operations are undone");
                self.recover();
                for job in group.drain(..) {
                    job.answer(Some(failure.clone().into()));
                }
            }
        }
        self.gauges.pending.fetch_sub(count, Ordering::Relaxed);
        self.gauges.operations.fetch_add(count, Ordering::Relaxed);
    }

    fn transact(&mut self, group: &mut [Box<dyn Job>]) -> Result<Effects, Failure> {
        let ours = self.epoch.ok_or(Failure::NotActive)?;
        self.execute("BEGIN IMMEDIATE")?;
        check_fence(&self.connection, ours)?;
        let now = Timestamp::now();
        let mut kept = Effects::default();
        for job in group {
            self.execute("SAVEPOINT operation")?;
            let mut tx = WriteTx::new(&self.connection);
            match job.run(&mut tx, now) {
                Verdict::Keep => kept.extend(tx.take_effects()),
                Verdict::Undo if self.connection.is_autocommit() => {
                    // A full disk may have rolled back everything, not only this operation.
                    return Err(Failure::Unavailable("the transaction was rolled back by the disk".into()));
                }
                Verdict::Undo => self.execute("ROLLBACK TO operation")?,
            }
            self.execute("RELEASE operation")?;
        }
        text::apply(&self.connection, &kept.texts)?;
        self.execute("COMMIT")?;
        Ok(kept)
    }

    fn execute(&self, sql: &str) -> Result<(), Failure> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// After a failed commit nothing is taken for granted: not the transaction,
    /// and not the descriptor, whose failed sync must never be repeated.
    fn recover(&mut self) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        match schema::open_writer(&self.options) {
            Ok(connection) => self.connection = connection,
            Err(error) => {
                tracing::error!(%error, "the database cannot be opened again; the old connection stays");
            }
        }
    }

    /// Moves the epoch on, so that no earlier worker writes any more, or only the
    /// one before finishes what it has. A migration that is due is part of it.
    fn activate(&mut self, how: TakeOver) -> Result<u64, StoreError> {
        let due = schema::found_version(&self.connection)? < schema::SCHEMA_VERSION;
        let epoch = if due {
            self.in_transaction(|writer| writer.take_over(how))?
        } else {
            self.without_sync(|writer| writer.take_over(how))?
        };
        self.epoch = Some(epoch);
        self.gauges.epoch.store(epoch, Ordering::Relaxed);
        Ok(epoch)
    }

    fn take_over(&self, how: TakeOver) -> Result<u64, StoreError> {
        // Again, now that nobody else can change it.
        let found = schema::check_version(&self.connection, &self.options.database)?;
        migrate::apply(&self.connection, found, migrate::STEPS)?;
        let former = stored_epoch(&self.connection)?.0;
        let epoch = former.saturating_add(1);
        self.set("epoch", epoch)?;
        self.set("draining", if how == TakeOver::Handover { former } else { 0 })?;
        Ok(epoch)
    }

    /// Fences the worker before, and makes everybody look anew: what it changed
    /// was told to its own listeners only.
    fn retire_former(&mut self) -> Result<(), StoreError> {
        let ours = self.epoch.ok_or(StoreError::NotActive)?;
        self.without_sync(|writer| {
            check_fence(&writer.connection, ours)?;
            if stored_epoch(&writer.connection)?.0 == ours {
                writer.set("draining", 0)?;
            }
            Ok(())
        })?;
        // Nobody listening is no failure.
        let _ = self.changes.send([EVERYTHING.to_owned()].into());
        Ok(())
    }

    /// A transaction about who may write. Other processes see it at once; that it
    /// reaches the disk is not waited for, because a power failure ends every
    /// other worker too.
    fn without_sync<T>(&self, work: impl FnOnce(&Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.options.synchronous == Synchronous::Full {
            self.connection.execute_batch("PRAGMA synchronous = NORMAL")?;
        }
        let done = self.in_transaction(work);
        let level = schema::synchronous(self.options.synchronous);
        self.connection.execute_batch(&format!("PRAGMA synchronous = {level}"))?;
        done
    }

    fn in_transaction<T>(&self, work: impl FnOnce(&Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let done =
            work(self).and_then(|value| Ok(self.connection.execute_batch("COMMIT").map(|()| value)?));
        if done.is_err() && !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        done
    }

    fn set(&self, key: &str, value: u64) -> Result<(), StoreError> {
        let mut set = self.connection.prepare_cached("UPDATE meta SET value = ?2 WHERE key = ?1")?;
        set.execute(params![key, value.cast_signed()])?;
        Ok(())
    }

    /// Forgets old rows, as the transaction of a worker that is still in charge.
    fn prune(&mut self) {
        self.pruned = Instant::now();
        let pruned = (|| -> Result<usize, Failure> {
            let ours = self.epoch.ok_or(Failure::NotActive)?;
            self.execute("BEGIN IMMEDIATE")?;
            check_fence(&self.connection, ours)?;
            let now = Timestamp::now();
            let pruned = log::prune(&self.connection, now, self.options.retention)?
                + checkpoint::prune(&self.connection, now, self.options.retention)?
                + background::prune(&self.connection, now)?;
            self.execute("COMMIT")?;
            Ok(pruned)
        })();
        match pruned {
            Ok(rows) => tracing::debug!(rows, "old operations forgotten"),
            Err(failure) => {
                tracing::debug!(?failure, "old operations stay for now");
                self.recover();
            }
        }
    }
}

/// The epoch, and the one before while its worker may still write. Both in one
/// statement, because every commit asks.
fn stored_epoch(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    const SQL: &str = "SELECT (SELECT value FROM meta WHERE key = 'epoch'), \
         coalesce((SELECT value FROM meta WHERE key = 'draining'), 0)";
    let (epoch, draining): (i64, i64) =
        connection.prepare_cached(SQL)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((epoch.cast_unsigned(), draining.cast_unsigned()))
}

/// Refuses a transaction of a worker that may not write any more.
fn check_fence(connection: &Connection, ours: u64) -> Result<(), Failure> {
    let (current, draining) = stored_epoch(connection)?;
    if ours == current || ours == draining { Ok(()) } else { Err(Failure::Fenced { ours, current }) }
}

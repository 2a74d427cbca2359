//! What health checks ask of the store. Measured when asked, never remembered.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Store;
use super::error::ExecuteError;
use super::schema::{SCHEMA_VERSION, file_bytes, wal_path};
use super::transaction::Connected as _;
use crate::tasks::RepositoryError;

/// The store in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// The schema of the database.
    pub schema_version: u32,
    /// This worker's epoch; 0 before it is active.
    pub epoch: u64,
    /// The database's epoch: higher when a newer worker has taken over.
    pub current_epoch: u64,
    /// The generation this worker was activated with.
    pub generation: u64,
    /// Bytes of the database file.
    pub database_bytes: u64,
    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
    /// Mutating operations that wait or run.
    pub pending: u64,
    /// Commits since the store was opened.
    pub commits: u64,
    /// Mutating operations answered since the store was opened.
    pub operations: u64,
    /// How long the question to the database took, in microseconds.
    pub latency_micros: u64,
}

impl Store {
    /// Measures.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn figures(&self) -> Result<Figures, ExecuteError> {
        let began = Instant::now();
        let current_epoch = self
            .read(|tx| {
                let sql = "SELECT value FROM meta WHERE key = 'epoch'";
                let epoch: i64 =
                    tx.connection().query_row(sql, [], |row| row.get(0)).map_err(RepositoryError::from)?;
                Ok(epoch.cast_unsigned())
            })
            .await?;
        let latency_micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let gauges = self.gauges();
        Ok(Figures {
            schema_version: SCHEMA_VERSION,
            epoch: gauges.epoch.load(Ordering::Relaxed),
            current_epoch,
            generation: gauges.generation.load(Ordering::Relaxed),
            database_bytes: file_bytes(&self.options().database),
            wal_bytes: file_bytes(&wal_path(&self.options().database)),
            pending: gauges.pending.load(Ordering::Relaxed),
            commits: gauges.commits.load(Ordering::Relaxed),
            operations: gauges.operations.load(Ordering::Relaxed),
            latency_micros,
        })
    }
}

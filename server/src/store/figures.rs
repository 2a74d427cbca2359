//! What health checks ask of the store. Measured when asked, never remembered.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Store;
use super::error::{ExecuteError, StoreError};
use super::schema::{self, file_bytes, found_version, wal_path};
use super::transaction::Connected as _;
use crate::tasks::RepositoryError;

/// Most problems that a check names.
const PROBLEMS: usize = 10;

/// The store in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// The schema of the database.
    pub schema_version: u32,
    /// This worker's epoch; 0 before it is active.
    pub epoch: u64,
    /// The database's epoch: higher when a newer worker has taken over.
    pub current_epoch: u64,
    /// Connections that are open.
    pub connections: u64,
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
        let (current_epoch, schema_version) = self
            .read(|tx| {
                let sql = "SELECT value FROM meta WHERE key = 'epoch'";
                let epoch: i64 =
                    tx.connection().query_row(sql, [], |row| row.get(0)).map_err(RepositoryError::from)?;
                let found = found_version(tx.connection()).map_err(RepositoryError::from)?;
                Ok((epoch.cast_unsigned(), found))
            })
            .await?;
        let latency_micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let gauges = self.gauges();
        Ok(Figures {
            schema_version,
            connections: self.connections(),
            epoch: gauges.epoch.load(Ordering::Relaxed),
            current_epoch,
            database_bytes: file_bytes(&self.options().database),
            wal_bytes: file_bytes(&wal_path(&self.options().database)),
            pending: gauges.pending.load(Ordering::Relaxed),
            commits: gauges.commits.load(Ordering::Relaxed),
            operations: gauges.operations.load(Ordering::Relaxed),
            latency_micros,
        })
    }

    /// What SQLite's quick check finds wrong, at most 10 lines; empty
    /// when all is well. Takes its time, on a connection of its own.
    ///
    /// # Errors
    ///
    /// When the database cannot be read at all.
    pub async fn quick_check(&self) -> Result<Vec<String>, StoreError> {
        let (options, _) = self.for_files();
        super::blocking(move || {
            let connection = schema::open_reader(&options)?;
            let mut check = connection.prepare(&format!("PRAGMA quick_check({PROBLEMS})"))?;
            let found = check.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
            Ok(found.into_iter().filter(|line| line != "ok").collect())
        })
        .await?
    }
}

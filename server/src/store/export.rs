//! The open work as one moment of the database sees it, streamed: what a
//! snapshot is written from and compared with. Reads only, on a connection of
//! its own, so that it holds back nobody.

use std::fmt::Write as _;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::options::StoreOptions;
use super::rows::{self, SESSION, TASK, Time};
use super::{Store, schema};
use crate::tasks::{Session, Task, TaskId};

/// The open statuses as the indexes know them.
const OPEN: &str = "('pending', 'active', 'blocked', 'suspended')";

/// What identifies the moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The schema's version.
    pub schema_version: u32,
    /// SHA-256 over the definitions of all tables, indexes and triggers, in hexadecimal.
    pub schema_digest: String,
    /// How many workers have taken over.
    pub epoch: u64,
    /// How many tasks have ever been deleted.
    pub deletions: u64,
    /// Bytes of the database's file.
    pub size_bytes: u64,
}

/// One moment of the database.
pub struct Export {
    connection: Connection,
    options: StoreOptions,
}

impl Export {
    /// Begins to read; everything is of this moment from here on.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or is not ours.
    pub fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        let connection = schema::open_reader(options)?;
        let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        if id != super::backup::APPLICATION_ID {
            return Err(StoreError::NotOurs(options.database.clone()));
        }
        // The first read fixes the moment.
        connection.execute_batch("BEGIN DEFERRED; SELECT count(*) FROM meta;")?;
        Ok(Self { connection, options: options.clone() })
    }

    /// What identifies the moment.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn facts(&self) -> Result<Facts, StoreError> {
        let version: i64 = self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok(Facts {
            schema_version: u32::try_from(version).unwrap_or(u32::MAX),
            schema_digest: self.schema_digest()?,
            epoch: self.meta("epoch")?,
            deletions: self.meta("deletions")?,
            size_bytes: schema::file_bytes(&self.options.database),
        })
    }

    fn meta(&self, key: &str) -> Result<u64, StoreError> {
        let sql = "SELECT value FROM meta WHERE key = ?1";
        let value: Option<i64> = self.connection.query_row(sql, [key], |row| row.get(0)).optional()?;
        Ok(value.map_or(0, i64::cast_unsigned))
    }

    fn schema_digest(&self) -> Result<String, StoreError> {
        let mut hasher = Sha256::new();
        let sql = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name";
        let mut statement = self.connection.prepare(sql)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            for index in 0..3 {
                hasher.update(row.get_ref(index)?.as_str().map_err(rusqlite::Error::from)?);
                hasher.update([0]);
            }
        }
        Ok(hexadecimal(&hasher.finalize()))
    }

    /// How many tasks are open.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn count_open(&self) -> Result<u64, StoreError> {
        self.count(&format!("SELECT count(*) FROM tasks WHERE status IN {OPEN}"), [])
    }

    /// How many artifacts there are.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn count_artifacts(&self) -> Result<u64, StoreError> {
        self.count("SELECT count(*) FROM artifacts", [])
    }

    /// How many open tasks have not been touched since a time.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn count_open_before(&self, time: Timestamp) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM tasks WHERE status IN {OPEN} AND updated_at < ?1");
        self.count(&sql, params![Time(time)])
    }

    fn count(&self, sql: &str, parameters: impl Params) -> Result<u64, StoreError> {
        let count: i64 = self.connection.query_row(sql, parameters, |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// One task.
    ///
    /// # Errors
    ///
    /// When the database cannot be read or the row is damaged.
    pub fn task(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        let sql = format!("SELECT {TASK} FROM tasks t WHERE t.id = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([id.as_str()], |row| rows::task(row).map(|(_, task)| task)).optional()?)
    }

    /// Every open task, in the order of creation.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or what `each` returns.
    pub fn open_tasks<E: From<StoreError>>(
        &self,
        each: impl FnMut(&Task) -> Result<(), E>,
    ) -> Result<u64, E> {
        // Only the numbers are sorted, not the rows.
        let sql = format!(
            "SELECT {TASK} FROM (SELECT seq FROM tasks WHERE status IN {OPEN} ORDER BY seq) o \
             CROSS JOIN tasks t ON t.seq = o.seq"
        );
        self.stream(&sql, |row| rows::task(row).map(|(_, task)| task), each)
    }

    /// The tasks that are closed and that open ones need or are part of, in the
    /// order of creation: without them the open ones could not be rebuilt.
    ///
    /// # Errors
    ///
    /// As [`Export::open_tasks`].
    pub fn related_tasks<E: From<StoreError>>(
        &self,
        each: impl FnMut(&Task) -> Result<(), E>,
    ) -> Result<u64, E> {
        let sql = format!(
            "SELECT {TASK} FROM (\
                SELECT seq FROM tasks WHERE status NOT IN {OPEN} AND seq IN (\
                    SELECT parent FROM tasks WHERE status IN {OPEN} AND parent IS NOT NULL \
                    UNION SELECT d.needs FROM dependencies d JOIN tasks w ON w.seq = d.task \
                    WHERE w.status IN {OPEN}) ORDER BY seq) o \
             CROSS JOIN tasks t ON t.seq = o.seq"
        );
        self.stream(&sql, |row| rows::task(row).map(|(_, task)| task), each)
    }

    /// Every task there is, in the order of creation.
    ///
    /// # Errors
    ///
    /// As [`Export::open_tasks`].
    pub fn all_tasks<E: From<StoreError>>(&self, each: impl FnMut(&Task) -> Result<(), E>) -> Result<u64, E> {
        let sql = format!("SELECT {TASK} FROM tasks t ORDER BY t.seq");
        self.stream(&sql, |row| rows::task(row).map(|(_, task)| task), each)
    }

    /// Every session, in the order of creation.
    ///
    /// # Errors
    ///
    /// As [`Export::open_tasks`].
    pub fn all_sessions<E: From<StoreError>>(
        &self,
        each: impl FnMut(&Session) -> Result<(), E>,
    ) -> Result<u64, E> {
        self.stream(&format!("SELECT {SESSION} FROM sessions ORDER BY seq"), rows::session, each)
    }

    /// The sessions that are in use, or that open tasks or those related to them
    /// belong to.
    ///
    /// # Errors
    ///
    /// As [`Export::open_tasks`].
    pub fn work_sessions<E: From<StoreError>>(
        &self,
        each: impl FnMut(&Session) -> Result<(), E>,
    ) -> Result<u64, E> {
        let sql = format!(
            "SELECT {SESSION} FROM sessions s WHERE NOT archived OR EXISTS (SELECT 1 FROM counts c \
             WHERE c.facet = 'session' AND c.part = s.seq AND c.n > 0 AND c.value IN {OPEN}) ORDER BY seq"
        );
        self.stream(&sql, rows::session, each)
    }

    fn stream<T, E: From<StoreError>>(
        &self,
        sql: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        mut each: impl FnMut(&T) -> Result<(), E>,
    ) -> Result<u64, E> {
        let mut statement = self.connection.prepare(sql).map_err(StoreError::from)?;
        let mut found = statement.query([]).map_err(StoreError::from)?;
        let mut count = 0;
        while let Some(row) = found.next().map_err(StoreError::from)? {
            each(&read(row).map_err(StoreError::from)?)?;
            count += 1;
        }
        Ok(count)
    }
}

impl Store {
    /// What this store was opened with, for reading it beside the store.
    pub fn opened_with(&self) -> StoreOptions {
        self.options().clone()
    }
}

/// Bytes as lowercase hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

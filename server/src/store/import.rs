//! A new database from tasks that were saved: when the database is lost, the
//! work that was open is put together again. Writes only files that it made.

use std::path::Path;

use rusqlite::{Connection, params};

use super::error::StoreError;
use super::options::{StoreOptions, Synchronous};
use super::transaction::WriteTx;
use super::{schema, text};
use crate::tasks::{RepositoryMut as _, Session, Task};

/// Tasks after which the collected words are written, so that they take no more memory.
const WORDS_OF: u64 = 256;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Sessions written.
    pub sessions: u64,
    /// Tasks written.
    pub tasks: u64,
    /// Links to tasks that were not saved, which had to be left out.
    pub links_left_out: u64,
}

/// A database that is being made. It becomes valid with [`Import::finish`].
pub struct Import {
    connection: Connection,
    done: Imported,
    unwritten: Vec<super::transaction::TextChange>,
}

impl Import {
    /// Makes an empty database at a path where nothing is.
    ///
    /// # Errors
    ///
    /// When there is something, or it cannot be written.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        if path.exists() {
            let source = std::io::ErrorKind::AlreadyExists.into();
            return Err(StoreError::File { what: "cannot create", path: path.to_owned(), source });
        }
        let options = StoreOptions {
            synchronous: Synchronous::Off,
            ..StoreOptions::new(path, path.with_extension(""))
        };
        schema::ensure_database(&options)?;
        let connection = schema::open_writer(&options)?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        Ok(Self { connection, done: Imported::default(), unwritten: Vec::new() })
    }

    /// Writes a session.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or is there already.
    pub fn session(&mut self, session: &Session) -> Result<(), StoreError> {
        WriteTx::new(&self.connection).insert_session(session)?;
        self.done.sessions += 1;
        Ok(())
    }

    /// Writes a task without its links.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or is there already.
    pub fn task(&mut self, task: &Task) -> Result<(), StoreError> {
        let mut tx = WriteTx::new(&self.connection);
        tx.insert_task(task)?;
        self.unwritten.extend(tx.take_effects().texts);
        self.done.tasks += 1;
        if self.done.tasks.is_multiple_of(WORDS_OF) {
            self.write_words()?;
        }
        Ok(())
    }

    fn write_words(&mut self) -> Result<(), StoreError> {
        text::apply(&self.connection, &self.unwritten)?;
        self.unwritten.clear();
        Ok(())
    }

    /// Links a task with its parent and with what it needs; all tasks have been
    /// written before. Links to what was not saved are left out and counted.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn link(&mut self, task: &Task) -> Result<(), StoreError> {
        let mut missing = 0;
        if let Some(parent) = &task.parent_task_id {
            let sql = "UPDATE tasks SET parent = (SELECT seq FROM tasks WHERE id = ?2) \
                       WHERE id = ?1 RETURNING parent IS NULL";
            let mut statement = self.connection.prepare_cached(sql)?;
            let is_missing: bool =
                statement.query_row(params![task.task_id.as_str(), parent.as_str()], |row| row.get(0))?;
            missing += u64::from(is_missing);
        }
        let sql = "INSERT INTO dependencies (task, place, needs) \
                   SELECT t.seq, ?2, n.seq FROM tasks t, tasks n WHERE t.id = ?1 AND n.id = ?3";
        let mut statement = self.connection.prepare_cached(sql)?;
        for (place, needed) in (0_i64..).zip(&task.dependencies) {
            let written = statement.execute(params![task.task_id.as_str(), place, needed.as_str()])?;
            missing += u64::from(written == 0);
        }
        self.done.links_left_out += missing;
        Ok(())
    }

    /// Commits, and syncs the file.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<Imported, StoreError> {
        self.write_words()?;
        // Counted at the insertion of each task, when some parents were not there yet.
        self.connection.execute_batch(
            "DELETE FROM counts WHERE facet = 'parent'; \
             INSERT INTO counts (facet, part, value, n) \
                SELECT 'parent', parent, status, count(*) FROM tasks WHERE parent IS NOT NULL \
                GROUP BY parent, status; \
             COMMIT;",
        )?;
        let path = self.connection.path().map(std::path::PathBuf::from).unwrap_or_default();
        self.connection.close().map_err(|(_, error)| StoreError::from(error))?;
        let at = |what| schema::file_error(what, &path);
        std::fs::File::open(&path).and_then(|file| file.sync_all()).map_err(at("cannot sync"))?;
        Ok(self.done)
    }
}

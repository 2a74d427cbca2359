//! Where the tasks of a snapshot come from: the store, or an iterator.

use super::error::StateError;
use super::format::DatabaseState;
use crate::store::export::Export;
use crate::tasks::{Session, Task};

/// Takes one thing after the other.
pub type Each<'a, T> = &'a mut dyn FnMut(&T) -> Result<(), StateError>;

/// Gives what a snapshot is made of, all of it as of one moment.
pub trait Source {
    /// What identifies the database.
    ///
    /// # Errors
    /// When it cannot be read.
    fn database(&mut self) -> Result<DatabaseState, StateError>;

    /// The sessions that the work belongs to.
    ///
    /// # Errors
    /// When they cannot be read, or what `each` returns.
    fn work_sessions(&mut self, each: Each<'_, Session>) -> Result<(), StateError>;

    /// The closed tasks that open ones refer to.
    ///
    /// # Errors
    /// When they cannot be read, or what `each` returns.
    fn related_tasks(&mut self, each: Each<'_, Task>) -> Result<(), StateError>;

    /// The open tasks.
    ///
    /// # Errors
    /// When they cannot be read, or what `each` returns.
    fn active_tasks(&mut self, each: Each<'_, Task>) -> Result<(), StateError>;
}

impl Source for Export {
    fn database(&mut self) -> Result<DatabaseState, StateError> {
        let facts = self.facts()?;
        Ok(DatabaseState {
            schema_version: facts.schema_version,
            schema_digest: facts.schema_digest,
            epoch: facts.epoch,
            size_bytes: facts.size_bytes,
            deletions: facts.deletions,
        })
    }

    fn work_sessions(&mut self, each: Each<'_, Session>) -> Result<(), StateError> {
        Self::work_sessions(self, each).map(drop)
    }

    fn related_tasks(&mut self, each: Each<'_, Task>) -> Result<(), StateError> {
        Self::related_tasks(self, each).map(drop)
    }

    fn active_tasks(&mut self, each: Each<'_, Task>) -> Result<(), StateError> {
        self.open_tasks(each).map(drop)
    }
}

/// Tasks that are given.
#[derive(Debug, Clone, Default)]
pub struct Given<I> {
    /// What identifies the database.
    pub database: DatabaseState,
    /// The open tasks; taken once.
    pub tasks: I,
}

impl<I: Iterator<Item = T>, T: std::borrow::Borrow<Task>> Source for Given<I> {
    fn database(&mut self) -> Result<DatabaseState, StateError> {
        Ok(self.database.clone())
    }

    fn work_sessions(&mut self, _: Each<'_, Session>) -> Result<(), StateError> {
        Ok(())
    }

    fn related_tasks(&mut self, _: Each<'_, Task>) -> Result<(), StateError> {
        Ok(())
    }

    fn active_tasks(&mut self, each: Each<'_, Task>) -> Result<(), StateError> {
        self.tasks.by_ref().try_for_each(|task| each(task.borrow()))
    }
}

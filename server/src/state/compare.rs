//! The proof that the next worker sees the tasks that the present one wrote
//! down: a snapshot's tasks against the database, one by one.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::error::StateError;
use super::read::{Item, read_bulk_header, scan_bulk};
use crate::store::export::Export;
use crate::store::{SCHEMA_VERSION, StoreError, StoreOptions};
use crate::tasks::Task;

/// Tasks that were changed so shortly before the snapshot may have been committed after it.
const IN_COMMIT: SignedDuration = SignedDuration::from_secs(60);
/// Most differences that an error names.
const NAMED: usize = 5;

/// What was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// Every task of the snapshot.
    Tasks(u64),
    /// The database is of another schema, which is migrated first: nothing but
    /// the file was looked at.
    FileOnly,
}

/// The snapshot and the database do not agree.
#[derive(Debug, Error)]
pub enum Mismatch {
    /// A task is another one, although nobody changed it.
    #[error("the snapshot and the database differ in {count} tasks, such as {examples}")]
    Different {
        /// How many.
        count: u64,
        /// Some of them.
        examples: String,
    },
    /// Tasks are not in the database and nobody deleted them.
    #[error(
        "{count} tasks of the snapshot are not in the database, where {deleted} were deleted since, such as {examples}"
    )]
    Vanished {
        /// How many.
        count: u64,
        /// How many were deleted.
        deleted: u64,
        /// Some of them.
        examples: String,
    },
    /// Open tasks are not in the snapshot.
    #[error("the database has {database} open tasks that the snapshot must have, it has {snapshot} of them")]
    Missing {
        /// How many there are in the database.
        database: u64,
        /// How many of them the snapshot has.
        snapshot: u64,
    },
    /// One of the two cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Compares a snapshot's bulk, whose hash has been verified, with the database
/// as it is now. What has been changed or closed since may differ.
///
/// # Errors
///
/// [`Mismatch`].
pub fn compare(file: &Path, options: &StoreOptions) -> Result<Compared, Mismatch> {
    let database = Export::open(options).map_err(StateError::from)?;
    let facts = database.facts().map_err(StateError::from)?;
    if facts.schema_version != SCHEMA_VERSION {
        return Ok(Compared::FileOnly);
    }
    let header = read_bulk_header(file)?;
    let settled = header.timestamp.checked_sub(IN_COMMIT).unwrap_or(Timestamp::MIN);
    let mut found = Findings::default();
    let saved = scan_bulk(file, &mut |item| {
        if let Item::Active(task) = item {
            found.look_at(task, database.task(&task.task_id)?.as_ref(), settled);
        }
        Ok(())
    })?;
    let deleted = facts.deletions.saturating_sub(header.database_state.deletions);
    found.judge(deleted, database.count_open_before(settled))?;
    Ok(Compared::Tasks(saved.active_tasks))
}

#[derive(Default)]
struct Findings {
    different: u64,
    vanished: u64,
    /// Open and at rest, in both.
    settled: u64,
    examples: Vec<String>,
}

impl Findings {
    fn look_at(&mut self, saved: &Task, now: Option<&Task>, settled: Timestamp) {
        match now {
            None => {
                self.vanished += 1;
                self.name(saved);
            }
            // The same, or somebody has changed it since.
            Some(now) if now == saved || now.updated_at > saved.updated_at => {
                self.settled += u64::from(now.status.is_open() && now.updated_at < settled);
            }
            Some(_) => {
                self.different += 1;
                self.name(saved);
            }
        }
    }

    fn name(&mut self, task: &Task) {
        if self.examples.len() < NAMED {
            self.examples.push(task.task_id.to_string());
        }
    }

    fn judge(self, deleted: u64, at_rest: Result<u64, StoreError>) -> Result<(), Mismatch> {
        let examples = self.examples.join(", ");
        if self.different > 0 {
            return Err(Mismatch::Different { count: self.different, examples });
        }
        if self.vanished > deleted {
            return Err(Mismatch::Vanished { count: self.vanished, deleted, examples });
        }
        let database = at_rest.map_err(StateError::from)?;
        if database > self.settled {
            return Err(Mismatch::Missing { database, snapshot: self.settled });
        }
        Ok(())
    }
}

//! How far long calls are: what a worker leaves so that the next one goes on from
//! there. A row belongs to one request, and goes with its reply. At most
//! [`MAX_ROWS`] of at most [`MAX_CHECKPOINT_BYTES`]; what does not fit is not
//! saved, and the call is finished or begun anew instead.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Store;
use super::error::ExecuteError;
use super::execution::{Execution, Mode};
use super::fetch::{bound, many, one};
use super::rows::Time;
use super::schema;
use super::transaction::{Connected as _, WriteTx};
use crate::link::{ClientId, OperationId};
use crate::tasks::RepositoryError;
use crate::tasks::repository::Stored;

/// Most bytes of one checkpoint.
pub const MAX_CHECKPOINT_BYTES: usize = 16 * 1024 * 1024;
/// Most checkpoints there are.
const MAX_ROWS: i64 = 1000;
/// The first schema with checkpoints.
const SINCE: u32 = 2;

/// Longest checkpoint that is read for how far its call is, in bytes: those of a
/// hundred calls are read at once.
const MAX_LOOKED_INTO: usize = 64 * 1024;

/// How far a call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which sort of work it is.
    pub kind: &'static str,
    /// What was gathered so far, as JSON.
    pub state: String,
    /// Whether the call stops here, in contrast to going on.
    pub suspended: bool,
}

/// A call that has a checkpoint, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallAtCheckpoint {
    /// The client that asked.
    pub client: ClientId,
    /// Which sort of work it is.
    pub kind: String,
    /// Whether it has stopped, in contrast to going on.
    pub suspended: bool,
    /// When the checkpoint was saved.
    pub saved_at: Timestamp,
    /// How many tasks it had looked at then, and of how many, where that can be read.
    pub looked: Option<(u64, u64)>,
}

impl Store {
    /// What an earlier worker left of this request: the state of its last checkpoint.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn checkpoint(
        &self,
        execution: &Execution,
        kind: &'static str,
    ) -> Result<Option<String>, ExecuteError> {
        let (operation, digest) = (execution.operation, execution.digest);
        let sql =
            "SELECT checkpoint FROM jobs WHERE client = ?1 AND sequence = ?2 AND digest = ?3 AND kind = ?4";
        self.read(move |tx| {
            let key = params![operation.client.as_bytes(), operation.sequence.cast_signed(), digest, kind];
            Ok(one(tx.connection(), sql, key, |row| row.get(0))?)
        })
        .await
    }

    /// Keeps a checkpoint in place of the one before. `false` when there is no room for it.
    ///
    /// # Errors
    ///
    /// When the database cannot be written, or this worker may not write any more.
    pub async fn save_checkpoint(
        &self,
        execution: &Execution,
        checkpoint: Checkpoint,
    ) -> Result<bool, ExecuteError> {
        if checkpoint.state.len() > MAX_CHECKPOINT_BYTES {
            return Ok(false);
        }
        let execution = Execution { mode: Mode::NoLog, ..execution.clone() };
        let (operation, digest) = (execution.operation, execution.digest);
        self.execute(execution, move |tx| Ok(save(tx.connection(), operation, digest, &checkpoint)?)).await
    }

    /// Forgets the checkpoint of a request that is answered.
    ///
    /// # Errors
    ///
    /// As [`Store::save_checkpoint`].
    pub async fn forget_checkpoint(&self, execution: &Execution) -> Result<(), ExecuteError> {
        let execution = Execution { mode: Mode::NoLog, ..execution.clone() };
        let operation = execution.operation;
        self.execute(execution, move |tx| Ok(tx.forget_checkpoint(operation)?)).await
    }

    /// The calls that have a checkpoint, oldest first: `client`, `sequence`, `kind`,
    /// `suspended`, `checkpoint_bytes` and `created_at` of each.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub fn suspended_calls(&self) -> Result<Vec<Value>, ExecuteError> {
        let sql = "SELECT client, sequence, kind, suspended, octet_length(checkpoint), created_at \
             FROM jobs ORDER BY created_at, client, sequence";
        self.read_short(|tx| {
            let found = schema::found_version(tx.connection()).map_err(RepositoryError::from)?;
            if found < SINCE {
                return Ok(Vec::new());
            }
            Ok(many(tx.connection(), sql, [], |row| {
                let client: [u8; 16] = row.get(0)?;
                Ok(json!({
                    "client": uuid::Uuid::from_bytes(client).simple().to_string(),
                    "sequence": row.get::<_, i64>(1)?.cast_unsigned(),
                    "kind": row.get::<_, String>(2)?,
                    "suspended": row.get::<_, bool>(3)?,
                    "checkpoint_bytes": row.get::<_, i64>(4)?,
                    "created_at": row.get::<_, Time>(5)?.0,
                }))
            })?)
        })
    }
}

impl Store {
    /// The calls that have a checkpoint, the latest first, at most so many.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub async fn calls_at_checkpoints(&self, most: usize) -> Result<Vec<CallAtCheckpoint>, ExecuteError> {
        let sql = "SELECT client, kind, suspended, updated_at, \
             CASE WHEN octet_length(checkpoint) <= ?2 THEN checkpoint END \
             FROM jobs ORDER BY updated_at DESC, client, sequence LIMIT ?1";
        self.read(move |tx| {
            let found = schema::found_version(tx.connection()).map_err(RepositoryError::from)?;
            if found < SINCE {
                return Ok(Vec::new());
            }
            Ok(many(tx.connection(), sql, params![bound(most), bound(MAX_LOOKED_INTO)], call)?)
        })
        .await
    }
}

fn call(row: &Row<'_>) -> rusqlite::Result<CallAtCheckpoint> {
    #[derive(Deserialize)]
    struct Walked {
        looked: u64,
        expected: u64,
    }
    let client: [u8; 16] = row.get(0)?;
    let state = row.get_ref(4)?.as_str_or_null()?;
    let walked = state.and_then(|state| serde_json::from_str::<Walked>(state).ok());
    Ok(CallAtCheckpoint {
        client: ClientId::from_bytes(client),
        kind: row.get(1)?,
        suspended: row.get(2)?,
        saved_at: row.get::<_, Time>(3)?.0,
        looked: walked.map(|walked| (walked.looked, walked.expected)),
    })
}

impl WriteTx<'_> {
    /// Forgets the checkpoint of a request, in the transaction that answers it.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn forget_checkpoint(&mut self, operation: OperationId) -> Stored<()> {
        let mut delete =
            self.connection().prepare_cached("DELETE FROM jobs WHERE client = ?1 AND sequence = ?2")?;
        delete.execute(params![operation.client.as_bytes(), operation.sequence.cast_signed()])?;
        Ok(())
    }
}

fn save(
    connection: &Connection,
    operation: OperationId,
    digest: [u8; 32],
    checkpoint: &Checkpoint,
) -> Stored<bool> {
    let (client, sequence) = (operation.client.as_bytes(), operation.sequence.cast_signed());
    // Answered long ago: the client has what came of these.
    connection
        .prepare_cached("DELETE FROM jobs WHERE client = ?1 AND sequence < ?2")?
        .execute(params![client, operation.floor.cast_signed()])?;
    let sql = "SELECT count(*) FROM jobs WHERE NOT (client = ?1 AND sequence = ?2)";
    let others: i64 = one(connection, sql, params![client, sequence], |row| row.get(0))?.unwrap_or(0);
    if others >= MAX_ROWS {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "INSERT INTO jobs (client, sequence, kind, digest, suspended, created_at, updated_at, checkpoint) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7) ON CONFLICT DO UPDATE SET kind = excluded.kind, \
             digest = excluded.digest, suspended = excluded.suspended, updated_at = excluded.updated_at, \
             checkpoint = excluded.checkpoint",
        )?
        .execute(params![
            client,
            sequence,
            checkpoint.kind,
            digest,
            checkpoint.suspended,
            Time(Timestamp::now()),
            checkpoint.state
        ])?;
    Ok(true)
}

/// Forgets what nobody has come back for.
pub(super) fn prune(connection: &Connection, now: Timestamp, retention: Duration) -> rusqlite::Result<usize> {
    let age = SignedDuration::try_from(retention).unwrap_or(SignedDuration::MAX);
    let before = Time(now.checked_sub(age).unwrap_or(Timestamp::MIN));
    connection.prepare_cached("DELETE FROM jobs WHERE updated_at < ?1")?.execute(params![before])
}

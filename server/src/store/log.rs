//! The operation log: which requests have been carried out and what was
//! answered. Looked at before the work and written with it, in one savepoint.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::error::ExecuteError;
use super::execution::{Execution, Mode};
use super::fetch::one;
use super::rows::Time;

/// Rows that one pruning deletes of each kind.
const PRUNED_AT_ONCE: i64 = 500;

/// The reply of the same request when it was carried out before.
pub(super) fn recall(connection: &Connection, execution: &Execution) -> Result<Option<String>, ExecuteError> {
    if execution.mode == Mode::NoLog {
        return Ok(None);
    }
    let operation = &execution.operation;
    let found = one(
        connection,
        "SELECT digest, reply FROM operations WHERE client = ?1 AND sequence = ?2",
        params![operation.client.as_bytes(), operation.sequence.cast_signed()],
        digest_and_reply,
    )
    .map_err(store_failed)?;
    if let Some((digest, reply)) = found {
        if digest == execution.digest {
            return Ok(Some(reply));
        }
        return Err(ExecuteError::OperationReused(operation.to_string()));
    }
    let Some(key) = &execution.idempotency_key else { return Ok(None) };
    let found = one(
        connection,
        "SELECT digest, reply FROM keyed_operations WHERE key = ?1",
        params![key],
        digest_and_reply,
    )
    .map_err(store_failed)?;
    match found {
        Some((digest, reply)) if digest == execution.digest => Ok(Some(reply)),
        Some(_) => Err(ExecuteError::IdempotencyConflict { key: key.clone() }),
        None => Ok(None),
    }
}

/// Remembers what was answered, and forgets what the client is known to have.
pub(super) fn remember(
    connection: &Connection,
    execution: &Execution,
    reply: &str,
    now: Timestamp,
) -> Result<(), ExecuteError> {
    if execution.mode == Mode::NoLog {
        return Ok(());
    }
    let operation = &execution.operation;
    connection
        .prepare_cached(
            "INSERT INTO operations (client, sequence, digest, reply, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            operation.client.as_bytes(),
            operation.sequence.cast_signed(),
            execution.digest,
            reply,
            Time(now)
        ])?;
    if let Some(key) = &execution.idempotency_key {
        connection
            .prepare_cached(
                "INSERT INTO keyed_operations (key, digest, reply, created_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![key, execution.digest, reply, Time(now)])?;
    }
    connection
        .prepare_cached("DELETE FROM operations WHERE client = ?1 AND sequence < ?2")?
        .execute(params![operation.client.as_bytes(), operation.floor.cast_signed()])?;
    Ok(())
}

/// Forgets a bounded number of the oldest rows that are older than the retention.
pub(super) fn prune(connection: &Connection, now: Timestamp, retention: Duration) -> rusqlite::Result<usize> {
    let age = SignedDuration::try_from(retention).unwrap_or(SignedDuration::MAX);
    let before = Time(now.checked_sub(age).unwrap_or(Timestamp::MIN));
    let mut pruned = 0;
    for table in ["operations", "keyed_operations"] {
        // The rows are in the order of their age, so only the first need to be looked at.
        pruned += connection
            .prepare_cached(&format!(
                "DELETE FROM {table} WHERE seq IN (SELECT seq FROM {table} ORDER BY seq LIMIT ?2) AND created_at < ?1"
            ))?
            .execute(params![before, PRUNED_AT_ONCE])?;
    }
    Ok(pruned)
}

fn digest_and_reply(row: &rusqlite::Row<'_>) -> rusqlite::Result<([u8; 32], String)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn store_failed(error: crate::tasks::RepositoryError) -> ExecuteError {
    ExecuteError::Store(error.into())
}

//! What the owner of a call in the background may do: have it made, ask for it, answer
//! its questions, call it off. Whoever does not own a call finds nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::{Map, Value};

use super::claim::FREE;
use super::{
    BackgroundCall, COLUMNS, MAX_CALLS, MAX_CALLS_OF_ONE, MAX_KEPT_BYTES, NewCall, call, kept_until, object,
    prune, repeatable, text,
};
use crate::store::Store;
use crate::store::error::ExecuteError;
use crate::store::execution::Execution;
use crate::store::fetch::one;
use crate::store::rows::Time;
use crate::store::transaction::Connected as _;
use crate::tasks::repository::Stored;
use crate::tasks::{RepositoryError, TaskError};

/// Most bytes of the answers to all questions of one call.
const MAX_ANSWERS_BYTES: usize = 256 * 1024;

impl Store {
    /// Makes a call, once however often the request for it comes. `None` when there is
    /// no room for it, or when the request was answered in another way before.
    ///
    /// # Errors
    ///
    /// When the database cannot be written, or this worker may not write any more.
    pub async fn create_call(
        &self,
        request: Execution,
        new: NewCall,
    ) -> Result<Option<BackgroundCall>, ExecuteError> {
        let refused = Arc::new(AtomicBool::new(false));
        let full = Arc::clone(&refused);
        let made = self.execute(request, move |tx| {
            let now = Timestamp::now();
            prune(tx.connection(), now).map_err(RepositoryError::from)?;
            match make(tx.connection(), &new, now)? {
                Some(call) => Ok(call),
                None => {
                    // Failing undoes the operation: it must not be remembered as made.
                    full.store(true, Ordering::Relaxed);
                    Err(RepositoryError::Unavailable("no room for a call in the background".into()).into())
                }
            }
        });
        match made.await {
            Ok(call) => Ok(Some(call)),
            Err(ExecuteError::OperationReused(_)) => Ok(None),
            Err(_) if refused.load(Ordering::Relaxed) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The owner's call of this name. `None` where there is none, or its time is over.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub fn background_call(&self, owner: &str, id: &str) -> Result<Option<BackgroundCall>, ExecuteError> {
        self.read_short(|tx| Ok(find(tx.connection(), owner, id, Timestamp::now())?))
    }

    /// Puts answers to the questions that are open; others are passed over. `false`
    /// where there is no such call.
    ///
    /// # Errors
    ///
    /// When they are too large; when the database cannot be written.
    pub async fn answer_call(
        &self,
        owner: String,
        id: String,
        given: Map<String, Value>,
    ) -> Result<bool, ExecuteError> {
        self.execute(repeatable(), move |tx| {
            let now = Timestamp::now();
            if find(tx.connection(), &owner, &id, now)?.is_none() {
                return Ok(false);
            }
            answer(tx.connection(), &id, given, now)?;
            Ok(true)
        })
        .await
    }

    /// Calls it off: at once where nobody carries it out, otherwise whoever does is told.
    /// What has ended stays as it is. `false` where there is no such call.
    ///
    /// # Errors
    ///
    /// When the database cannot be written, or this worker may not write any more.
    pub async fn cancel_call(&self, owner: String, id: String) -> Result<bool, ExecuteError> {
        self.execute(repeatable(), move |tx| {
            let now = Timestamp::now();
            if find(tx.connection(), &owner, &id, now)?.is_none() {
                return Ok(false);
            }
            cancel(tx.connection(), &id, now).map_err(RepositoryError::from)?;
            Ok(true)
        })
        .await
    }
}

fn find(connection: &Connection, owner: &str, id: &str, now: Timestamp) -> Stored<Option<BackgroundCall>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM background_calls \
         WHERE id = ?1 AND owner = ?2 AND (status = 'working' OR expires_at > ?3)"
    );
    one(connection, &sql, params![id, owner, Time(now)], call)
}

fn make(connection: &Connection, new: &NewCall, now: Timestamp) -> Stored<Option<BackgroundCall>> {
    let sql = "SELECT count(*), count(*) FILTER (WHERE owner = ?1), \
         coalesce(sum(octet_length(outcome)), 0) FROM background_calls";
    let figures =
        one(connection, sql, params![new.owner], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (all, own, bytes): (i64, i64, i64) = figures.unwrap_or_default();
    if all >= MAX_CALLS || own >= MAX_CALLS_OF_ONE || bytes >= MAX_KEPT_BYTES {
        return Ok(None);
    }
    connection
        .prepare_cached(
            "INSERT INTO background_calls (id, owner, operation, tool, arguments, idempotency_key, \
             work_session, status, cancelling, attempts, questions, answers, created_at, updated_at, \
             expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'working', 0, 0, '{}', '{}', ?8, ?8, ?9)",
        )?
        .execute(params![
            new.id,
            new.owner,
            new.operation.as_bytes(),
            new.tool,
            new.arguments,
            new.idempotency_key,
            new.work_session,
            Time(now),
            kept_until(now)
        ])?;
    find(connection, &new.owner, &new.id, now)
}

fn answer(
    connection: &Connection,
    id: &str,
    given: Map<String, Value>,
    now: Timestamp,
) -> Result<(), TaskError> {
    let sql = "SELECT questions, answers FROM background_calls WHERE id = ?1 AND status = 'working'";
    let found = one(connection, sql, [id], |row| Ok((object(row, 0)?, object(row, 1)?)))?;
    let Some((mut questions, mut answers)) = found else { return Ok(()) };
    for (key, value) in given {
        if questions.remove(&key).is_some() {
            answers.insert(key, value);
        }
    }
    let (questions, answers) = (text(&questions)?, text(&answers)?);
    if answers.len() > MAX_ANSWERS_BYTES {
        let reason = format!("all answers to one call have at most {MAX_ANSWERS_BYTES} bytes");
        return Err(TaskError::invalid("inputResponses", reason));
    }
    let sql = "UPDATE background_calls SET questions = ?2, answers = ?3, updated_at = ?4, expires_at = ?5 \
         WHERE id = ?1";
    let mut update = connection.prepare_cached(sql).map_err(RepositoryError::from)?;
    update
        .execute(params![id, questions, answers, Time(now), kept_until(now)])
        .map_err(RepositoryError::from)?;
    Ok(())
}

fn cancel(connection: &Connection, id: &str, now: Timestamp) -> rusqlite::Result<()> {
    let at_once = format!(
        "UPDATE background_calls SET status = 'cancelled', message = NULL, updated_at = ?2, expires_at = ?3 \
         WHERE id = ?1 AND {FREE}"
    );
    let done = connection.prepare_cached(&at_once)?.execute(params![id, Time(now), kept_until(now)])?;
    if done == 0 {
        let sql = "UPDATE background_calls SET cancelling = 1, updated_at = ?2 \
             WHERE id = ?1 AND status = 'working' AND cancelling = 0";
        connection.prepare_cached(sql)?.execute(params![id, Time(now)])?;
    }
    Ok(())
}

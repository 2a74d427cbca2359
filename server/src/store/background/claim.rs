//! Who carries out a call in the background: one worker at a time. A worker claims a
//! call with its epoch; what it writes to the row holds only while the claim does. A
//! claim ends when the call ends, when it is handed back, or when its worker may not
//! write any more: neither in charge nor finishing what it has.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{kept_until, object, repeatable, text};
use crate::link::ClientId;
use crate::store::Store;
use crate::store::error::ExecuteError;
use crate::store::fetch::{bound, many, one};
use crate::store::rows::Time;
use crate::store::transaction::Connected as _;
use crate::tasks::TaskError;
use crate::tasks::repository::Stored;

/// So many workers may have ended over one call before nobody begins with it again.
const MAX_ATTEMPTS: i64 = 10;
/// Most bytes of the questions of one call.
const MAX_QUESTIONS_BYTES: usize = 256 * 1024;

/// Nobody carries it out: not yet, not any more, or a worker that is gone.
pub(super) const FREE: &str = "status = 'working' AND (runner IS NULL OR runner NOT IN \
     (SELECT value FROM meta WHERE key IN ('epoch', 'draining')))";

/// What a worker has claimed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Claims {
    /// To be begun.
    pub begun: Vec<ClaimedCall>,
    /// How many open calls there are that are not begun here: another worker's, or for
    /// want of a place.
    pub waiting: u64,
}

/// A call to be carried out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClaimedCall {
    /// Its name.
    pub id: String,
    /// Which tool.
    pub tool: String,
    /// With what, as JSON.
    pub arguments: String,
    /// Under which its effect is remembered.
    pub operation: [u8; 16],
    /// The client's own key of the effect.
    pub idempotency_key: Option<String>,
    /// The work session that the caller worked in.
    pub work_session: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// How a call has ended, in the protocol's JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With this result.
    Completed(String),
    /// With this error of the protocol.
    Failed(String),
    /// It was called off.
    Cancelled,
}

/// Whether a call is to be gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// By the worker that asks.
    Here,
    /// Its owner has called it off.
    CalledOff,
    /// Nobody has answered its questions in time.
    Overdue,
    /// It has ended, or another worker has it.
    Elsewhere,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Asked {
    /// It has this answer.
    Answered(Value),
    /// It waits for one.
    Open,
    /// Nobody may ask: the call is not this worker's, or was called off.
    NotHere,
}

impl Store {
    /// How many calls have not ended.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub fn open_calls(&self) -> Result<u64, ExecuteError> {
        let sql = "SELECT count(*) FROM background_calls WHERE status = 'working'";
        let open = self.read_short(|tx| Ok(one(tx.connection(), sql, [], |row| row.get::<_, i64>(0))?))?;
        Ok(open.unwrap_or_default().cast_unsigned())
    }

    /// Claims calls that nobody carries out, at most so many, the oldest first, and takes
    /// those that run here along into this worker's present epoch. Ends those that nobody
    /// may begin with any more. Nothing while another worker is in charge.
    ///
    /// # Errors
    ///
    /// When the database cannot be written, or this worker may not write any more.
    pub async fn claim_calls(&self, running: Vec<String>, most: usize) -> Result<Claims, ExecuteError> {
        let epoch = self.epoch_then();
        self.execute(repeatable(), move |tx| Ok(claim(tx.connection(), epoch(), &running, most)?)).await
    }

    /// Hands a call back: whoever comes next goes on with it.
    ///
    /// # Errors
    ///
    /// When the database cannot be written, or this worker may not write any more.
    pub async fn release_call(&self, id: String) -> Result<(), ExecuteError> {
        let epoch = self.epoch_then();
        let sql = "UPDATE background_calls SET runner = NULL, attempts = attempts - 1 \
             WHERE id = ?1 AND runner = ?2 AND status = 'working'";
        self.execute(repeatable(), move |tx| {
            run(tx.connection(), sql, params![id, epoch()])?;
            Ok(())
        })
        .await
    }

    /// Keeps what came of a call. `false` when it was not this worker's any more.
    ///
    /// # Errors
    ///
    /// When the database cannot be written, or this worker may not write any more.
    pub async fn settle_call(&self, id: String, ended: Ended) -> Result<bool, ExecuteError> {
        let epoch = self.epoch_then();
        let (status, outcome) = match ended {
            Ended::Completed(result) => ("completed", Some(result)),
            Ended::Failed(error) => ("failed", Some(error)),
            Ended::Cancelled => ("cancelled", None),
        };
        let sql = "UPDATE background_calls SET status = ?3, outcome = ?4, message = NULL, questions = '{}', \
             answers = '{}', updated_at = ?5, expires_at = ?6 \
             WHERE id = ?1 AND runner = ?2 AND status = 'working'";
        self.execute(repeatable(), move |tx| {
            let now = Timestamp::now();
            let values = params![id, epoch(), status, outcome, Time(now), kept_until(now)];
            Ok(run(tx.connection(), sql, values)? > 0)
        })
        .await
    }

    /// Says how far a call is.
    ///
    /// # Errors
    ///
    /// When the database cannot be written, or this worker may not write any more.
    pub async fn note_progress(&self, id: String, message: String) -> Result<(), ExecuteError> {
        let epoch = self.epoch_then();
        let sql = "UPDATE background_calls SET message = ?3, updated_at = ?4, expires_at = ?5 \
             WHERE id = ?1 AND runner = ?2 AND status = 'working'";
        self.execute(repeatable(), move |tx| {
            let now = Timestamp::now();
            run(tx.connection(), sql, params![id, epoch(), message, Time(now), kept_until(now)])?;
            Ok(())
        })
        .await
    }

    /// Whether this worker is to go on with a call.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub fn call_wanted(&self, id: &str) -> Result<Wanted, ExecuteError> {
        let epoch = self.epoch_then()();
        let sql = "SELECT cancelling, expires_at, questions <> '{}' FROM background_calls \
             WHERE id = ?1 AND runner = ?2 AND status = 'working'";
        self.read_short(|tx| {
            let found = one(tx.connection(), sql, params![id, epoch], |row| {
                Ok((row.get::<_, bool>(0)?, row.get::<_, Time>(1)?.0, row.get::<_, bool>(2)?))
            })?;
            Ok(match found {
                None => Wanted::Elsewhere,
                Some((true, ..)) => Wanted::CalledOff,
                Some((false, until, true)) if until <= Timestamp::now() => Wanted::Overdue,
                Some(_) => Wanted::Here,
            })
        })
    }

    /// Puts a question to the owner of a call, once, or takes the answer.
    ///
    /// # Errors
    ///
    /// When the questions are too large; when the database cannot be written.
    pub async fn ask_owner(&self, id: String, key: String, question: Value) -> Result<Asked, ExecuteError> {
        let epoch = self.epoch_then();
        self.execute(repeatable(), move |tx| ask(tx.connection(), epoch(), &id, &key, question)).await
    }

    /// The answer to a question that was put before.
    ///
    /// # Errors
    ///
    /// When the database does not answer.
    pub fn answer_of(&self, id: &str, key: &str) -> Result<Option<Value>, ExecuteError> {
        let sql = "SELECT answers FROM background_calls WHERE id = ?1";
        let answers = self.read_short(|tx| Ok(one(tx.connection(), sql, [id], |row| object(row, 0))?))?;
        Ok(answers.and_then(|mut answers| answers.remove(key)))
    }
}

/// Carries out a statement, and says how many rows it changed.
fn run(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> Stored<usize> {
    Ok(connection.prepare_cached(sql)?.execute(values)?)
}

fn claim(connection: &Connection, epoch: i64, running: &[String], most: usize) -> Stored<Claims> {
    let sql = "SELECT value FROM meta WHERE key = 'epoch'";
    let waiting = "SELECT count(*) FROM background_calls WHERE status = 'working' AND runner IS NOT ?1";
    let count = |row: &Row<'_>| row.get::<_, i64>(0);
    if one(connection, sql, [], count)? != Some(epoch) {
        return Ok(Claims::default());
    }
    for id in running {
        let sql = "UPDATE background_calls SET runner = ?2 \
             WHERE id = ?1 AND status = 'working' AND runner IS NOT NULL";
        run(connection, sql, params![id, epoch])?;
    }
    end_hopeless(connection, Timestamp::now())?;
    let sql = format!(
        "UPDATE background_calls SET runner = ?1, attempts = attempts + 1 WHERE seq IN \
         (SELECT seq FROM background_calls WHERE {FREE} ORDER BY seq LIMIT ?2) \
         RETURNING id, tool, arguments, operation, idempotency_key, work_session, created_at"
    );
    let begun = many(connection, &sql, params![epoch, bound(most)], claimed)?;
    let waiting = one(connection, waiting, [epoch], count)?.unwrap_or_default().cast_unsigned();
    Ok(Claims { begun, waiting })
}

/// Ends what nobody carries out and nobody may begin with.
fn end_hopeless(connection: &Connection, now: Timestamp) -> Stored<()> {
    let end = "UPDATE background_calls SET message = NULL, questions = '{}', answers = '{}', updated_at = ?1, \
         expires_at = ?2,";
    let until = kept_until(now);
    let sql = format!("{end} status = 'cancelled' WHERE cancelling = 1 AND {FREE}");
    run(connection, &sql, params![Time(now), until])?;
    let sql = format!("{end} status = 'failed', outcome = ?3 WHERE expires_at <= ?1 AND {FREE}");
    run(connection, &sql, params![Time(now), until, late()])?;
    let error = json!({
        "code": -32603,
        "message": format!("the server ended {MAX_ATTEMPTS} times over this call: it is not begun again"),
        "data": { "error_code": "RESTART_012", "retryable": false },
    });
    let sql = format!("{end} status = 'failed', outcome = ?3 WHERE attempts >= ?4 AND {FREE}");
    run(connection, &sql, params![Time(now), until, error.to_string(), MAX_ATTEMPTS])?;
    Ok(())
}

/// The error of a call whose time is over.
pub(super) fn late() -> String {
    let message = "the call was not finished within its time to live";
    json!({ "code": -32603, "message": message, "data": { "retryable": true } }).to_string()
}

fn claimed(row: &Row<'_>) -> rusqlite::Result<ClaimedCall> {
    Ok(ClaimedCall {
        id: row.get(0)?,
        tool: row.get(1)?,
        arguments: row.get(2)?,
        operation: row.get(3)?,
        idempotency_key: row.get(4)?,
        work_session: row.get(5)?,
        created_at: row.get::<_, Time>(6)?.0,
    })
}

fn ask(
    connection: &Connection,
    epoch: i64,
    id: &str,
    key: &str,
    question: Value,
) -> Result<Asked, TaskError> {
    let sql = "SELECT questions, answers FROM background_calls \
         WHERE id = ?1 AND runner = ?2 AND status = 'working' AND cancelling = 0";
    let found = one(connection, sql, params![id, epoch], |row| Ok((object(row, 0)?, object(row, 1)?)))?;
    let Some((mut questions, mut answers)) = found else { return Ok(Asked::NotHere) };
    if let Some(answer) = answers.remove(key) {
        return Ok(Asked::Answered(answer));
    }
    if questions.contains_key(key) {
        return Ok(Asked::Open);
    }
    questions.insert(key.to_owned(), question);
    let questions = text(&questions)?;
    if questions.len() > MAX_QUESTIONS_BYTES {
        let reason = format!("all questions of one call have at most {MAX_QUESTIONS_BYTES} bytes");
        return Err(TaskError::invalid("inputRequests", reason));
    }
    let now = Timestamp::now();
    let sql = "UPDATE background_calls SET questions = ?2, updated_at = ?3, expires_at = ?4 WHERE id = ?1";
    run(connection, sql, params![id, questions, Time(now), kept_until(now)])?;
    Ok(Asked::Open)
}

impl Ended {
    /// Its time was over before it was finished.
    pub fn overdue() -> Self {
        Self::Failed(late())
    }
}

impl ClaimedCall {
    /// Under which its effect is remembered.
    pub fn client(&self) -> ClientId {
        ClientId::from_bytes(self.operation)
    }
}

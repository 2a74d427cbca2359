//! Calls that clients have run in the background: the rows that carry them over the
//! end of any worker. A row belongs to its owner, is written only by the worker that
//! has claimed it (see `claim`) or on the owner's word (see `owner`), and stays until
//! its time is over. Must never carry anything out.
//!
//! Bounds: [`MAX_CALLS`], [`MAX_CALLS_OF_ONE`] and [`MAX_KEPT_BYTES`]; a call that finds
//! no room is not taken, and its caller answers it directly instead.

mod claim;
mod owner;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use claim::{Asked, ClaimedCall, Claims, Ended, Wanted};

use super::Store;
use super::execution::{Execution, Mode};
use super::rows::Time;
use super::writer::Gauges;
use crate::link::{ClientId, OperationId};
use crate::tasks::repository::Stored;

/// Most calls that are kept, of everybody together.
const MAX_CALLS: i64 = 1024;
/// Most calls that are kept of one owner.
const MAX_CALLS_OF_ONE: i64 = 256;
/// Most bytes of what came of calls, of everybody together; no call is taken above that.
const MAX_KEPT_BYTES: i64 = 64 * 1024 * 1024;
/// Most bytes of what came of one call.
pub const MAX_OUTCOME_BYTES: usize = 4 * 1024 * 1024;
/// How long a call is kept: from its beginning, and again from each sign of its progress
/// and from its end.
pub(super) const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// A call to be run in the background.
#[derive(Debug, Clone)]
pub struct NewCall {
    /// Its name, which nobody can guess.
    pub id: String,
    /// Who alone may ask for it.
    pub owner: String,
    /// Under which its effect is remembered.
    pub operation: ClientId,
    /// Which tool.
    pub tool: String,
    /// With what, as JSON.
    pub arguments: String,
    /// The client's own key of the effect.
    pub idempotency_key: Option<String>,
    /// The work session that the caller worked in.
    pub work_session: Option<String>,
}

/// A call as its owner sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackgroundCall {
    /// Its name.
    pub id: String,
    /// Where it stands.
    pub state: CallState,
    /// How far it is, for people.
    pub message: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When something of it changed last.
    pub updated_at: Timestamp,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}

/// Where a call stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CallState {
    /// It runs, or waits for its turn.
    Working,
    /// It waits for answers to these questions, by their keys.
    Asking(Map<String, Value>),
    /// This came of it.
    Completed(Map<String, Value>),
    /// It could not be carried out: the protocol's error.
    Failed(Map<String, Value>),
    /// It was called off.
    Cancelled,
}

/// What the owner's view is read from.
const COLUMNS: &str =
    "id, status, cancelling, message, questions, outcome, created_at, updated_at, expires_at";

impl Store {
    /// The epoch of this worker as it is when the work is done, and not when it is asked for.
    fn epoch_then(&self) -> impl Fn() -> i64 + Send + 'static + use<> {
        let gauges: Arc<Gauges> = Arc::clone(&self.shared.gauges);
        move || gauges.epoch.load(Ordering::Relaxed).cast_signed()
    }
}

/// An operation that is not remembered: doing it twice is the same as once.
fn repeatable() -> Execution {
    let operation = OperationId { client: ClientId::from_bytes([0; 16]), sequence: 0, floor: 0 };
    Execution { operation, idempotency_key: None, digest: [0; 32], mode: Mode::NoLog }
}

fn call(row: &Row<'_>) -> rusqlite::Result<BackgroundCall> {
    let (status, cancelling): (String, bool) = (row.get(1)?, row.get(2)?);
    let state = match status.as_str() {
        "completed" => CallState::Completed(object(row, 5)?),
        "failed" => CallState::Failed(object(row, 5)?),
        "cancelled" => CallState::Cancelled,
        _ => match object(row, 4)? {
            questions if cancelling || questions.is_empty() => CallState::Working,
            questions => CallState::Asking(questions),
        },
    };
    Ok(BackgroundCall {
        id: row.get(0)?,
        state,
        message: row.get(3)?,
        created_at: row.get::<_, Time>(6)?.0,
        updated_at: row.get::<_, Time>(7)?.0,
        expires_at: row.get::<_, Time>(8)?.0,
    })
}

/// A column that holds a JSON object.
fn object(row: &Row<'_>, column: usize) -> rusqlite::Result<Map<String, Value>> {
    let text: String = row.get(column)?;
    let failed = |error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error));
    serde_json::from_str(&text).map_err(failed)
}

fn text(object: &Map<String, Value>) -> Stored<String> {
    serde_json::to_string(object).map_err(|error| crate::tasks::RepositoryError::Failed(error.to_string()))
}

/// Until when a call stays that shows a sign of life now.
fn kept_until(now: Timestamp) -> Time {
    Time(now.checked_add(KEPT).unwrap_or(Timestamp::MAX))
}

/// Forgets what has ended and whose time is over.
pub(super) fn prune(connection: &Connection, now: Timestamp) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("DELETE FROM background_calls WHERE status <> 'working' AND expires_at <= ?1")?
        .execute(params![Time(now)])
}

//! How often the server has come back by itself.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::params;
use task_orchestrator_shared::restart::Kind;

use super::db::{Db, clipped};
use super::error::LedgerError;

/// Attempts that are kept.
const KEPT: i64 = 10_000;
/// Characters of a cause that are kept.
const MAX_CAUSE: usize = 1000;

/// One attempt to serve again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What it was.
    pub kind: Kind,
    /// When it ended.
    pub at: Timestamp,
    /// Whether the server serves again.
    pub recovered: bool,
    /// What made it necessary, or why it failed.
    pub cause: String,
}

impl Db {
    /// Notes an attempt. The oldest make room.
    pub(super) fn attempt(&mut self, attempt: &Attempt) -> Result<(), LedgerError> {
        let tx = self.write()?;
        tx.prepare_cached("INSERT INTO attempts (at_ms, kind, recovered, cause) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                attempt.at.as_millisecond(),
                attempt.kind.as_str(),
                attempt.recovered,
                clipped(&attempt.cause, MAX_CAUSE),
            ])?;
        tx.prepare_cached("DELETE FROM attempts WHERE id <= (SELECT max(id) FROM attempts) - ?1")?
            .execute([KEPT])?;
        Ok(tx.commit()?)
    }

    /// The part of the attempts in this time that went well, 0 to 1; none where there were none.
    pub(super) fn success_rate(&self, window: Duration, now: Timestamp) -> Result<Option<f64>, LedgerError> {
        let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
        let since = now.as_millisecond().saturating_sub(window);
        let mut statement =
            self.connection.prepare_cached("SELECT avg(recovered) FROM attempts WHERE at_ms >= ?1")?;
        Ok(statement.query_row([since], |row| row.get(0))?)
    }
}

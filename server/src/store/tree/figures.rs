//! How far sessions and plans are, by the counts that the database keeps, and what
//! open tasks wait for.

use rusqlite::{Connection, params};
use task_orchestrator_shared::admin::tasks::{MAX_WAITS_FOR, MAX_WAITS_FOR_TITLE};

use super::short;
use crate::store::fetch::{bound, many};
use crate::tasks::repository::Stored;
use crate::tasks::{Status, StatusCounts};

/// So many sessions are counted, and so many of their counts are added up.
const MOST_COUNTED: u64 = 10_000;

const OF_PART: &str = "SELECT value, n FROM counts WHERE facet = ?1 AND part = ?2";

const WAITS_FOR: &str = "SELECT n.title FROM dependencies d CROSS JOIN tasks n ON n.seq = d.needs \
    WHERE d.task = ?1 AND n.status <> 'completed' AND NOT (n.status = 'archived' AND n.completed_at IS NOT NULL) \
    ORDER BY d.place LIMIT ?2";

/// All sessions together.
pub(super) struct Sessions {
    /// How many there are, as far as they are counted.
    pub(super) known: u64,
    /// Their tasks; `None` where there are too many to be added up.
    tasks: Option<StatusCounts>,
}

impl Sessions {
    /// The tasks that belong to no session.
    pub(super) fn rest_of(&self, totals: &StatusCounts) -> Option<StatusCounts> {
        let theirs = self.tasks?;
        let mut rest = *totals;
        for &status in Status::ALL {
            *rest.get_mut(status) = totals.get(status).saturating_sub(theirs.get(status));
        }
        Some(rest)
    }
}

/// Looks at [`MOST_COUNTED`] of each at most.
pub(super) fn sessions(connection: &Connection) -> Stored<Sessions> {
    let most = i64::try_from(MOST_COUNTED).unwrap_or(i64::MAX);
    let known = "SELECT count(*) FROM (SELECT 1 FROM sessions LIMIT ?1)";
    let known: i64 = connection.prepare_cached(known)?.query_row([most], |row| row.get(0))?;
    let kept = "SELECT value, n FROM counts WHERE facet = 'session' LIMIT ?1";
    let kept = pairs(connection, kept, [most + 1])?;
    let is_whole = kept.len() as u64 <= MOST_COUNTED;
    Ok(Sessions { known: u64::try_from(known).unwrap_or(0), tasks: is_whole.then(|| sum(kept)) })
}

/// Figures of one row each.
pub(super) struct Figures<'a> {
    connection: &'a Connection,
}

impl<'a> Figures<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection }
    }

    /// All tasks of a session.
    pub(super) fn of_session(&self, seq: i64) -> Stored<StatusCounts> {
        Ok(sum(pairs(self.connection, OF_PART, params!["session", seq])?))
    }

    /// The tasks directly below a plan.
    pub(super) fn of_plan(&self, seq: i64) -> Stored<StatusCounts> {
        Ok(sum(pairs(self.connection, OF_PART, params!["parent", seq])?))
    }

    /// Titles of what it depends on and is not done.
    pub(super) fn waits_for(&self, seq: i64) -> Stored<Vec<String>> {
        many(self.connection, WAITS_FOR, params![seq, bound(MAX_WAITS_FOR)], |row| {
            Ok(short(row.get_ref(0)?.as_str()?, MAX_WAITS_FOR_TITLE))
        })
    }
}

fn pairs(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Stored<Vec<(Option<Status>, i64)>> {
    many(connection, sql, parameters, |row| Ok((row.get_ref(0)?.as_str()?.parse().ok(), row.get(1)?)))
}

fn sum(pairs: Vec<(Option<Status>, i64)>) -> StatusCounts {
    let mut counts = StatusCounts::default();
    for (status, n) in pairs {
        if let Some(status) = status {
            *counts.get_mut(status) += u64::try_from(n).unwrap_or(0);
        }
    }
    counts
}

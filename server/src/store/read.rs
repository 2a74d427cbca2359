//! The domain's reading port in SQL. Every statement goes by an index and is
//! bounded by a limit or by the size of one plan.

use jiff::Timestamp;
use rusqlite::{Connection, Params, params};

use super::fetch::{bound, many, one};
use super::find;
use super::rows::{self, ARTIFACT, SESSION, TASK, Time};
use super::transaction::Connected;
use crate::tasks::command::QueryTasks;
use crate::tasks::page::Resting;
use crate::tasks::repository::Stored;
use crate::tasks::{
    Artifact, ArtifactId, Cursor, Page, Repository, Session, SessionId, Status, StatusCounts, Task, TaskId,
    Within,
};

impl<T: Connected> Repository for T {
    fn task(&self, id: &TaskId) -> Stored<Option<Task>> {
        let sql = format!("SELECT {TASK} FROM tasks t WHERE t.id = ?1");
        one(self.connection(), &sql, params![id.as_str()], |row| rows::task(row).map(|(_, task)| task))
    }

    fn children(&self, parent: &TaskId, limit: usize) -> Stored<Vec<Task>> {
        let sql = format!(
            "SELECT {TASK} FROM tasks t WHERE t.parent = (SELECT seq FROM tasks WHERE id = ?1) ORDER BY t.seq LIMIT ?2"
        );
        tasks(self.connection(), &sql, params![parent.as_str(), bound(limit)])
    }

    fn children_after(
        &self,
        parent: &TaskId,
        after: Option<Cursor>,
        limit: usize,
    ) -> Stored<(Vec<Task>, Option<Cursor>)> {
        // The plus keeps the planner from the key, which would look at every later task.
        let sql = format!(
            "SELECT {TASK} FROM tasks t WHERE t.parent = (SELECT seq FROM tasks WHERE id = ?1) \
             AND +t.seq > ?2 ORDER BY t.seq LIMIT ?3"
        );
        let (after, limit) = (after.map_or(0, Cursor::place), bound(limit));
        let found = placed(self.connection(), &sql, params![parent.as_str(), after, limit])?;
        Ok(until(found, limit, |place, _| Cursor::after(place)))
    }

    fn child_counts(&self, parent: &TaskId) -> Stored<StatusCounts> {
        let sql = "SELECT value, n FROM counts WHERE facet = 'parent' AND part = (SELECT seq FROM tasks WHERE id = ?1)";
        counts(self.connection(), sql, params![parent.as_str()])
    }

    fn dependents(&self, id: &TaskId) -> Stored<Vec<Task>> {
        let sql = format!(
            "SELECT {TASK} FROM dependencies e CROSS JOIN tasks t ON t.seq = e.task \
             WHERE e.needs = (SELECT seq FROM tasks WHERE id = ?1) ORDER BY e.task"
        );
        tasks(self.connection(), &sql, params![id.as_str()])
    }

    fn waits_for(&self, id: &TaskId) -> Stored<Vec<TaskId>> {
        let sql = "WITH me (seq) AS (SELECT seq FROM tasks WHERE id = ?1) \
             SELECT n.id FROM me JOIN dependencies d ON d.task = me.seq JOIN tasks n ON n.seq = d.needs \
             UNION ALL SELECT c.id FROM me JOIN tasks c ON c.parent = me.seq";
        many(self.connection(), sql, params![id.as_str()], |row| {
            let text: String = row.get(0)?;
            TaskId::new(text).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
        })
    }

    fn next_ready(&self, within: Within<'_>) -> Stored<Option<Task>> {
        const WAITS_FOR_NOTHING: &str = "NOT EXISTS (SELECT 1 FROM dependencies e JOIN tasks n ON n.seq = e.needs \
             WHERE e.task = t.seq AND n.status <> 'completed' \
             AND NOT (n.status = 'archived' AND n.completed_at IS NOT NULL))";
        let (whose, id, leaf) = match within {
            Within::Plan(id) => ("t.parent = (SELECT seq FROM tasks WHERE id = ?1)", id.as_str(), ""),
            Within::Session(id) => (
                "t.session = (SELECT seq FROM sessions WHERE id = ?1)",
                id.as_str(),
                "AND NOT EXISTS (SELECT 1 FROM counts c WHERE c.facet = 'parent' AND c.part = t.seq AND c.n > 0 \
                 AND c.value IN ('pending', 'active', 'blocked', 'suspended'))",
            ),
        };
        let sql = format!(
            "SELECT {TASK} FROM tasks t WHERE {whose} AND t.status = 'pending' AND {WAITS_FOR_NOTHING} {leaf} \
             ORDER BY t.seq LIMIT 1"
        );
        one(self.connection(), &sql, params![id], |row| rows::task(row).map(|(_, task)| task))
    }

    fn counts(&self, session: Option<&SessionId>) -> Stored<StatusCounts> {
        match session {
            None => counts(
                self.connection(),
                "SELECT value, n FROM counts WHERE facet = 'status' AND part = 0",
                [],
            ),
            Some(id) => {
                let sql = "SELECT value, n FROM counts WHERE facet = 'session' \
                     AND part = (SELECT seq FROM sessions WHERE id = ?1)";
                counts(self.connection(), sql, params![id.as_str()])
            }
        }
    }

    fn newest(&self, session: Option<&SessionId>, statuses: &[Status], limit: usize) -> Stored<Vec<Task>> {
        find::newest(self.connection(), session, statuses, limit)
    }

    fn resting(
        &self,
        session: Option<&SessionId>,
        status: Status,
        after: Option<Resting>,
        limit: usize,
    ) -> Stored<(Vec<Task>, Option<Resting>)> {
        let sql = resting(status, session.is_some());
        let after = after.unwrap_or(Resting { updated_at: Timestamp::MIN, place: 0 });
        let (at, place, limit) = (Time(after.updated_at), after.place, bound(limit));
        let found = match session {
            None => placed(self.connection(), &sql, params![at, place, limit]),
            Some(id) => placed(self.connection(), &sql, params![at, place, limit, id.as_str()]),
        }?;
        Ok(until(found, limit, |place, task| Resting { updated_at: task.updated_at, place }))
    }

    fn find(&self, query: &QueryTasks) -> Stored<Page> {
        find::page(self.connection(), query)
    }

    fn artifact(&self, id: &ArtifactId) -> Stored<Option<Artifact>> {
        let sql = format!("SELECT {ARTIFACT} FROM artifacts a WHERE a.id = ?1");
        one(self.connection(), &sql, params![id.as_str()], rows::artifact)
    }

    fn artifacts(&self, task: &TaskId) -> Stored<Vec<Artifact>> {
        let sql = format!(
            "SELECT {ARTIFACT} FROM artifacts a WHERE a.task = (SELECT seq FROM tasks WHERE id = ?1) ORDER BY a.seq"
        );
        many(self.connection(), &sql, params![task.as_str()], rows::artifact)
    }

    fn session(&self, id: &SessionId) -> Stored<Option<Session>> {
        let sql = format!("SELECT {SESSION} FROM sessions WHERE id = ?1");
        one(self.connection(), &sql, params![id.as_str()], rows::session)
    }

    fn sessions(&self, before: Option<Timestamp>, limit: usize) -> Stored<Vec<Session>> {
        let sql = format!(
            "SELECT {SESSION} FROM sessions WHERE last_activity <= ?1 ORDER BY last_activity DESC, seq DESC LIMIT ?2"
        );
        let latest = Time(before.unwrap_or(Timestamp::MAX));
        many(self.connection(), &sql, params![latest, bound(limit)], rows::session)
    }
}

/// See [`Repository::resting`]. A partial index is used only where its own
/// condition stands in the statement word by word; of one session's tasks there
/// are few enough to be sorted.
pub(super) fn resting(status: Status, of_session: bool) -> String {
    let whose = if of_session {
        "tasks t WHERE t.session = (SELECT seq FROM sessions WHERE id = ?4)"
    } else {
        "tasks t WHERE t.status IN ('pending', 'active', 'blocked', 'suspended')"
    };
    format!(
        "SELECT {TASK} FROM {whose} AND t.status = '{status}' \
         AND (t.updated_at, t.seq) > (?1, ?2) ORDER BY t.updated_at, t.seq LIMIT ?3"
    )
}

/// Tasks with their places in creation order.
fn placed(connection: &Connection, sql: &str, parameters: impl Params) -> Stored<Vec<(i64, Task)>> {
    many(connection, sql, parameters, rows::task)
}

/// The tasks, and where to go on when there may be more.
fn until<P>(
    found: Vec<(i64, Task)>,
    limit: i64,
    place: impl FnOnce(i64, &Task) -> P,
) -> (Vec<Task>, Option<P>) {
    let full = bound(found.len()) >= limit;
    let next = found.last().filter(|_| full).map(|(seq, task)| place(*seq, task));
    (found.into_iter().map(|(_, task)| task).collect(), next)
}

fn tasks(connection: &Connection, sql: &str, parameters: impl Params) -> Stored<Vec<Task>> {
    many(connection, sql, parameters, |row| rows::task(row).map(|(_, task)| task))
}

fn counts(connection: &Connection, sql: &str, parameters: impl Params) -> Stored<StatusCounts> {
    let mut counts = StatusCounts::default();
    for (status, n) in
        many(connection, sql, parameters, |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?
    {
        let status: Status = status.parse().map_err(|error: crate::tasks::TaskError| {
            crate::tasks::RepositoryError::Failed(error.to_string())
        })?;
        *counts.get_mut(status) = u64::try_from(n).unwrap_or(0);
    }
    Ok(counts)
}

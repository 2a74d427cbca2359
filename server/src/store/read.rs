//! The domain's reading port in SQL. Every statement goes by an index and is
//! bounded by a limit or by the size of one plan.

use jiff::Timestamp;
use rusqlite::{Connection, Params, named_params, params};

use super::fetch::{bound, many, one};
use super::find;
use super::rows::{self, ARTIFACT, SESSION, TASK, Time};
use super::transaction::Connected;
use crate::tasks::command::QueryTasks;
use crate::tasks::repository::Stored;
use crate::tasks::{
    Artifact, ArtifactId, Page, Repository, Session, SessionId, Status, StatusCounts, Task, TaskId, Within,
};

/// Open tasks of each status that are looked at for orphans.
const LOOKED_AT: usize = 5000;

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

    fn least_recent(&self, session: Option<&SessionId>, status: Status, limit: usize) -> Stored<Vec<Task>> {
        let (sql, id) = match session {
            None => {
                // The index knows which tasks are open only when the status is in the text.
                (
                    format!(
                        "SELECT {TASK} FROM tasks t WHERE t.status = '{status}' ORDER BY t.updated_at LIMIT :limit"
                    ),
                    None,
                )
            }
            Some(id) => (
                format!(
                    "SELECT {TASK} FROM tasks t WHERE t.session = (SELECT seq FROM sessions WHERE id = :session) \
                     AND t.status = '{status}' ORDER BY t.updated_at LIMIT :limit"
                ),
                Some(id.as_str()),
            ),
        };
        match id {
            None => tasks(self.connection(), &sql, named_params! { ":limit": bound(limit) }),
            Some(id) => {
                tasks(self.connection(), &sql, named_params! { ":limit": bound(limit), ":session": id })
            }
        }
    }

    fn orphaned(&self, session: Option<&SessionId>, limit: usize) -> Stored<Vec<Task>> {
        let mut found = Vec::new();
        for status in Status::OPEN {
            let sql = format!(
                "SELECT {TASK} FROM (SELECT seq FROM tasks WHERE status = ?1 ORDER BY seq LIMIT ?2) o \
                 JOIN tasks t ON t.seq = o.seq JOIN tasks p ON p.seq = t.parent \
                 WHERE p.status IN ('cancelled', 'archived') \
                 AND (?3 IS NULL OR t.session = (SELECT seq FROM sessions WHERE id = ?3)) LIMIT ?4"
            );
            let parameters =
                params![status.as_str(), bound(LOOKED_AT), session.map(SessionId::as_str), bound(limit)];
            found.extend(tasks(self.connection(), &sql, parameters)?);
        }
        found.truncate(limit);
        Ok(found)
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

//! From rows to the domain's values and back. Every value read is checked
//! again: a row that does not pass is damage, never an accepted task.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};
use std::str::FromStr;

use crate::tasks::{Artifact, ContentHash, Session, Task, TaskId};

/// The columns of [`task`], in its order, of `tasks t`.
pub(super) const TASK: &str = "t.seq, t.id, (SELECT p.id FROM tasks p WHERE p.seq = t.parent), \
    (SELECT s.id FROM sessions s WHERE s.seq = t.session), t.title, t.description, t.status, t.task_type, \
    t.specialist, t.complexity, t.effort, t.due_date, t.context, \
    (SELECT group_concat(needed, ',') FROM (SELECT n.id AS needed FROM dependencies d \
        JOIN tasks n ON n.seq = d.needs WHERE d.task = t.seq ORDER BY d.place)), \
    t.summary, t.notes, t.created_at, t.updated_at, t.started_at, t.completed_at";

/// The columns of [`session`], of `sessions`.
pub(super) const SESSION: &str = "id, name, working_directory, archived, created_at, last_activity";

/// The columns of [`artifact`], of `artifacts a`.
pub(super) const ARTIFACT: &str = "a.id, (SELECT t.id FROM tasks t WHERE t.seq = a.task), a.artifact_type, a.sha256, a.size, a.path, a.created_at";

/// A task with its place in creation order.
pub(super) fn task(row: &Row<'_>) -> rusqlite::Result<(i64, Task)> {
    let dependencies: Option<String> = row.get(13)?;
    let json = |index: usize| -> rusqlite::Result<Option<&str>> {
        row.get_ref(index)?.as_str_or_null().map_err(|error| damaged(index, error))
    };
    let task = Task {
        task_id: checked(row, 1)?,
        parent_task_id: optional(row, 2)?,
        session_id: optional(row, 3)?,
        title: checked(row, 4)?,
        description: checked(row, 5)?,
        status: checked(row, 6)?,
        task_type: checked(row, 7)?,
        specialist_type: checked(row, 8)?,
        complexity: checked(row, 9)?,
        estimated_effort: optional(row, 10)?,
        due_date: optional(row, 11)?,
        context: json(12)?
            .map(|text| serde_json::from_str(text).map_err(|error| damaged(12, error)))
            .transpose()?,
        dependencies: dependencies
            .iter()
            .flat_map(|list| list.split(','))
            .map(|id| TaskId::new(id).map_err(|error| damaged(13, error)))
            .collect::<Result<_, _>>()?,
        summary: optional(row, 14)?,
        notes: json(15)?
            .map_or(Ok(Vec::new()), |text| serde_json::from_str(text).map_err(|error| damaged(15, error)))?,
        created_at: row.get::<_, Time>(16)?.0,
        updated_at: row.get::<_, Time>(17)?.0,
        started_at: row.get::<_, Option<Time>>(18)?.map(|time| time.0),
        completed_at: row.get::<_, Option<Time>>(19)?.map(|time| time.0),
    };
    Ok((row.get(0)?, task))
}

/// A session.
pub(super) fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        session_id: checked(row, 0)?,
        name: checked(row, 1)?,
        working_directory: row.get(2)?,
        archived: row.get(3)?,
        created_at: row.get::<_, Time>(4)?.0,
        last_activity: row.get::<_, Time>(5)?.0,
    })
}

/// An artifact.
pub(super) fn artifact(row: &Row<'_>) -> rusqlite::Result<Artifact> {
    Ok(Artifact {
        artifact_id: checked(row, 0)?,
        task_id: checked(row, 1)?,
        artifact_type: checked(row, 2)?,
        sha256: ContentHash::new(row.get(3)?),
        size: row.get::<_, i64>(4)?.cast_unsigned(),
        path: row.get(5)?,
        created_at: row.get::<_, Time>(6)?.0,
    })
}

fn checked<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<T> {
    let text = row.get_ref(index)?.as_str().map_err(|error| damaged(index, error))?;
    text.parse().map_err(|error| damaged(index, error))
}

fn optional<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<Option<T>> {
    let text = row.get_ref(index)?.as_str_or_null().map_err(|error| damaged(index, error))?;
    text.map(|text| text.parse().map_err(|error| damaged(index, error))).transpose()
}

fn damaged(index: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error))
}

/// A time as the database keeps it: nanoseconds, which reach from 1677 to 2262.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(pub(super) Timestamp);

impl ToSql for Time {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let nanoseconds = self.0.as_nanosecond();
        let edge = if nanoseconds < 0 { i64::MIN } else { i64::MAX };
        Ok(i64::try_from(nanoseconds).unwrap_or(edge).into())
    }
}

impl FromSql for Time {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let nanoseconds = value.as_i64()?;
        Timestamp::from_nanosecond(i128::from(nanoseconds))
            .map(Self)
            .map_err(|_| FromSqlError::OutOfRange(nanoseconds))
    }
}

//! The domain's writing port in SQL. Notes what has to follow each change: who
//! is told of it, and which words are indexed.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::fetch::one;
use super::rows::Time;
use super::transaction::{Connected as _, Text, TextChange, WriteTx};
use crate::tasks::repository::Stored;
use crate::tasks::{Artifact, RepositoryError, RepositoryMut, Session, SessionId, Task, TaskId};

impl RepositoryMut for WriteTx<'_> {
    fn not_before_last(&mut self, now: Timestamp) -> Stored<Timestamp> {
        let sql = "SELECT created_at FROM tasks ORDER BY seq DESC LIMIT 1";
        let last = one(self.connection(), sql, [], |row| row.get::<_, Time>(0))?;
        Ok(last.map_or(now, |last| last.0.max(now)))
    }

    fn insert_task(&mut self, task: &Task) -> Stored<()> {
        let connection = self.connection();
        connection
            .prepare_cached(
                "INSERT INTO tasks (id, parent, session, title, description, status, task_type, specialist, \
                 complexity, effort, due_date, context, summary, notes, created_at, updated_at, started_at, \
                 completed_at) VALUES (?1, (SELECT seq FROM tasks WHERE id = ?2), \
                 (SELECT seq FROM sessions WHERE id = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, \
                 ?16, ?17, ?18)",
            )?
            .execute(params![
                task.task_id.as_str(),
                task.parent_task_id.as_ref().map(TaskId::as_str),
                task.session_id.as_ref().map(SessionId::as_str),
                task.title.as_str(),
                task.description.as_str(),
                task.status.as_str(),
                task.task_type.as_str(),
                task.specialist_type.as_str(),
                task.complexity.as_str(),
                task.estimated_effort.as_ref().map(AsRef::as_ref),
                task.due_date.map(|time| time.to_string()),
                context(task),
                task.summary.as_ref().map(AsRef::as_ref),
                notes(task)?,
                Time(task.created_at),
                Time(task.updated_at),
                task.started_at.map(Time),
                task.completed_at.map(Time),
            ])?;
        let seq = connection.last_insert_rowid();
        self.effects().texts.push(TextChange::Added(seq, Text::of(task)));
        self.effects().list_changed();
        self.told(task);
        Ok(())
    }

    fn set_dependencies(&mut self, id: &TaskId, dependencies: &[TaskId]) -> Stored<()> {
        let connection = self.connection();
        let sql = "SELECT seq FROM tasks WHERE id = ?1";
        let seq: Option<i64> = one(connection, sql, params![id.as_str()], |row| row.get(0))?;
        replace_dependencies(connection, seq.ok_or_else(|| gone(id))?, dependencies)
    }

    fn update_task(&mut self, task: &Task) -> Stored<()> {
        let connection = self.connection();
        let sql = "SELECT seq, title, description, coalesce(summary, '') FROM tasks WHERE id = ?1";
        let before = one(connection, sql, params![task.task_id.as_str()], |row| {
            let text = Text { title: row.get(1)?, description: row.get(2)?, summary: row.get(3)? };
            Ok((row.get::<_, i64>(0)?, text))
        })?;
        let Some((seq, before)) = before else { return Err(gone(&task.task_id)) };
        connection
            .prepare_cached(
                "UPDATE tasks SET title = ?2, description = ?3, status = ?4, task_type = ?5, specialist = ?6, \
                 complexity = ?7, effort = ?8, due_date = ?9, context = ?10, summary = ?11, notes = ?12, \
                 updated_at = ?13, started_at = ?14, completed_at = ?15 WHERE seq = ?1",
            )?
            .execute(params![
                seq,
                task.title.as_str(),
                task.description.as_str(),
                task.status.as_str(),
                task.task_type.as_str(),
                task.specialist_type.as_str(),
                task.complexity.as_str(),
                task.estimated_effort.as_ref().map(AsRef::as_ref),
                task.due_date.map(|time| time.to_string()),
                context(task),
                task.summary.as_ref().map(AsRef::as_ref),
                notes(task)?,
                Time(task.updated_at),
                task.started_at.map(Time),
                task.completed_at.map(Time),
            ])?;
        replace_dependencies(connection, seq, &task.dependencies)?;
        let text = Text::of(task);
        if (&text.title, &text.description, &text.summary)
            != (&before.title, &before.description, &before.summary)
        {
            self.effects().texts.push(TextChange::Changed(seq, text));
        }
        self.told(task);
        Ok(())
    }

    fn remove_task(&mut self, id: &TaskId) -> Stored<()> {
        let connection = self.connection();
        let seq =
            one(connection, "DELETE FROM tasks WHERE id = ?1 RETURNING seq", params![id.as_str()], |row| {
                row.get::<_, i64>(0)
            })?;
        let seq = seq.ok_or_else(|| gone(id))?;
        let effects = self.effects();
        effects.texts.push(TextChange::Removed(seq));
        effects.changed(format!("task://{id}"));
        effects.list_changed();
        Ok(())
    }

    fn insert_artifact(&mut self, artifact: &Artifact) -> Stored<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO artifacts (id, task, artifact_type, sha256, size, path, created_at) \
                 VALUES (?1, (SELECT seq FROM tasks WHERE id = ?2), ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                artifact.artifact_id.as_str(),
                artifact.task_id.as_str(),
                artifact.artifact_type.as_str(),
                artifact.sha256.as_bytes(),
                artifact.size.cast_signed(),
                artifact.path,
                Time(artifact.created_at),
            ])?;
        self.effects().changed(format!("artifact://{}", artifact.artifact_id));
        self.effects().list_changed();
        Ok(())
    }

    fn remove_artifacts(&mut self, task: &TaskId) -> Stored<()> {
        let sql = "DELETE FROM artifacts WHERE task = (SELECT seq FROM tasks WHERE id = ?1) RETURNING id";
        let removed = super::fetch::many(self.connection(), sql, params![task.as_str()], |row| {
            row.get::<_, String>(0)
        })?;
        for id in removed {
            self.effects().changed(format!("artifact://{id}"));
            self.effects().list_changed();
        }
        Ok(())
    }

    fn insert_session(&mut self, session: &Session) -> Stored<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO sessions (id, name, working_directory, archived, created_at, last_activity) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                session.session_id.as_str(),
                session.name.as_str(),
                session.working_directory,
                session.archived,
                Time(session.created_at),
                Time(session.last_activity),
            ])?;
        self.effects().changed(format!("session://{}", session.session_id));
        self.effects().list_changed();
        Ok(())
    }

    fn update_session(&mut self, session: &Session) -> Stored<()> {
        self.connection()
            .prepare_cached(
                "UPDATE sessions SET name = ?2, working_directory = ?3, archived = ?4, \
                 last_activity = max(last_activity, ?5) WHERE id = ?1",
            )?
            .execute(params![
                session.session_id.as_str(),
                session.name.as_str(),
                session.working_directory,
                session.archived,
                Time(session.last_activity),
            ])?;
        self.effects().changed(format!("session://{}", session.session_id));
        Ok(())
    }

    fn remove_session(&mut self, id: &SessionId) -> Stored<()> {
        self.connection()
            .prepare_cached("DELETE FROM sessions WHERE id = ?1")?
            .execute(params![id.as_str()])?;
        self.effects().changed(format!("session://{id}"));
        self.effects().list_changed();
        Ok(())
    }
}

impl WriteTx<'_> {
    fn told(&mut self, task: &Task) {
        let effects = self.effects();
        effects.changed(format!("task://{}", task.task_id));
        // Its progress and its list of tasks change with it.
        if let Some(parent) = &task.parent_task_id {
            effects.changed(format!("task://{parent}"));
        }
        if let Some(session) = &task.session_id {
            effects.changed(format!("session://{session}"));
        }
    }
}

fn replace_dependencies(connection: &Connection, seq: i64, dependencies: &[TaskId]) -> Stored<()> {
    connection.prepare_cached("DELETE FROM dependencies WHERE task = ?1")?.execute([seq])?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO dependencies (task, place, needs) VALUES (?1, ?2, (SELECT seq FROM tasks WHERE id = ?3))",
    )?;
    for (place, dependency) in (0_i64..).zip(dependencies) {
        statement.execute(params![seq, place, dependency.as_str()])?;
    }
    Ok(())
}

fn context(task: &Task) -> Option<String> {
    task.context.as_ref().map(ToString::to_string)
}

fn notes(task: &Task) -> Stored<Option<String>> {
    if task.notes.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(&task.notes).map(Some).map_err(|error| RepositoryError::Failed(error.to_string()))
}

fn gone(id: &TaskId) -> RepositoryError {
    RepositoryError::Failed(format!("task {id} has vanished within its own transaction"))
}

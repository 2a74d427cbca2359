//! Reading tasks: a page of what matches, and how things stand.

use super::artifact::Artifact;
use super::command::{GetStatus, QueryTasks};
use super::error::TaskError;
use super::id::SessionId;
use super::outcome::{StatusReport, TaskFound, TasksFound};
use super::page::MAX_PAGE;
use super::repository::Repository;
use super::session::Session;
use super::status::Status;
use super::task::{Task, TaskBrief};

/// Subtasks shown with each task of a page.
const CHILDREN_SHOWN: usize = 100;
/// Subtasks shown in a page altogether.
const CHILDREN_IN_PAGE: usize = 2000;
/// Longest search text, in characters.
const MAX_SEARCH: usize = 1000;
/// Most values of one filter.
const MAX_VALUES: usize = 64;
/// Tasks in a status report.
pub(super) const NEWEST_SHOWN: usize = 25;

/// Finds a page of tasks, newest first.
///
/// # Errors
///
/// A limit, filter or search text out of bounds; an unknown session or parent task.
pub fn query_tasks(repository: &dyn Repository, query: &QueryTasks) -> Result<TasksFound, TaskError> {
    check(query)?;
    if let Some(session) = &query.session_id {
        known_session(repository, session)?;
    }
    if let Some(parent) = &query.parent_task_id {
        super::lifecycle::existing(repository, parent)?;
    }
    let page = repository.find(query)?;
    let mut room = CHILDREN_IN_PAGE;
    let mut tasks = Vec::with_capacity(page.tasks.len());
    for task in page.tasks {
        let children = if query.include_children {
            let children = repository.children(&task.task_id, CHILDREN_SHOWN.min(room))?;
            room -= children.len();
            Some(children)
        } else {
            None
        };
        let artifacts = if query.include_artifacts {
            Some(repository.artifacts(&task.task_id)?.iter().map(Artifact::info).collect())
        } else {
            None
        };
        tasks.push(TaskFound { task, children, artifacts });
    }
    Ok(TasksFound {
        tasks,
        total_count: page.total_count,
        total_count_is_exact: page.total_count_is_exact,
        next_cursor: page.next_cursor,
    })
}

fn check(query: &QueryTasks) -> Result<(), TaskError> {
    if query.limit == 0 || query.limit > MAX_PAGE {
        return Err(TaskError::invalid("limit", format!("is 1 to {MAX_PAGE}")));
    }
    if query.search_text.as_ref().is_some_and(|text| text.chars().count() > MAX_SEARCH) {
        return Err(TaskError::invalid("search_text", format!("has more than {MAX_SEARCH} characters")));
    }
    let filters = [
        ("status", query.status.len()),
        ("task_type", query.task_type.len()),
        ("specialist_type", query.specialist_type.len()),
        ("complexity", query.complexity.len()),
    ];
    for (field, count) in filters {
        if count > MAX_VALUES {
            return Err(TaskError::invalid(field, format!("has {count} values, the limit is {MAX_VALUES}")));
        }
    }
    Ok(())
}

/// How things stand, in all or in a session.
///
/// # Errors
///
/// Unknown session.
pub fn get_status(repository: &dyn Repository, command: &GetStatus) -> Result<StatusReport, TaskError> {
    let session = command.session_id.as_ref();
    if let Some(id) = session {
        known_session(repository, id)?;
    }
    let counts = repository.counts(session)?;
    let tasks = if command.include_completed {
        briefs(repository.newest(session, &[], NEWEST_SHOWN)?)
    } else {
        // The counters tell where there is nothing to be looked for.
        let mut unfinished =
            vec![Status::Pending, Status::Active, Status::Blocked, Status::Suspended, Status::Failed];
        unfinished.retain(|status| counts.get(*status) > 0);
        if unfinished.is_empty() {
            Vec::new()
        } else {
            briefs(repository.newest(session, &unfinished, NEWEST_SHOWN)?)
        }
    };
    Ok(StatusReport { counts, total_tasks: counts.total(), open_tasks: counts.open(), tasks })
}

/// The session, or the refusal that there is none.
pub(super) fn known_session(repository: &dyn Repository, id: &SessionId) -> Result<Session, TaskError> {
    repository.session(id)?.ok_or_else(|| TaskError::NotFound { what: "session", id: id.to_string() })
}

/// The short forms.
pub(super) fn briefs(tasks: Vec<Task>) -> Vec<TaskBrief> {
    tasks.iter().map(Task::brief).collect()
}

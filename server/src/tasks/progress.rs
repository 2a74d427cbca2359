//! How far a plan is, and what to do next. Only reads.

use super::error::TaskError;
use super::id::TaskId;
use super::outcome::{NextTask, Progress};
use super::repository::{Repository, Within};
use super::status::Status;
use super::task::{MAX_CHILDREN, StatusCounts, Task};

/// How far a plan is. What was cancelled, or archived undone, is no longer wanted and does not count.
pub(super) fn of_plan(repository: &dyn Repository, parent: &TaskId) -> Result<Progress, TaskError> {
    let counts = repository.child_counts(parent)?;
    let mut finished = counts.completed;
    let mut wanted = counts.total().saturating_sub(counts.cancelled);
    if counts.archived > 0 {
        // The counts do not tell which of the archived ones had been finished.
        let archived: Vec<Task> = repository
            .children(parent, MAX_CHILDREN)?
            .into_iter()
            .filter(|task| task.status == Status::Archived)
            .collect();
        let done = archived.iter().filter(|task| task.is_finished()).count() as u64;
        finished += done;
        wanted = wanted.saturating_sub(archived.len() as u64 - done);
    }
    Ok(Progress::new(finished, wanted, "subtasks"))
}

/// How far a session is, by its counts alone.
pub(super) fn of_counts(counts: &StatusCounts) -> Progress {
    let wanted = counts.total().saturating_sub(counts.cancelled + counts.archived);
    Progress::new(counts.completed, wanted, "tasks")
}

impl Progress {
    fn new(finished: u64, wanted: u64, what: &str) -> Self {
        let share = if wanted == 0 { 0.0 } else { finished as f64 / wanted as f64 };
        Self {
            progress: format!("{finished}/{wanted} {what} completed"),
            completed_subtasks: finished,
            total_subtasks: wanted,
            progress_percentage: (share * 10_000.0).round() / 100.0,
        }
    }
}

/// What can be begun after a task: a ready sibling, a ready task that waited
/// for this one, or the plan itself when all its subtasks are closed.
pub(super) fn next_after(repository: &dyn Repository, task: &Task) -> Result<Option<NextTask>, TaskError> {
    if let Some(parent) = &task.parent_task_id
        && let Some(sibling) = repository.next_ready(Within::Plan(parent))?
    {
        return Ok(Some(sibling.into()));
    }
    for dependent in repository.dependents(&task.task_id)? {
        if dependent.status == Status::Pending && unfinished(repository, &dependent.dependencies)?.is_empty()
        {
            return Ok(Some(dependent.into()));
        }
    }
    let Some(parent) = &task.parent_task_id else { return Ok(None) };
    if repository.child_counts(parent)?.open() > 0 {
        return Ok(None);
    }
    Ok(repository.task(parent)?.filter(|plan| plan.status.is_open()).map(NextTask::from))
}

/// Those among the tasks that are not finished.
pub(super) fn unfinished(repository: &dyn Repository, ids: &[TaskId]) -> Result<Vec<Task>, TaskError> {
    let mut found = Vec::new();
    for id in ids {
        if let Some(task) = repository.task(id)?
            && !task.is_finished()
        {
            found.push(task);
        }
    }
    Ok(found)
}

impl From<Task> for NextTask {
    fn from(task: Task) -> Self {
        Self { task_id: task.task_id, title: task.title, specialist_type: task.specialist_type }
    }
}

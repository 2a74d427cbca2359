//! What can be wrong with one task. Only reads; decides nothing about lists.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::tasks::error::TaskError;
use crate::tasks::id::{Specialist, TaskId};
use crate::tasks::outcome::{IncompleteWorkflow, StaleTask};
use crate::tasks::progress;
use crate::tasks::repository::Repository;
use crate::tasks::status::Status;
use crate::tasks::task::Task;

/// Hours after which an active task of this role is stale. Thinking takes longer than typing.
fn threshold_hours(role: &Specialist) -> u64 {
    match role.as_str() {
        "debugger" | "devops" | "tester" => 12,
        "reviewer" | "coordinator" => 24,
        "implementer" | "documenter" => 36,
        "architect" | "researcher" | "analyst" => 72,
        _ => 24,
    }
}

/// That nothing happens in a task, where that is so.
pub(super) fn staleness(task: &Task, now: Timestamp) -> Option<StaleTask> {
    // What waits may wait longer than what is being worked on.
    let patience = if task.status == Status::Active { 1 } else { 7 };
    let threshold_hours = threshold_hours(&task.specialist_type) * patience;
    let idle_hours = u64::try_from(now.duration_since(task.updated_at).as_hours()).unwrap_or(0);
    (idle_hours >= threshold_hours).then(|| StaleTask {
        task_id: task.task_id.clone(),
        title: task.title.clone(),
        status: task.status,
        specialist_type: task.specialist_type.clone(),
        last_change: task.updated_at,
        idle_hours,
        threshold_hours,
    })
}

/// Whether the plan that a task is part of was given up. What is found out about
/// plans is kept in `parents`.
pub(super) fn given_up_above(
    repository: &dyn Repository,
    task: &Task,
    parents: &mut BTreeMap<TaskId, bool>,
) -> Result<bool, TaskError> {
    let Some(parent) = &task.parent_task_id else { return Ok(false) };
    if let Some(known) = parents.get(parent) {
        return Ok(*known);
    }
    let plan = repository.task(parent)?;
    let given_up = plan.is_some_and(|plan| matches!(plan.status, Status::Cancelled | Status::Archived));
    parents.insert(parent.clone(), given_up);
    Ok(given_up)
}

/// Why an open plan cannot finish by itself.
pub(super) fn incomplete(
    repository: &dyn Repository,
    task: &Task,
) -> Result<Option<IncompleteWorkflow>, TaskError> {
    let counts = repository.child_counts(&task.task_id)?;
    let reason = if counts.total() == 0 || counts.open() > counts.blocked {
        return Ok(None);
    } else if counts.blocked > 0 {
        format!("all that is open below it is blocked ({})", counts.blocked)
    } else if counts.failed > 0 {
        format!("{} of its subtasks failed: retry or cancel them", counts.failed)
    } else {
        "all its subtasks are closed: complete it, or plan what is missing".to_owned()
    };
    Ok(Some(IncompleteWorkflow {
        task_id: task.task_id.clone(),
        title: task.title.clone(),
        status: task.status,
        reason,
        progress: progress::of_plan(repository, &task.task_id)?,
    }))
}

/// Dependencies of a task that will never be finished.
pub(super) fn never_to_be_met(repository: &dyn Repository, task: &Task) -> Result<Vec<String>, TaskError> {
    let waits_for = progress::unfinished(repository, &task.dependencies)?;
    Ok(waits_for
        .iter()
        .filter(|dependency| matches!(dependency.status, Status::Cancelled | Status::Archived))
        .map(|dependency| {
            format!(
                "{} waits for {}, which is {} and will not be finished",
                task.task_id, dependency.task_id, dependency.status
            )
        })
        .collect())
}

/// That a task should have been done.
pub(super) fn overdue(task: &Task, now: Timestamp) -> Option<String> {
    let due = task.due_date.filter(|due| *due < now)?;
    Some(format!("{} was due at {due}", task.task_id))
}

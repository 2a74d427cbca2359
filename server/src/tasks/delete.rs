//! Giving a task up, putting it away, taking it away.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::command::{CancelTask, DeleteTask};
use super::error::TaskError;
use super::graph;
use super::id::{Summary, TaskId};
use super::lifecycle::{self, in_the_way};
use super::outcome::{TaskCancelled, TaskDeleted};
use super::repository::{Call, Repository, RepositoryMut};
use super::status::Status;
use super::task::{NoteKind, Task};

/// Cancels a task with its open subtasks and blocks what waited for it.
///
/// # Errors
///
/// Unknown task; a status that cannot be cancelled.
pub fn cancel_task(
    repository: &mut dyn RepositoryMut,
    call: &mut Call<'_>,
    command: CancelTask,
) -> Result<TaskCancelled, TaskError> {
    let mut task = lifecycle::existing(repository, &command.task_id)?;
    let previous_status = task.status;
    if !command.preserve_work {
        task.summary = None;
    }
    let reason = match command.reason {
        Some(reason) => reason,
        None => Summary::new("no reason given")?,
    };
    let dependent_tasks_updated = lifecycle::cancel(repository, &mut task, &reason, call.now)?;
    if !command.preserve_work {
        repository.remove_artifacts(&task.task_id)?;
    }
    Ok(TaskCancelled { task, previous_status, dependent_tasks_updated })
}

/// Puts a task away, or removes it.
///
/// # Errors
///
/// Unknown task; others need it, or work goes on, and force was not given.
pub fn delete_task(
    repository: &mut dyn RepositoryMut,
    call: &mut Call<'_>,
    command: DeleteTask,
) -> Result<TaskDeleted, TaskError> {
    let mut task = lifecycle::existing(repository, &command.task_id)?;
    let (action, dependent_tasks) = if command.archive_instead {
        ("archived", archive(repository, &mut task, command.force, call.now)?)
    } else {
        ("deleted", remove(repository, &task, command.force)?)
    };
    Ok(TaskDeleted { task_id: task.task_id, action: action.to_owned(), dependent_tasks })
}

/// Puts a task and what is below it out of sight; names those that needed it.
pub(super) fn archive(
    repository: &mut dyn RepositoryMut,
    task: &mut Task,
    force: bool,
    now: Timestamp,
) -> Result<Vec<TaskId>, TaskError> {
    let stoppable = force && task.status.is_open();
    if !task.status.may_become(Status::Archived) && !stoppable {
        return Err(TaskError::Transition {
            task_id: task.task_id.clone(),
            from: task.status,
            to: Status::Archived,
        });
    }
    let below = graph::descendants(repository, &task.task_id)?;
    let given_up: Vec<TaskId> = std::iter::once(&*task)
        .chain(&below)
        .filter(|member| !member.is_finished())
        .map(|member| member.task_id.clone())
        .collect();
    let waiting = waiting_outside(repository, &given_up, task, &below)?;
    let needed_by: Vec<&Task> = below.iter().filter(|child| child.status.is_open()).chain(&waiting).collect();
    if !needed_by.is_empty() && !force {
        return Err(has_dependents(task, needed_by));
    }
    let dependents = needed_by.iter().map(|task| task.task_id.clone()).collect();
    lifecycle::block_dependents_outside(repository, &given_up, &below, now)?;
    for mut child in below {
        put_away(repository, &mut child, now)?;
    }
    put_away(repository, task, now)?;
    Ok(dependents)
}

/// Archives one task, cancelling it first where the table asks for that.
fn put_away(repository: &mut dyn RepositoryMut, task: &mut Task, now: Timestamp) -> Result<(), TaskError> {
    if task.status == Status::Archived {
        return Ok(());
    }
    if !task.status.may_become(Status::Archived) {
        lifecycle::turn(task, Status::Cancelled, now)?;
        task.note(now, NoteKind::Cancelled, Summary::new("archived while it was open")?);
    }
    lifecycle::turn(task, Status::Archived, now)?;
    Ok(repository.update_task(task)?)
}

/// Removes a task and what is below it; names those that needed it.
fn remove(repository: &mut dyn RepositoryMut, task: &Task, force: bool) -> Result<Vec<TaskId>, TaskError> {
    let below = graph::descendants(repository, &task.task_id)?;
    let members: Vec<TaskId> =
        std::iter::once(task).chain(&below).map(|member| member.task_id.clone()).collect();
    let waiting = waiting_outside(repository, &members, task, &below)?;
    let needed_by: Vec<&Task> = below.iter().chain(&waiting).collect();
    if !force {
        if !needed_by.is_empty() {
            return Err(has_dependents(task, needed_by));
        }
        if task.status == Status::Active {
            return Err(TaskError::InProgress { task_id: task.task_id.clone(), status: task.status });
        }
    }
    let dependents = needed_by.iter().map(|task| task.task_id.clone()).collect();
    for member in members.iter().rev() {
        repository.remove_task(member)?;
    }
    Ok(dependents)
}

/// Those outside a plan that wait for one of its members and are not through themselves.
fn waiting_outside(
    repository: &dyn Repository,
    members: &[TaskId],
    root: &Task,
    below: &[Task],
) -> Result<Vec<Task>, TaskError> {
    let mut inside: BTreeSet<TaskId> = below.iter().map(|task| task.task_id.clone()).collect();
    inside.insert(root.task_id.clone());
    let mut waiting = Vec::new();
    for member in members {
        for dependent in repository.dependents(member)? {
            let unfinished = dependent.status.is_open() || dependent.status == Status::Failed;
            if unfinished && inside.insert(dependent.task_id.clone()) {
                waiting.push(dependent);
            }
        }
    }
    Ok(waiting)
}

fn has_dependents(task: &Task, needed_by: Vec<&Task>) -> TaskError {
    TaskError::HasDependents {
        task_id: task.task_id.clone(),
        dependents: needed_by.into_iter().take(100).map(in_the_way).collect(),
    }
}

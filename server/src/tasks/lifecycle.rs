//! Moving a task from one status to another with everything that hangs on it.
//! Every change of a status goes through here; whether the move exists is
//! `status`' business alone.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::error::{InTheWay, TaskError};
use super::graph;
use super::id::{Summary, TaskId};
use super::outcome::TaskMoved;
use super::progress;
use super::repository::{Repository, RepositoryMut};
use super::status::Status;
use super::task::{NoteKind, Task};

/// Most tasks that a refusal names.
const NAMED: usize = 10;

/// The task, or the refusal that there is none.
pub(super) fn existing(repository: &dyn Repository, id: &TaskId) -> Result<Task, TaskError> {
    repository.task(id)?.ok_or_else(|| TaskError::no_task(id))
}

/// Changes the status by the table and keeps the times that belong to it. Stores nothing.
pub(super) fn turn(task: &mut Task, to: Status, now: Timestamp) -> Result<(), TaskError> {
    if !task.status.may_become(to) {
        return Err(TaskError::Transition { task_id: task.task_id.clone(), from: task.status, to });
    }
    task.status = to;
    task.updated_at = now;
    match to {
        Status::Active => {
            task.started_at.get_or_insert(now);
        }
        Status::Completed => task.completed_at = Some(now),
        _ => {}
    }
    Ok(())
}

/// Refuses to begin what has to wait.
pub(super) fn check_ready(repository: &dyn Repository, task: &Task) -> Result<(), TaskError> {
    let unfinished = progress::unfinished(repository, &task.dependencies)?;
    if unfinished.is_empty() {
        return Ok(());
    }
    Err(TaskError::DependencyUnfinished {
        task_id: task.task_id.clone(),
        unfinished: unfinished.iter().map(in_the_way).collect(),
    })
}

/// Refuses to end what has open subtasks.
pub(super) fn check_closed_below(repository: &dyn Repository, task: &Task) -> Result<(), TaskError> {
    if repository.child_counts(&task.task_id)?.open() == 0 {
        return Ok(());
    }
    let open = repository
        .children(&task.task_id, super::task::MAX_CHILDREN)?
        .iter()
        .filter(|child| child.status.is_open())
        .take(NAMED)
        .map(in_the_way)
        .collect();
    Err(TaskError::OpenSubtasks { task_id: task.task_id.clone(), open })
}

/// Makes a task active, and with it the plans it is part of as far as they are ready.
pub(super) fn begin(
    repository: &mut dyn RepositoryMut,
    task: &mut Task,
    now: Timestamp,
) -> Result<(), TaskError> {
    // The table first: a task that can never begin is not told to wait.
    let mut begun = task.clone();
    turn(&mut begun, Status::Active, now)?;
    check_ready(repository, task)?;
    repository.update_task(&begun)?;
    *task = begun;
    for id in graph::ancestors(repository, task.parent_task_id.as_ref())? {
        let Some(mut plan) = repository.task(&id)? else { break };
        if plan.status != Status::Pending || check_ready(repository, &plan).is_err() {
            break;
        }
        turn(&mut plan, Status::Active, now)?;
        repository.update_task(&plan)?;
    }
    Ok(())
}

/// Completes a task.
pub(super) fn complete(
    repository: &mut dyn RepositoryMut,
    task: &mut Task,
    now: Timestamp,
) -> Result<(), TaskError> {
    let mut done = task.clone();
    turn(&mut done, Status::Completed, now)?;
    check_closed_below(repository, task)?;
    repository.update_task(&done)?;
    *task = done;
    Ok(())
}

/// Cancels a task and its open subtasks, and blocks what waited for any of them.
pub(super) fn cancel(
    repository: &mut dyn RepositoryMut,
    task: &mut Task,
    reason: &Summary,
    now: Timestamp,
) -> Result<Vec<TaskMoved>, TaskError> {
    let mut cancelled = task.clone();
    turn(&mut cancelled, Status::Cancelled, now)?;
    cancelled.note(now, NoteKind::Cancelled, reason.clone());
    let mut moved = Vec::new();
    let mut given_up = vec![task.task_id.clone()];
    for mut below in graph::descendants(repository, &task.task_id)? {
        if below.status.is_open() {
            let previous_status = below.status;
            turn(&mut below, Status::Cancelled, now)?;
            below.note(now, NoteKind::Cancelled, reason.clone());
            repository.update_task(&below)?;
            moved.push(TaskMoved { task_id: below.task_id.clone(), previous_status, status: below.status });
            given_up.push(below.task_id);
        }
    }
    repository.update_task(&cancelled)?;
    *task = cancelled;
    moved.extend(block_dependents_outside(repository, &given_up, &[], now)?);
    Ok(moved)
}

/// Blocks what has begun or could begin and waits for any of these, which will never be finished.
/// Members of the plan that goes with them are left alone.
pub(super) fn block_dependents_outside(
    repository: &mut dyn RepositoryMut,
    given_up: &[TaskId],
    members: &[Task],
    now: Timestamp,
) -> Result<Vec<TaskMoved>, TaskError> {
    let gone: BTreeSet<&TaskId> = given_up.iter().chain(members.iter().map(|task| &task.task_id)).collect();
    let mut moved = Vec::new();
    for id in given_up {
        for mut waiting in repository.dependents(id)? {
            if gone.contains(&waiting.task_id) || !waiting.status.may_become(Status::Blocked) {
                continue;
            }
            let previous_status = waiting.status;
            turn(&mut waiting, Status::Blocked, now)?;
            let text = Summary::new(format!("{id}, which this task depends on, was given up"))?;
            waiting.note(now, NoteKind::Blocked, text);
            repository.update_task(&waiting)?;
            moved.push(TaskMoved { task_id: waiting.task_id, previous_status, status: waiting.status });
        }
    }
    Ok(moved)
}

/// A task as a refusal names it.
pub(super) fn in_the_way(task: &Task) -> InTheWay {
    InTheWay { task_id: task.task_id.clone(), status: task.status }
}

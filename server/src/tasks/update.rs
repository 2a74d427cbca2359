//! Changing what a task says and where it stands, by name of the field.

use super::command::UpdateTask;
use super::error::TaskError;
use super::graph;
use super::id::Summary;
use super::lifecycle;
use super::outcome::TaskUpdated;
use super::plan::{check_context, check_dependency_count, check_role, unique};
use super::repository::{Call, RepositoryMut};
use super::status::Status;
use super::task::Task;

/// Changes what the command names.
///
/// # Errors
///
/// Unknown task, role or dependency; circles; moves that the table does not have;
/// to begin what has to wait; to end what has open subtasks.
pub fn update_task(
    repository: &mut dyn RepositoryMut,
    call: &mut Call<'_>,
    command: UpdateTask,
) -> Result<TaskUpdated, TaskError> {
    let mut task = lifecycle::existing(repository, &command.task_id)?;
    if let Some(role) = &command.specialist_type {
        check_role(call, role)?;
    }
    check_context(command.context.as_ref().and_then(Option::as_ref))?;
    let mut changes = change_fields(&mut task, &command);
    if let Some(wanted) = &command.dependencies {
        let wanted = unique(wanted);
        check_dependency_count(wanted.len())?;
        graph::check_dependencies(repository, &task.task_id, task.parent_task_id.as_ref(), &wanted)?;
        if wanted != task.dependencies {
            changes.push(format!("dependencies: {} → {}", task.dependencies.len(), wanted.len()));
            task.dependencies = wanted;
        }
    }
    let to = command.status.filter(|status| *status != task.status);
    if !changes.is_empty() {
        if task.status == Status::Active && to.is_none() {
            // Otherwise a running task would wait for something without anybody noticing.
            lifecycle::check_ready(repository, &task)?;
        }
        task.updated_at = call.now;
        repository.update_task(&task)?;
    }
    if let Some(to) = to {
        changes.push(format!("status: {} → {to}", task.status));
        move_to(repository, &mut task, to, call)?;
    }
    Ok(TaskUpdated { task, changes_applied: changes })
}

fn move_to(
    repository: &mut dyn RepositoryMut,
    task: &mut Task,
    to: Status,
    call: &Call<'_>,
) -> Result<(), TaskError> {
    match to {
        Status::Active => lifecycle::begin(repository, task, call.now),
        Status::Completed => lifecycle::complete(repository, task, call.now),
        Status::Cancelled => {
            lifecycle::cancel(repository, task, &Summary::new("cancelled by an update")?, call.now).map(drop)
        }
        Status::Archived => super::delete::archive(repository, task, false, call.now).map(drop),
        Status::Pending | Status::Blocked | Status::Suspended | Status::Failed => {
            lifecycle::turn(task, to, call.now)?;
            Ok(repository.update_task(task)?)
        }
    }
}

/// Sets the fields that hold nothing but themselves; says what differs.
fn change_fields(task: &mut Task, command: &UpdateTask) -> Vec<String> {
    let mut changes = Vec::new();
    macro_rules! short {
        ($($field:ident),*) => {$(
            if let Some(value) = &command.$field && task.$field != *value {
                changes.push(format!("{}: {} → {value}", stringify!($field), task.$field));
                task.$field = value.clone();
            }
        )*};
    }
    macro_rules! long {
        ($($field:ident = $value:expr),*) => {$(
            if let Some(value) = $value && task.$field != value {
                changes.push(stringify!($field).to_owned());
                task.$field = value;
            }
        )*};
    }
    short!(title, task_type, specialist_type, complexity);
    let effort =
        command.estimated_effort.clone().map(|effort| Some(effort).filter(|text| !text.as_str().is_empty()));
    long!(
        description = command.description.clone(),
        estimated_effort = effort,
        due_date = command.due_date,
        context = command.context.clone()
    );
    changes
}

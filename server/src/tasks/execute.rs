//! Beginning a task and recording what came of it.

use super::artifact::{Artifact, MAX_ARTIFACTS, MAX_FILES};
use super::command::{CompleteTask, ExecuteTask};
use super::error::TaskError;
use super::id::ArtifactId;
use super::kinds::NextAction;
use super::lifecycle;
use super::outcome::{TaskBegun, TaskCompleted, TaskResult};
use super::progress;
use super::repository::{Call, Repository, RepositoryMut};
use super::status::Status;
use super::task::{NoteKind, Task};

/// Makes a task active and gathers what it builds on. A task that is active
/// already is answered the same way: whoever works on it may have lost the context.
///
/// # Errors
///
/// Unknown task; a status from which work does not begin; an unfinished dependency.
pub fn execute_task(
    repository: &mut dyn RepositoryMut,
    call: &mut Call<'_>,
    command: ExecuteTask,
) -> Result<TaskBegun, TaskError> {
    let mut task = lifecycle::existing(repository, &command.task_id)?;
    if task.status != Status::Active {
        lifecycle::begin(repository, &mut task, call.now)?;
    }
    let mut dependency_results = Vec::with_capacity(task.dependencies.len());
    for id in &task.dependencies {
        if let Some(dependency) = repository.task(id)? {
            dependency_results.push(result_of(repository, dependency)?);
        }
    }
    Ok(TaskBegun { task, dependency_results })
}

/// Records what came of an active task and does what is wanted next.
///
/// # Errors
///
/// Unknown task; a task that is not active; open subtasks; too many artifacts.
pub fn complete_task(
    repository: &mut dyn RepositoryMut,
    call: &mut Call<'_>,
    command: CompleteTask,
) -> Result<TaskCompleted, TaskError> {
    let mut task = lifecycle::existing(repository, &command.task_id)?;
    match command.next_action {
        NextAction::Continue | NextAction::Complete => {
            task.summary = Some(command.summary.clone());
            lifecycle::complete(repository, &mut task, call.now)?;
        }
        NextAction::NeedsRevision => {
            put_back(repository, &mut task, Status::Pending, NoteKind::Revision, call, &command)?;
        }
        NextAction::Blocked => {
            put_back(repository, &mut task, Status::Blocked, NoteKind::Blocked, call, &command)?;
        }
    }
    let artifacts = record(repository, call, &task, &command)?;
    let parent_task_progress =
        task.parent_task_id.as_ref().map(|parent| progress::of_plan(repository, parent)).transpose()?;
    Ok(TaskCompleted {
        status: task.status,
        results_recorded: true,
        parent_task_progress,
        next_recommended_task: progress::next_after(repository, &task)?,
        artifact_created: !artifacts.is_empty(),
        artifact_info: artifacts.first().map(Artifact::info),
        artifacts: artifacts.iter().map(Artifact::info).collect(),
        task_id: task.task_id,
    })
}

/// Only work that is going on has results: an attempt on another status is refused by the table
/// even where the table has the move for other occasions (pending to blocked).
fn put_back(
    repository: &mut dyn RepositoryMut,
    task: &mut Task,
    to: Status,
    kind: NoteKind,
    call: &Call<'_>,
    command: &CompleteTask,
) -> Result<(), TaskError> {
    if task.status != Status::Active {
        return Err(TaskError::Transition {
            task_id: task.task_id.clone(),
            from: task.status,
            to: Status::Completed,
        });
    }
    lifecycle::turn(task, to, call.now)?;
    task.note(call.now, kind, command.summary.clone());
    Ok(repository.update_task(task)?)
}

fn record(
    repository: &mut dyn RepositoryMut,
    call: &mut Call<'_>,
    task: &Task,
    command: &CompleteTask,
) -> Result<Vec<Artifact>, TaskError> {
    if command.files.len() > MAX_FILES {
        return Err(TaskError::invalid(
            "file_paths",
            format!("are {}, the limit is {MAX_FILES}", command.files.len()),
        ));
    }
    let contents: Vec<_> = command.detailed_work.iter().chain(&command.files).collect();
    if contents.is_empty() {
        return Ok(Vec::new());
    }
    let had = repository.artifacts(&task.task_id)?.len();
    if had + contents.len() > MAX_ARTIFACTS {
        return Err(TaskError::invalid(
            "file_paths",
            format!("a task has at most {MAX_ARTIFACTS} artifacts"),
        ));
    }
    let mut recorded = Vec::with_capacity(contents.len());
    for content in contents {
        let artifact = Artifact {
            artifact_id: ArtifactId::new(call.ids.draw("artifact_"))?,
            task_id: task.task_id.clone(),
            artifact_type: command.artifact_type,
            sha256: content.sha256,
            size: content.size,
            path: content.path.clone(),
            created_at: call.now,
        };
        repository.insert_artifact(&artifact)?;
        recorded.push(artifact);
    }
    Ok(recorded)
}

/// What came of a task, with what it left behind.
pub(super) fn result_of(repository: &dyn Repository, task: Task) -> Result<TaskResult, TaskError> {
    let artifacts = repository.artifacts(&task.task_id)?.iter().map(Artifact::info).collect();
    Ok(TaskResult {
        task_id: task.task_id,
        title: task.title,
        status: task.status,
        specialist_type: task.specialist_type,
        summary: task.summary,
        artifacts,
    })
}

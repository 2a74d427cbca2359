//! Why the domain refuses: every refusal has a stable code, a sentence, a next
//! step and its facts. Never holds an error of a library.

use serde_json::{Value, json};
use task_orchestrator_shared::error_code::ErrorCode;
use thiserror::Error;

use super::id::{Specialist, TaskId};
use super::status::Status;

/// A task that stands in the way, as a refusal names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InTheWay {
    /// Which task.
    pub task_id: TaskId,
    /// Where it stands.
    pub status: Status,
}

/// What is wrong with a dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DependencyProblem {
    /// No task of that id, and none of that title in the same call.
    Unknown,
    /// The task itself.
    Itself,
    /// Several subtasks of the call have that title.
    Ambiguous,
    /// The task would wait for itself by way of others; the way is given.
    Cycle(Vec<String>),
    /// It is the task's own parent (or further up), which waits for its subtasks.
    Ancestor,
}

/// Why an operation was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TaskError {
    /// A value is outside its bounds.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which parameter.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing has this id.
    #[error("there is no {what} {id:?}")]
    NotFound {
        /// Task, session, artifact.
        what: &'static str,
        /// As asked for.
        id: String,
    },
    /// The workspace defines no such role.
    #[error("there is no specialist role {name:?}")]
    UnknownRole {
        /// As asked for.
        name: Specialist,
        /// What there is.
        known: Vec<String>,
    },
    /// The id is in use.
    #[error("the {what} id {id:?} is taken already")]
    AlreadyExists {
        /// Task or session.
        what: &'static str,
        /// As asked for.
        id: String,
    },
    /// The status table has no such move.
    #[error("task {task_id} is {from} and cannot become {to}")]
    Transition {
        /// Which task.
        task_id: TaskId,
        /// Where it stands.
        from: Status,
        /// Where it was to go.
        to: Status,
    },
    /// A dependency cannot be.
    #[error("{task:?} cannot depend on {dependency:?}: {}", describe(.problem))]
    Dependency {
        /// Id or title of the task.
        task: String,
        /// Id or title of what it was to depend on.
        dependency: String,
        /// Why not.
        problem: DependencyProblem,
    },
    /// Something has to be finished first.
    #[error("task {task_id} has to wait for {}", list(.unfinished))]
    DependencyUnfinished {
        /// Which task.
        task_id: TaskId,
        /// What it waits for.
        unfinished: Vec<InTheWay>,
    },
    /// Subtasks are still open.
    #[error("task {task_id} cannot be completed while its subtasks are open: {}", list(.open))]
    OpenSubtasks {
        /// Which task.
        task_id: TaskId,
        /// The open ones, at most ten.
        open: Vec<InTheWay>,
    },
    /// Something would lose what it depends on.
    #[error("task {task_id} is needed by {}", list(.dependents))]
    HasDependents {
        /// Which task.
        task_id: TaskId,
        /// By whom.
        dependents: Vec<InTheWay>,
    },
    /// Work is going on.
    #[error("task {task_id} is {status}: it is not deleted under somebody's hands")]
    InProgress {
        /// Which task.
        task_id: TaskId,
        /// Where it stands.
        status: Status,
    },
    /// A path ends outside the workspace.
    #[error("{path:?} is outside the workspace")]
    OutsideWorkspace {
        /// As asked for.
        path: String,
    },
    /// The store could not do its part.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// Why the store could not do its part. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RepositoryError {
    /// It may work later, when there is space or the disk answers.
    #[error("the store cannot be written now: {0}")]
    Unavailable(String),
    /// The database refused or is damaged.
    #[error("the store failed: {0}")]
    Failed(String),
}

impl TaskError {
    /// A value outside its bounds.
    pub fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }

    /// No task has this id.
    pub fn no_task(id: &TaskId) -> Self {
        Self::NotFound { what: "task", id: id.to_string() }
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid { .. } => ErrorCode::InvalidArgument,
            Self::NotFound { .. } | Self::UnknownRole { .. } => ErrorCode::NotFound,
            Self::AlreadyExists { .. } => ErrorCode::AlreadyExists,
            Self::Transition { .. } | Self::OpenSubtasks { .. } | Self::InProgress { .. } => {
                ErrorCode::InvalidTransition
            }
            Self::Dependency { .. } => ErrorCode::InvalidDependency,
            Self::DependencyUnfinished { .. } => ErrorCode::DependencyUnfinished,
            Self::HasDependents { .. } => ErrorCode::HasDependents,
            Self::OutsideWorkspace { .. } => ErrorCode::PathOutsideWorkspace,
            Self::Repository(RepositoryError::Unavailable(_)) => ErrorCode::StorageUnavailable,
            Self::Repository(RepositoryError::Failed(_)) => ErrorCode::StorageFailed,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Invalid { field, .. } => format!("Correct {field} and call again."),
            Self::NotFound { what: "session", .. } => "orchestrator_list_sessions shows the sessions.".into(),
            Self::NotFound { .. } => "orchestrator_query_tasks shows the tasks and their ids.".into(),
            Self::UnknownRole { known, .. } => format!("The roles of this workspace: {}.", known.join(", ")),
            Self::AlreadyExists { what, .. } => {
                format!("Choose another id, or leave it out to get a new {what} id.")
            }
            Self::Transition { from, .. } if from.moves().is_empty() => {
                format!("A task that is {from} stays so. Plan a new task.")
            }
            Self::Transition { from, to: Status::Completed, .. } if from.may_become(Status::Active) => {
                "Begin it with orchestrator_execute_task first.".into()
            }
            Self::Transition { from, .. } => format!("From {from} it can become {}.", names(from.moves())),
            Self::Dependency { problem: DependencyProblem::Ambiguous, .. } => {
                "Give the subtasks a task_id each and depend on that.".into()
            }
            Self::Dependency { .. } => {
                "Name existing tasks by id, or subtasks of the same call by title, without a circle.".into()
            }
            Self::DependencyUnfinished { .. } => {
                "Finish these first, or change the dependencies with orchestrator_update_task.".into()
            }
            Self::OpenSubtasks { .. } => "Complete or cancel the subtasks first.".into(),
            Self::HasDependents { .. } => "Use force=true to do it all the same.".into(),
            Self::InProgress { .. } => "Cancel it with orchestrator_cancel_task, or use force=true.".into(),
            Self::OutsideWorkspace { .. } => {
                "Name a path inside the workspace, without links that leave it.".into()
            }
            Self::Repository(RepositoryError::Unavailable(_)) => {
                "Nothing was changed. Free space on the workspace's disk and send the same call again.".into()
            }
            Self::Repository(RepositoryError::Failed(_)) => {
                "Nothing was changed. The server's log says more.".into()
            }
        }
    }

    /// The facts, for programs.
    pub fn details(&self) -> Value {
        match self {
            Self::Invalid { field, .. } => json!({ "field": field }),
            Self::NotFound { what, id } | Self::AlreadyExists { what, id } => {
                json!({ "what": what, "id": id })
            }
            Self::UnknownRole { name, known } => json!({ "role": name, "known_roles": known }),
            Self::Transition { task_id, from, to } => {
                json!({ "task_id": task_id, "from": from, "to": to, "allowed": from.moves() })
            }
            Self::Dependency { task, dependency, problem } => {
                let path = match problem {
                    DependencyProblem::Cycle(path) => path.as_slice(),
                    _ => &[],
                };
                json!({ "task": task, "dependency": dependency, "cycle": path })
            }
            Self::DependencyUnfinished { task_id, unfinished } => {
                json!({ "task_id": task_id, "unfinished": values(unfinished) })
            }
            Self::OpenSubtasks { task_id, open } => {
                json!({ "task_id": task_id, "open_subtasks": values(open) })
            }
            Self::HasDependents { task_id, dependents } => {
                json!({ "task_id": task_id, "dependents": values(dependents) })
            }
            Self::InProgress { task_id, status } => json!({ "task_id": task_id, "status": status }),
            Self::OutsideWorkspace { path } => json!({ "path": path }),
            Self::Repository(_) => json!({}),
        }
    }
}

fn values(tasks: &[InTheWay]) -> Vec<Value> {
    tasks.iter().map(|task| json!({ "task_id": task.task_id, "status": task.status })).collect()
}

fn list(tasks: &[InTheWay]) -> String {
    tasks.iter().map(|task| format!("{} ({})", task.task_id, task.status)).collect::<Vec<_>>().join(", ")
}

fn names(statuses: &[Status]) -> String {
    statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ")
}

fn describe(problem: &DependencyProblem) -> String {
    match problem {
        DependencyProblem::Unknown => "there is no such task".into(),
        DependencyProblem::Itself => "it is the task itself".into(),
        DependencyProblem::Ambiguous => "several subtasks have this title".into(),
        DependencyProblem::Cycle(path) => format!("that closes a circle ({})", path.join(" → ")),
        DependencyProblem::Ancestor => "a task cannot wait for the plan it is part of".into(),
    }
}

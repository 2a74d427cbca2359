//! What can be asked of the domain: one struct per tool, fields checked by
//! their types. Whoever builds one has parsed a client's arguments completely.

use jiff::Timestamp;
use serde_json::Value;

use super::artifact::Content;
use super::id::{Description, Effort, SessionId, Specialist, Summary, TaskId, Title};
use super::kinds::{
    ArtifactType, CleanupType, Complexity, MaintenanceAction, MaintenanceScope, NextAction, TaskType,
    ValidationLevel,
};
use super::page::Cursor;
use super::status::Status;

/// Opens a session, or comes back to one.
#[derive(Debug, Clone)]
pub struct InitializeSession {
    /// What it is about; a session without a name is called by its date.
    pub name: Option<Title>,
    /// Where in the workspace the work happens: resolved and checked by the caller.
    pub working_directory: String,
    /// The session to come back to; it must exist.
    pub session_id: Option<SessionId>,
}

/// Plans a task and, in the same step, its subtasks.
#[derive(Debug, Clone)]
pub struct PlanTask {
    /// The id to use; drawn when absent.
    pub task_id: Option<TaskId>,
    /// One line to recognise it by.
    pub title: Title,
    /// What is to be done.
    pub description: Description,
    /// The steps.
    pub subtasks: Vec<PlannedSubtask>,
    /// The task that this one is a part of.
    pub parent_task_id: Option<TaskId>,
    /// What sort of work it is; breakdown when there are subtasks and nothing is said.
    pub task_type: Option<TaskType>,
    /// How hard it is thought to be.
    pub complexity_level: Complexity,
    /// The role that is to do it.
    pub specialist_type: Option<Specialist>,
    /// Existing tasks that have to be finished first.
    pub dependencies: Vec<TaskId>,
    /// How much work it is thought to be.
    pub estimated_effort: Option<Effort>,
    /// Whatever the client wants to keep with it.
    pub context: Option<Value>,
    /// When it is to be done.
    pub due_date: Option<Timestamp>,
    /// The session it belongs to; that of the parent task when absent.
    pub session_id: Option<SessionId>,
}

/// A step of a plan.
#[derive(Debug, Clone)]
pub struct PlannedSubtask {
    /// The id to use; drawn when absent.
    pub task_id: Option<TaskId>,
    /// One line to recognise it by.
    pub title: Title,
    /// What is to be done.
    pub description: Description,
    /// The role that is to do it.
    pub specialist_type: Option<Specialist>,
    /// What sort of work it is.
    pub task_type: Option<TaskType>,
    /// How hard it is thought to be; that of the plan when absent.
    pub complexity: Option<Complexity>,
    /// Ids of tasks, or titles of subtasks of the same call.
    pub dependencies: Vec<String>,
    /// How much work it is thought to be.
    pub estimated_effort: Option<Effort>,
}

/// Changes what is named and leaves the rest.
#[derive(Debug, Clone)]
pub struct UpdateTask {
    /// Which task.
    pub task_id: TaskId,
    /// New title.
    pub title: Option<Title>,
    /// New description.
    pub description: Option<Description>,
    /// New status, by the table.
    pub status: Option<Status>,
    /// New kind of work.
    pub task_type: Option<TaskType>,
    /// New role.
    pub specialist_type: Option<Specialist>,
    /// New complexity.
    pub complexity: Option<Complexity>,
    /// New effort; an empty one takes it away.
    pub estimated_effort: Option<Effort>,
    /// New due date; `Some(None)` takes it away.
    pub due_date: Option<Option<Timestamp>>,
    /// New context; `Some(None)` takes it away.
    pub context: Option<Option<Value>>,
    /// All that it depends on from now on.
    pub dependencies: Option<Vec<TaskId>>,
}

impl UpdateTask {
    /// A change of nothing.
    pub const fn of(task_id: TaskId) -> Self {
        Self {
            task_id,
            title: None,
            description: None,
            status: None,
            task_type: None,
            specialist_type: None,
            complexity: None,
            estimated_effort: None,
            due_date: None,
            context: None,
            dependencies: None,
        }
    }
}

/// Finds tasks, newest first. An empty list of values means any.
#[derive(Debug, Clone)]
pub struct QueryTasks {
    /// In any of these statuses.
    pub status: Vec<Status>,
    /// Of any of these kinds.
    pub task_type: Vec<TaskType>,
    /// For any of these roles.
    pub specialist_type: Vec<Specialist>,
    /// Of any of these complexities.
    pub complexity: Vec<Complexity>,
    /// Direct subtasks of this task.
    pub parent_task_id: Option<TaskId>,
    /// Tasks of this session.
    pub session_id: Option<SessionId>,
    /// All of these words in title, description or summary; a last word ending in `*` is a beginning.
    pub search_text: Option<String>,
    /// Planned at this time or later.
    pub created_after: Option<Timestamp>,
    /// Planned before this time.
    pub created_before: Option<Timestamp>,
    /// With the direct subtasks of each.
    pub include_children: bool,
    /// With the artifacts of each.
    pub include_artifacts: bool,
    /// Most tasks in the page, 1 to [`MAX_PAGE`](super::page::MAX_PAGE).
    pub limit: u32,
    /// Where the last page ended.
    pub cursor: Option<Cursor>,
}

impl Default for QueryTasks {
    fn default() -> Self {
        Self {
            status: Vec::new(),
            task_type: Vec::new(),
            specialist_type: Vec::new(),
            complexity: Vec::new(),
            parent_task_id: None,
            session_id: None,
            search_text: None,
            created_after: None,
            created_before: None,
            include_children: false,
            include_artifacts: false,
            limit: super::page::DEFAULT_PAGE,
            cursor: None,
        }
    }
}

/// Begins a task.
#[derive(Debug, Clone)]
pub struct ExecuteTask {
    /// Which task.
    pub task_id: TaskId,
}

/// Records what came of an active task. The content is in the store already.
#[derive(Debug, Clone)]
pub struct CompleteTask {
    /// Which task.
    pub task_id: TaskId,
    /// What came of it.
    pub summary: Summary,
    /// The account of the work done, where there is one.
    pub detailed_work: Option<Content>,
    /// The files that belong to it.
    pub files: Vec<Content>,
    /// What they hold.
    pub artifact_type: ArtifactType,
    /// What is to happen next.
    pub next_action: NextAction,
}

/// Gives a task up.
#[derive(Debug, Clone)]
pub struct CancelTask {
    /// Which task.
    pub task_id: TaskId,
    /// Why.
    pub reason: Option<Summary>,
    /// Whether summary and artifacts stay.
    pub preserve_work: bool,
}

/// Takes a task away.
#[derive(Debug, Clone)]
pub struct DeleteTask {
    /// Which task.
    pub task_id: TaskId,
    /// Even though others need it or work goes on.
    pub force: bool,
    /// Keep it out of sight instead.
    pub archive_instead: bool,
}

/// Puts together what came of a plan.
#[derive(Debug, Clone)]
pub struct SynthesizeResults {
    /// Which plan.
    pub parent_task_id: TaskId,
}

/// How things stand.
#[derive(Debug, Clone, Default)]
pub struct GetStatus {
    /// Also list tasks that are done, cancelled or archived.
    pub include_completed: bool,
    /// Of this session only.
    pub session_id: Option<SessionId>,
}

/// Looks after the whole.
#[derive(Debug, Clone)]
pub struct Maintenance {
    /// What to do.
    pub action: MaintenanceAction,
    /// How far to look.
    pub scope: MaintenanceScope,
    /// How closely to look.
    pub validation_level: ValidationLevel,
    /// The task, where the scope is one.
    pub target_task_id: Option<TaskId>,
    /// The caller's session, where it has one.
    pub session_id: Option<SessionId>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// Lists sessions, latest activity first.
#[derive(Debug, Clone, Default)]
pub struct ListSessions {
    /// Also those that are completed or archived.
    pub include_completed: bool,
    /// Most sessions in the answer; 0 means [`DEFAULT_PAGE`](super::page::DEFAULT_PAGE).
    pub limit: u32,
}

/// Comes back to a session.
#[derive(Debug, Clone)]
pub struct ResumeSession {
    /// Which session.
    pub session_id: SessionId,
}

/// How a session stands.
#[derive(Debug, Clone)]
pub struct SessionStatus {
    /// Which session.
    pub session_id: SessionId,
}

/// Puts sessions away that nobody needs in the list.
#[derive(Debug, Clone)]
pub struct CleanupSessions {
    /// Which.
    pub cleanup_type: CleanupType,
    /// Without activity for so long.
    pub older_than_days: u32,
    /// Only say what would be done.
    pub dry_run: bool,
}

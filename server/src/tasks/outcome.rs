//! What the domain answers: one struct per tool with the fields of the
//! contract. What only the MCP side knows (role texts, paths, the server's own
//! figures) is added there.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::artifact::ArtifactInfo;
use super::id::{SessionId, Specialist, Summary, TaskId, Title};
use super::kinds::{Complexity, MaintenanceAction, MaintenanceScope};
use super::page::Cursor;
use super::session::SessionSummary;
use super::status::Status;
use super::task::{StatusCounts, Task, TaskBrief};

macro_rules! outcome {
    ($($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
            pub struct $name {
                $($(#[$doc])* pub $field: $type,)*
            }
        )*
    };
}

outcome! {
    /// A session is open. The MCP side adds orchestrator_path and orchestrator_context.
    SessionOpened {
        /// Names it from here on.
        session_id: SessionId,
        /// What it is about.
        name: Title,
        /// Always true: failure is an error.
        session_initialized: bool,
        /// Where in the workspace its work happens.
        working_directory: String,
        /// Its open tasks, newest first, at most 25.
        active_tasks: Vec<TaskBrief>,
        /// Whether it existed before.
        resumed: bool,
    }

    /// A plan is recorded.
    TaskPlanned {
        /// Always true: failure is an error.
        task_created: bool,
        /// The plan's own task: the parent of the subtasks, as scripts of older lines expect.
        parent_task_id: TaskId,
        /// The same id.
        task_id: TaskId,
        /// As recorded.
        description: String,
        /// As recorded.
        complexity: Complexity,
        /// In the order given.
        subtasks: Vec<SubtaskPlanned>,
        /// What to do now.
        next_steps: String,
    }

    /// A step of a recorded plan.
    SubtaskPlanned {
        /// Names it.
        task_id: TaskId,
        /// One line to recognise it by.
        title: Title,
        /// The role that is to do it.
        specialist_type: Specialist,
        /// What has to be finished first.
        dependencies: Vec<TaskId>,
    }

    /// A task is changed.
    TaskUpdated {
        /// As it is now.
        task: Task,
        /// What differs from before, in words; empty when nothing does.
        changes_applied: Vec<String>,
    }

    /// A page of tasks.
    TasksFound {
        /// Newest first.
        tasks: Vec<TaskFound>,
        /// How many match in all pages together.
        total_count: u64,
        /// False when counting ended at 10 000.
        total_count_is_exact: bool,
        /// What to pass as cursor for the next page; absent on the last.
        next_cursor: Option<Cursor>,
    }

    /// A task in a page.
    TaskFound {
        /// The task.
        #[serde(flatten)]
        task: Task,
        /// Its direct subtasks, where asked for: the first 100.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        children: Option<Vec<Task>>,
        /// Its artifacts, where asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        artifacts: Option<Vec<ArtifactInfo>>,
    }

    /// A task is begun. The MCP side adds specialist_context and instructions.
    TaskBegun {
        /// As it is now.
        task: Task,
        /// What came of the tasks that it depends on.
        dependency_results: Vec<TaskResult>,
    }

    /// What came of a task.
    TaskResult {
        /// Which task.
        task_id: TaskId,
        /// One line to recognise it by.
        title: Title,
        /// Where it stands.
        status: Status,
        /// The role that did it.
        specialist_type: Specialist,
        /// What came of it, in words.
        summary: Option<Summary>,
        /// What it left behind.
        artifacts: Vec<ArtifactInfo>,
    }

    /// What came of a task is recorded.
    TaskCompleted {
        /// Which task.
        task_id: TaskId,
        /// Where it stands now.
        status: Status,
        /// Always true: failure is an error.
        results_recorded: bool,
        /// How far the plan it belongs to is.
        parent_task_progress: Option<Progress>,
        /// What can be begun now.
        next_recommended_task: Option<NextTask>,
        /// Whether anything was left behind.
        artifact_created: bool,
        /// The detailed work, or the first file where there is none.
        artifact_info: Option<ArtifactInfo>,
        /// Everything that was left behind.
        artifacts: Vec<ArtifactInfo>,
    }

    /// How far a plan is.
    Progress {
        /// For people: `2/5 subtasks completed`.
        progress: String,
        /// Finished subtasks.
        completed_subtasks: u64,
        /// All subtasks that are still wanted: cancelled ones do not count.
        total_subtasks: u64,
        /// 0 to 100, to two decimals.
        progress_percentage: f64,
    }

    /// A task that can be begun now.
    NextTask {
        /// Names it.
        task_id: TaskId,
        /// One line to recognise it by.
        title: Title,
        /// The role that is to do it.
        specialist_type: Specialist,
    }

    /// A task is given up.
    TaskCancelled {
        /// As it is now.
        task: Task,
        /// Where it stood.
        previous_status: Status,
        /// Subtasks that are cancelled with it and tasks that waited for it and are blocked now.
        dependent_tasks_updated: Vec<TaskMoved>,
    }

    /// A task whose status changed because another's did.
    TaskMoved {
        /// Which task.
        task_id: TaskId,
        /// Where it stood.
        previous_status: Status,
        /// Where it stands.
        status: Status,
    }

    /// A task is taken away.
    TaskDeleted {
        /// Which task.
        task_id: TaskId,
        /// `deleted` or `archived`.
        action: String,
        /// Those that needed it: tasks that depend on it and its own subtasks.
        dependent_tasks: Vec<TaskId>,
    }

    /// What came of a plan: its true state.
    Synthesis {
        /// Which plan.
        parent_task_id: TaskId,
        /// One line to recognise it by.
        title: Title,
        /// Where the plan's own task stands.
        status: Status,
        /// Whether nothing is missing.
        finished: bool,
        /// Done.
        completed_subtasks: Vec<TaskResult>,
        /// Not achieved.
        failed_subtasks: Vec<TaskResult>,
        /// Still to be done.
        open_subtasks: Vec<TaskResult>,
        /// No longer wanted.
        cancelled_subtasks: Vec<TaskResult>,
        /// The summaries of what is done, in order.
        outcomes: Vec<Summary>,
        /// Everything that was left behind.
        artifacts: Vec<ArtifactInfo>,
        /// In figures.
        metrics: SynthesisMetrics,
        /// What keeps it from being finished, in words.
        missing: Vec<String>,
        /// All of it as text.
        synthesis: String,
    }

    /// A plan in figures.
    SynthesisMetrics {
        /// How far it is.
        #[serde(flatten)]
        progress: Progress,
        /// Its subtasks by status.
        by_status: StatusCounts,
        /// What was left behind.
        artifact_count: u64,
        /// Bytes of it.
        artifact_bytes: u64,
        /// From planning to the last completion, where it is finished.
        duration_seconds: Option<i64>,
    }

    /// How things stand. The MCP side adds server.
    StatusReport {
        /// Tasks by status.
        counts: StatusCounts,
        /// All of them.
        total_tasks: u64,
        /// Those somebody still has to do something about.
        open_tasks: u64,
        /// Newest first, at most 25.
        tasks: Vec<TaskBrief>,
    }

    /// What maintenance saw and did.
    MaintenanceReport {
        /// What was asked for.
        action: MaintenanceAction,
        /// How far it looked.
        scope: MaintenanceScope,
        /// Whether it only looked.
        dry_run: bool,
        /// What it saw.
        scan_results: ScanResults,
        /// What was done, or would be without dry_run.
        actions: Vec<MaintenanceStep>,
        /// What somebody should do.
        recommendations: Vec<String>,
        /// What is wrong with the structure.
        issues: Vec<String>,
        /// The overview or the handover, in Markdown.
        document: Option<String>,
        /// In one sentence.
        summary: String,
    }

    /// What a scan saw. Lists have at most 100 entries.
    ScanResults {
        /// Tasks in scope.
        total: u64,
        /// By status.
        status_distribution: StatusCounts,
        /// Nothing happened for longer than their role's threshold.
        stale_tasks: Vec<StaleTask>,
        /// Open though the plan they belong to was given up.
        orphaned_tasks: Vec<TaskBrief>,
        /// Plans that cannot finish by themselves.
        incomplete_workflows: Vec<IncompleteWorkflow>,
    }

    /// A task in which nothing happens.
    StaleTask {
        /// Which.
        task_id: TaskId,
        /// One line to recognise it by.
        title: Title,
        /// Where it stands.
        status: Status,
        /// The role that is to do it.
        specialist_type: Specialist,
        /// Since when.
        last_change: Timestamp,
        /// For so long.
        idle_hours: u64,
        /// What the role is allowed.
        threshold_hours: u64,
    }

    /// A plan that cannot finish by itself.
    IncompleteWorkflow {
        /// The plan.
        task_id: TaskId,
        /// One line to recognise it by.
        title: Title,
        /// Where its own task stands.
        status: Status,
        /// Why.
        reason: String,
        /// How far it is.
        progress: Progress,
    }

    /// A step of maintenance.
    MaintenanceStep {
        /// On which task.
        task_id: TaskId,
        /// Where it stood.
        previous_status: Status,
        /// Where it stands, or would.
        status: Status,
        /// Why.
        reason: String,
        /// False in a dry run.
        applied: bool,
    }

    /// A list of sessions.
    SessionsListed {
        /// Latest activity first.
        sessions: Vec<SessionSummary>,
        /// How many are listed.
        total_count: u64,
        /// Whether there are more than the limit allowed.
        more: bool,
    }

    /// A session is open again.
    SessionResumed {
        /// Names it.
        session_id: SessionId,
        /// Always true: failure is an error.
        session_resumed: bool,
        /// The session.
        session: SessionSummary,
        /// Its open tasks, newest first, at most 25.
        active_tasks: Vec<TaskBrief>,
        /// What can be begun now.
        next_recommended_task: Option<NextTask>,
    }

    /// How a session stands.
    SessionReport {
        /// The session.
        session: SessionSummary,
        /// Its tasks by status.
        counts: StatusCounts,
        /// How far it is.
        progress: Progress,
        /// Its newest tasks, at most 25.
        tasks: Vec<TaskBrief>,
    }

    /// Sessions that were or would be put away.
    SessionsCleaned {
        /// Whether it only looked.
        dry_run: bool,
        /// Those concerned, at most 1000 in one call.
        sessions: Vec<SessionCleaned>,
        /// Finished tasks that went into the archive with them.
        tasks_archived: u64,
        /// In one sentence.
        summary: String,
    }

    /// A session that was or would be put away.
    SessionCleaned {
        /// Names it.
        session_id: SessionId,
        /// What it was about.
        name: Title,
        /// Why.
        reason: String,
        /// `archived` or `removed`.
        action: String,
        /// Its open tasks, which stay as they are.
        open_tasks: u64,
    }
}

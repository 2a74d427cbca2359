//! Planning: making tasks and changing them. Must never decide what the
//! domain decides; here is only what a client may say and how.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::call::{Answer, Call, existing};
use super::effect::Effect;
use super::lenient::{list_or_json, maybe_one_or_many, one_or_many, or_default, timestamp};
use super::{Tool, arguments, context};
use crate::tasks;
use crate::tasks::command::{PlanTask, PlannedSubtask, UpdateTask};
use crate::tasks::id::MAX_TITLE;
use crate::tasks::outcome::{TaskPlanned, TaskUpdated};
use crate::tasks::{
    Complexity, Description, Effort, SessionId, Specialist, Status, TaskError, TaskId, TaskType, Title,
};
use crate::worker::failure::Refusal;

/// `orchestrator_plan_task`
pub(super) struct Plan;

/// What a plan is made of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanArguments {
    /// What is to be achieved and how one recognises that it is.
    #[schemars(length(max = 10000))]
    description: String,
    /// One line to recognise the task by; taken from the description when absent.
    #[schemars(length(min = 1, max = 255))]
    title: Option<String>,
    /// The steps, in any order; each may depend on others by title or id.
    #[serde(default, deserialize_with = "list_or_json")]
    #[schemars(with = "Vec<SubtaskArguments>", length(max = 1000))]
    subtasks: Vec<SubtaskArguments>,
    /// The same list as a string of JSON, for clients that cannot send lists of objects.
    #[schemars(length(max = 4194304))]
    subtasks_json: Option<String>,
    /// The task that this one is a part of.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    parent_task_id: Option<String>,
    /// What sort of work it is; breakdown when there are subtasks and nothing is said.
    task_type: Option<TaskType>,
    /// How hard it is thought to be.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "Complexity", default)]
    complexity_level: Complexity,
    /// Whatever is worth keeping with the task: an object or a text, at most 64 KiB.
    #[serde(default)]
    #[schemars(schema_with = "context::schema")]
    context: Option<Value>,
    /// When it is to be done, like 2026-12-31T12:00:00Z or 2026-12-31.
    due_date: Option<String>,
    /// The id to use for the task; drawn when absent.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    task_id: Option<String>,
    /// The specialist role that is to do it.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    specialist_type: Option<String>,
    /// Ids of existing tasks that have to be finished first.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(with = "Vec<String>", length(max = 100))]
    dependencies: Vec<String>,
    /// How much work it is thought to be, like "2 hours".
    #[schemars(length(max = 255))]
    estimated_effort: Option<String>,
    /// The session it belongs to; the one opened or resumed last over this connection when absent.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    session_id: Option<String>,
}

/// A step of a plan.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SubtaskArguments {
    /// One line to recognise the subtask by; others may depend on it by this title.
    #[schemars(length(min = 1, max = 255))]
    title: String,
    /// What is to be done.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "String", length(max = 10000))]
    description: String,
    /// The specialist role that is to do it; generic when absent.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    specialist_type: Option<String>,
    /// What has to be finished first: ids of tasks, or titles of subtasks of this plan.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(with = "Vec<String>", length(max = 100))]
    dependencies: Vec<String>,
    /// How much work it is thought to be, like "2 hours".
    #[schemars(length(max = 255))]
    estimated_effort: Option<String>,
    /// The id to use; drawn when absent.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    task_id: Option<String>,
    /// What sort of work it is.
    task_type: Option<TaskType>,
    /// How hard it is thought to be; that of the plan when absent.
    complexity: Option<Complexity>,
}

impl Tool for Plan {
    type Arguments = PlanArguments;
    type Reply = TaskPlanned;
    const NAME: &'static str = "orchestrator_plan_task";
    const TITLE: &'static str = "Plan a task";
    const DESCRIPTION: &'static str = "Create a task and, in the same step, its subtasks with their specialist \
        roles and dependencies. Use this first for any piece of work that has more than one step, instead of \
        keeping a plan in the conversation: the plan survives restarts and other clients see it. Subtasks may \
        depend on each other by title. Creates everything or, when anything is refused, nothing.";
    const EFFECT: Effect = Effect::Adds;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let implied = call.work_session();
        let mut command = plan(arguments)?;
        call.write(move |tx, world| {
            // A part of a plan belongs where the plan does, and a session that was
            // put away since must not keep anybody from planning.
            if command.session_id.is_none() && command.parent_task_id.is_none() {
                command.session_id = existing(tx, implied)?;
            }
            tasks::plan_task(tx, world, command)
        })
        .await
    }
}

fn plan(arguments: PlanArguments) -> Result<PlanTask, Refusal> {
    let mut subtasks = arguments.subtasks;
    if let Some(text) = arguments.subtasks_json.filter(|text| !text.trim().is_empty()) {
        if !subtasks.is_empty() {
            return Err(TaskError::invalid(
                "subtasks_json",
                "cannot be combined with subtasks; use one of them",
            )
            .into());
        }
        subtasks = from_json(&text)?;
    }
    let title = match arguments.title {
        Some(title) => Title::new(title)?,
        None => Title::new(first_line(&arguments.description))?,
    };
    Ok(PlanTask {
        task_id: arguments.task_id.map(TaskId::new).transpose()?,
        title,
        description: Description::new(arguments.description)?,
        subtasks: subtasks.into_iter().map(planned).collect::<Result<_, _>>()?,
        parent_task_id: arguments.parent_task_id.map(TaskId::new).transpose()?,
        task_type: arguments.task_type,
        complexity_level: arguments.complexity_level,
        specialist_type: arguments.specialist_type.map(Specialist::new).transpose()?,
        dependencies: ids(arguments.dependencies)?,
        estimated_effort: arguments.estimated_effort.map(Effort::new).transpose()?,
        context: arguments.context,
        due_date: arguments.due_date.map(|text| timestamp("due_date", &text)).transpose()?,
        session_id: arguments.session_id.map(SessionId::new).transpose()?,
    })
}

fn planned(subtask: SubtaskArguments) -> Result<PlannedSubtask, TaskError> {
    Ok(PlannedSubtask {
        task_id: subtask.task_id.map(TaskId::new).transpose()?,
        title: Title::new(subtask.title)?,
        description: Description::new(subtask.description)?,
        specialist_type: subtask.specialist_type.map(Specialist::new).transpose()?,
        task_type: subtask.task_type,
        complexity: subtask.complexity,
        dependencies: subtask.dependencies,
        estimated_effort: subtask.estimated_effort.map(Effort::new).transpose()?,
    })
}

fn from_json(text: &str) -> Result<Vec<SubtaskArguments>, Refusal> {
    let mut parser = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut parser).map_err(|error| {
        let path = format!("subtasks_json{}", error.path());
        arguments::malformed(Plan::NAME, &path, &error.inner().to_string()).into()
    })
}

fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().chars().take(MAX_TITLE).collect()
}

fn ids(ids: Vec<String>) -> Result<Vec<TaskId>, TaskError> {
    let checked = |id: String| {
        TaskId::new(id.clone()).map_err(|_| {
            TaskError::invalid(
                "dependencies",
                format!("{id:?} is no id: 1 to 64 letters, digits, '_' or '-'"),
            )
        })
    };
    ids.into_iter().map(checked).collect()
}

/// `orchestrator_update_task`
pub(super) struct Update;

/// Which task, and what of it changes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateArguments {
    /// Which task.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    task_id: String,
    /// New title.
    #[schemars(length(min = 1, max = 255))]
    title: Option<String>,
    /// New description.
    #[schemars(length(max = 10000))]
    description: Option<String>,
    /// New status; only the moves that the present status allows.
    status: Option<Status>,
    /// New kind of work.
    task_type: Option<TaskType>,
    /// New specialist role.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    specialist_type: Option<String>,
    /// New complexity.
    complexity: Option<Complexity>,
    /// New effort; an empty text takes it away.
    #[schemars(length(max = 255))]
    estimated_effort: Option<String>,
    /// New due date, like 2026-12-31T12:00:00Z; an empty text takes it away.
    due_date: Option<String>,
    /// New context: an object or a text, at most 64 KiB; an empty text takes it away.
    #[serde(default)]
    #[schemars(schema_with = "context::schema")]
    context: Option<Value>,
    /// All ids that the task depends on from now on; an empty list takes all away.
    #[serde(default, deserialize_with = "maybe_one_or_many")]
    #[schemars(with = "Option<Vec<String>>", length(max = 100))]
    dependencies: Option<Vec<String>>,
}

impl Tool for Update {
    type Arguments = UpdateArguments;
    type Reply = TaskUpdated;
    const NAME: &'static str = "orchestrator_update_task";
    const TITLE: &'static str = "Change a task";
    const DESCRIPTION: &'static str = "Change single properties of a task: title, description, status, specialist, \
        complexity, effort, due date, context or dependencies. Use it to correct a plan, to mark a task as failed \
        or suspended, or to set a failed one back to pending. What is not named stays as it is. Finish work with \
        orchestrator_complete_task instead, so that its results are kept.";
    const EFFECT: Effect = Effect::Replaces;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let command = update(arguments)?;
        call.write(move |tx, world| tasks::update_task(tx, world, command)).await
    }
}

fn update(arguments: UpdateArguments) -> Result<UpdateTask, TaskError> {
    let due_date = match arguments.due_date.as_deref().map(str::trim) {
        None => None,
        Some("") => Some(None),
        Some(text) => Some(Some(timestamp("due_date", text)?)),
    };
    Ok(UpdateTask {
        title: arguments.title.map(Title::new).transpose()?,
        description: arguments.description.map(Description::new).transpose()?,
        status: arguments.status,
        task_type: arguments.task_type,
        specialist_type: arguments.specialist_type.map(Specialist::new).transpose()?,
        complexity: arguments.complexity,
        estimated_effort: arguments.estimated_effort.map(Effort::new).transpose()?,
        due_date,
        context: arguments.context.map(|context| Some(context).filter(|context| context != "")),
        dependencies: arguments.dependencies.map(ids).transpose()?,
        ..UpdateTask::of(TaskId::new(arguments.task_id)?)
    })
}

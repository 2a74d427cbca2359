//! Working: beginning a task and recording what came of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tool;
use super::call::{Answer, Call};
use super::effect::Effect;
use super::lenient::{one_or_many, or_default};
use crate::roles::Role;
use crate::tasks;
use crate::tasks::artifact::MAX_FILES;
use crate::tasks::command::{CompleteTask, ExecuteTask};
use crate::tasks::id::check_detailed_work;
use crate::tasks::outcome::{TaskBegun, TaskCompleted};
use crate::tasks::{ArtifactType, NextAction, Summary, TaskError, TaskId};
use crate::worker::failure::Refusal;

/// `orchestrator_execute_task`
pub(super) struct Execute;

/// Which task to begin.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExecuteArguments {
    /// Which task.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    task_id: String,
}

/// A task that has been begun, with all that its specialist needs.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Begun {
    #[serde(flatten)]
    begun: TaskBegun,
    /// The role to work in.
    specialist_context: Role,
    /// What to do now.
    instructions: String,
}

impl Tool for Execute {
    type Arguments = ExecuteArguments;
    type Reply = Begun;
    const NAME: &'static str = "orchestrator_execute_task";
    const ALIAS: Option<&'static str> = Some("orchestrator_execute_subtask");
    const TITLE: &'static str = "Begin a task";
    const DESCRIPTION: &'static str = "Begin a task: marks it active and gives you the specialist's role, its way of \
        working, and the results of the tasks it depends on. Do the work then yourself in that role and record it \
        with orchestrator_complete_task. Refused while a dependency is unfinished.";
    const EFFECT: Effect = Effect::AddsOnce;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let command = ExecuteTask { task_id: TaskId::new(arguments.task_id)? };
        let roles = call.roles();
        call.write(move |tx, world| {
            let begun = tasks::execute_task(tx, world, command)?;
            let specialist_context = roles.get_or_generic(begun.task.specialist_type.as_str());
            let instructions = instructions(&begun, &specialist_context);
            Ok(Begun { begun, specialist_context, instructions })
        })
        .await
    }
}

fn instructions(begun: &TaskBegun, role: &Role) -> String {
    let before = match begun.dependency_results.len() {
        0 => String::new(),
        1 => " Use the result of the task before it, in dependency_results.".to_owned(),
        many => format!(" Use the results of the {many} tasks before it, in dependency_results."),
    };
    format!(
        "Work on \"{}\" as {}: follow the approach and give the result the form of output_format in \
         specialist_context.{before} When it is done, call orchestrator_complete_task with task_id {} and say in \
         summary what came of it; put everything worth keeping into detailed_work or name files in file_paths. If \
         it cannot be done now, call it with next_action blocked and the reason.",
        begun.task.title, role.name, begun.task.task_id
    )
}

/// `orchestrator_complete_task`
pub(super) struct Complete;

/// What came of a task.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CompleteArguments {
    /// Which task.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    task_id: String,
    /// What came of it, in a few sentences; later tasks and the synthesis read this.
    #[schemars(length(min = 1, max = 10000))]
    summary: String,
    /// The whole of the work, kept as an artifact: at most 1 MiB.
    #[schemars(length(max = 1048576))]
    detailed_work: Option<String>,
    /// complete or continue when the task is done, needs_revision to put it back, blocked when something is in the way.
    #[serde(default)]
    #[schemars(with = "NextAction", extend("default" = "complete"))]
    next_action: Option<NextAction>,
    /// Files of the workspace that belong to the result; their present content is kept.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(with = "Vec<String>", length(max = 50), inner(length(max = 4096)))]
    file_paths: Vec<String>,
    /// What the work is.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "ArtifactType", default)]
    artifact_type: ArtifactType,
}

impl Tool for Complete {
    type Arguments = CompleteArguments;
    type Reply = TaskCompleted;
    const NAME: &'static str = "orchestrator_complete_task";
    const ALIAS: Option<&'static str> = Some("orchestrator_complete_subtask");
    const TITLE: &'static str = "Record a result";
    const DESCRIPTION: &'static str = "Record what came of a task that was begun: a summary, the whole work as an \
        artifact, and files. Use it as soon as a task is done, before going on; the answer tells how far the plan \
        is and names the next task. With next_action needs_revision the task goes back to pending with your notes, \
        with blocked it waits.";
    const EFFECT: Effect = Effect::Adds;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let task_id = TaskId::new(arguments.task_id)?;
        if arguments.summary.trim().is_empty() {
            return Err(TaskError::invalid("summary", "must not be empty: say what came of the task").into());
        }
        let summary = Summary::new(arguments.summary)?;
        if arguments.file_paths.len() > MAX_FILES {
            let reason =
                format!("names {} files; at most {MAX_FILES} in one call", arguments.file_paths.len());
            return Err(TaskError::invalid("file_paths", reason).into());
        }
        let mut held = Vec::new();
        let mut detailed_work = None;
        if let Some(work) = arguments.detailed_work.filter(|work| !work.is_empty()) {
            check_detailed_work(&work)?;
            let staged = call.keep(work.into_bytes()).await?;
            detailed_work = Some(staged.content().clone());
            held.push(staged);
        }
        let mut files = Vec::new();
        for path in &arguments.file_paths {
            let staged = call.keep_file(path).await?;
            files.push(staged.content().clone());
            held.push(staged);
        }
        let command = CompleteTask {
            task_id,
            summary,
            detailed_work,
            files,
            artifact_type: arguments.artifact_type,
            next_action: arguments.next_action.unwrap_or(NextAction::Complete),
        };
        call.write_with(held, move |tx, world| tasks::complete_task(tx, world, command)).await
    }
}

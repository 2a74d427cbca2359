//! Giving tasks up: cancelling and deleting. Must never remove more than was
//! asked for.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Tool;
use super::call::{Answer, Call};
use super::effect::Effect;
use super::lenient::or_default;
use crate::tasks;
use crate::tasks::command::{CancelTask, DeleteTask};
use crate::tasks::outcome::{TaskCancelled, TaskDeleted};
use crate::tasks::{Summary, TaskId};
use crate::worker::failure::Refusal;

/// `orchestrator_cancel_task`
pub(super) struct Cancel;

/// Which task, and why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelArguments {
    /// Which task.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    task_id: String,
    /// Why it is no longer wanted; kept with the task.
    #[schemars(length(max = 10000))]
    reason: Option<String>,
    /// Keep summary and artifacts. False removes them.
    #[serde(default)]
    #[schemars(with = "bool", extend("default" = true))]
    preserve_work: Option<bool>,
}

impl Tool for Cancel {
    type Arguments = CancelArguments;
    type Reply = TaskCancelled;
    const NAME: &'static str = "orchestrator_cancel_task";
    const TITLE: &'static str = "Cancel a task";
    const DESCRIPTION: &'static str = "Give up a task that is no longer wanted. It stays visible as cancelled with \
        the reason, and what depends on it is told. Use it when the goal has changed; use orchestrator_update_task \
        with status failed when the work was tried and did not succeed.";
    const EFFECT: Effect = Effect::Removes;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let command = CancelTask {
            task_id: TaskId::new(arguments.task_id)?,
            reason: arguments.reason.map(Summary::new).transpose()?,
            preserve_work: arguments.preserve_work.unwrap_or(true),
        };
        call.write(move |tx, world| tasks::cancel_task(tx, world, command)).await
    }
}

/// `orchestrator_delete_task`
pub(super) struct Delete;

/// Which task, and how thoroughly.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteArguments {
    /// Which task.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    task_id: String,
    /// Even though other tasks depend on it or work is going on.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "bool", default)]
    force: bool,
    /// Keep it out of sight instead of removing it for good.
    #[serde(default)]
    #[schemars(with = "bool", extend("default" = true))]
    archive_instead: Option<bool>,
}

impl Tool for Delete {
    type Arguments = DeleteArguments;
    type Reply = TaskDeleted;
    const NAME: &'static str = "orchestrator_delete_task";
    const TITLE: &'static str = "Delete a task";
    const DESCRIPTION: &'static str = "Take a task out of the lists. By default it is archived and can still be \
        read; with archive_instead=false it is removed for good with its artifacts. Refused while other tasks \
        depend on it unless force=true. Use it for tasks created by mistake; prefer orchestrator_cancel_task for \
        work that is no longer wanted.";
    const EFFECT: Effect = Effect::Removes;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let command = DeleteTask {
            task_id: TaskId::new(arguments.task_id)?,
            force: arguments.force,
            archive_instead: arguments.archive_instead.unwrap_or(true),
        };
        call.write(move |tx, world| tasks::delete_task(tx, world, command)).await
    }
}

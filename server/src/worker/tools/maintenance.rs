//! Looking after the whole: stale, orphaned and unfinished work. Must never
//! change anything in a dry run.

use schemars::JsonSchema;
use serde::Deserialize;
use task_orchestrator_shared::error_code::ErrorCode;

use super::Tool;
use super::call::{Answer, Call, existing};
use super::effect::Effect;
use super::lenient::or_default;
use crate::roles::Roles;
use crate::tasks;
use crate::tasks::command::Maintenance;
use crate::tasks::outcome::MaintenanceReport;
use crate::tasks::{
    Call as World, MaintenanceAction, MaintenanceScope, RepositoryMut, TaskError, TaskId, ValidationLevel,
};
use crate::worker::failure::{Failure, Refusal};

/// `orchestrator_maintenance_coordinator`
pub(super) struct Coordinate;

/// What to look after.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CoordinateArguments {
    /// scan_cleanup finds and puts away stale work, validate_structure checks plans and dependencies,
    /// update_documentation writes an overview, prepare_handover what the next one needs to go on.
    action: MaintenanceAction,
    /// How far to look: current_session is the session opened last over this connection, or all without one.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "MaintenanceScope", default)]
    scope: MaintenanceScope,
    /// How closely to look.
    #[serde(default, deserialize_with = "or_default")]
    #[schemars(with = "ValidationLevel", default)]
    validation_level: ValidationLevel,
    /// The task to look at, with scope specific_subtask.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    target_task_id: Option<String>,
    /// Only say what would be done.
    #[serde(default)]
    #[schemars(with = "bool", extend("default" = true))]
    dry_run: Option<bool>,
}

impl Tool for Coordinate {
    type Arguments = CoordinateArguments;
    type Reply = MaintenanceReport;
    const NAME: &'static str = "orchestrator_maintenance_coordinator";
    const TITLE: &'static str = "Maintenance";
    const DESCRIPTION: &'static str = "Look after the work: find stale and orphaned tasks and plans that cannot \
        finish, check the structure, write an overview or a handover. Use it when the status looks out of date, \
        before handing work over, or every now and then in long projects. Shows what it would do unless \
        dry_run=false.";
    const EFFECT: Effect = Effect::Replaces;

    async fn call(call: &Call<'_>, arguments: Self::Arguments) -> Result<Answer<Self::Reply>, Refusal> {
        let command = Maintenance {
            action: arguments.action,
            scope: arguments.scope,
            validation_level: arguments.validation_level,
            target_task_id: arguments.target_task_id.map(TaskId::new).transpose()?,
            session_id: call.work_session(),
            dry_run: arguments.dry_run.unwrap_or(true),
        };
        maintain(call, command).await
    }
}

/// Looks first and, where something is to be changed, changes it then: the
/// client hears how far it is, and may still call it off in between.
async fn maintain(call: &Call<'_>, command: Maintenance) -> Result<Answer<MaintenanceReport>, Refusal> {
    let steps = if command.dry_run { 1.0 } else { 2.0 };
    call.progress(0.0, steps, "looking at the tasks").await;
    let roles = call.roles();
    let look = Maintenance { dry_run: true, ..command.clone() };
    let seen = call.rehearse(move |tx, world| look_after(tx, world, &roles, look)).await?;
    if command.dry_run {
        call.progress(steps, steps, seen.text("summary")).await;
        call.tell("maintenance", seen.text("summary")).await;
        return Ok(seen);
    }
    call.progress(1.0, steps, seen.text("summary")).await;
    if call.is_cancelled() {
        return Err(Failure::new(
            ErrorCode::Overloaded,
            "called off before anything was changed",
            "Call again.",
        )
        .into());
    }
    let roles = call.roles();
    let report = call.write(move |tx, world| look_after(tx, world, &roles, command)).await?;
    call.progress(steps, steps, report.text("summary")).await;
    call.tell("maintenance", report.text("summary")).await;
    Ok(report)
}

/// A session that was put away since it was opened is no scope any more; role
/// files that are not used are somebody's work as well.
fn look_after(
    tx: &mut dyn RepositoryMut,
    world: &mut World<'_>,
    roles: &Roles,
    mut command: Maintenance,
) -> Result<MaintenanceReport, TaskError> {
    command.session_id = existing(tx, command.session_id)?;
    let mut report = tasks::maintain(tx, world, command)?;
    let wrong = roles.problems().iter().map(|problem| format!("Correct the role file {problem}"));
    report.recommendations.extend(wrong);
    Ok(report)
}

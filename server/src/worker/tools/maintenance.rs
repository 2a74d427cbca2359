//! Looking after the whole: stale, orphaned and unfinished work. Must never
//! change anything in a dry run.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use task_orchestrator_shared::error_code::ErrorCode;

use super::Tool;
use super::call::{Answer, Call};
use super::effect::Effect;
use super::lenient::or_default;
use crate::roles::Roles;
use crate::tasks;
use crate::tasks::command::Maintenance;
use crate::tasks::outcome::MaintenanceReport;
use crate::tasks::{MaintenanceAction, MaintenanceScope, Scan, TaskId, ValidationLevel};
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
    const WALKS: bool = true;

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

/// Looks first, page by page, and does then what there is to do: the client hears
/// how far it is, and may still call it off in between.
async fn maintain(call: &Call<'_>, command: Maintenance) -> Result<Answer<MaintenanceReport>, Refusal> {
    let steps = if command.dry_run { 1.0 } else { 2.0 };
    call.progress(0.0, steps, "looking at the tasks").await;
    let scan = Scan::new(&command, Timestamp::now())?;
    let report = if command.dry_run {
        Answer::of(with_roles(call, call.walk(scan, steps, |scan, tx| tasks::report(tx, scan)).await?))?
    } else if let Some(done) = call.recalled().await? {
        done
    } else {
        let scan = call.walk(scan, steps, |scan, _| Ok(scan)).await?;
        call.progress(1.0, steps, "changing what has to be changed").await;
        if call.is_cancelled() {
            let hint = "Call again.";
            let what = "called off before anything was changed";
            return Err(Failure::new(ErrorCode::Overloaded, what, hint).into());
        }
        let roles = call.roles();
        call.write(move |tx, world| {
            let mut report = tasks::maintain(tx, world, scan)?;
            report.recommendations.extend(wrong(&roles));
            Ok(report)
        })
        .await?
    };
    call.progress(steps, steps, report.text("summary")).await;
    call.tell("maintenance", report.text("summary")).await;
    Ok(report)
}

fn with_roles(call: &Call<'_>, mut report: MaintenanceReport) -> MaintenanceReport {
    report.recommendations.extend(wrong(&call.roles()));
    report
}

/// Role files that are not used are somebody's work as well.
fn wrong(roles: &Roles) -> Vec<String> {
    roles.problems().iter().map(|problem| format!("Correct the role file {problem}")).collect()
}

//! Looking after the whole: what has gone stale, what was left behind, what
//! the next one has to know. Changes nothing in a dry run and never removes a task.

mod document;
mod scan;

use super::command::Maintenance;
use super::error::TaskError;
use super::id::{SessionId, Summary};
use super::kinds::{MaintenanceAction, MaintenanceScope};
use super::lifecycle;
use super::outcome::{MaintenanceReport, MaintenanceStep};
use super::query::known_session;
use super::repository::{Call, RepositoryMut};
use super::status::Status;
use super::task::{NoteKind, Task};
use scan::Scan;

/// Scans, and does what was asked for.
///
/// # Errors
///
/// Unknown task or session; a scope of one task without a task.
pub fn maintain(
    repository: &mut dyn RepositoryMut,
    call: &mut Call<'_>,
    command: Maintenance,
) -> Result<MaintenanceReport, TaskError> {
    let session = match command.scope {
        MaintenanceScope::CurrentSession => command.session_id.as_ref(),
        MaintenanceScope::FullProject | MaintenanceScope::SpecificSubtask => None,
    };
    let scan = look(repository, call, &command, session)?;
    let mut actions = Vec::new();
    if command.action == MaintenanceAction::ScanCleanup {
        for (task, to, reason) in scan.steps() {
            actions.push(step(repository, call, task, to, reason, command.dry_run)?);
        }
    }
    let document = match command.action {
        MaintenanceAction::ScanCleanup | MaintenanceAction::ValidateStructure => None,
        MaintenanceAction::UpdateDocumentation => Some(document::overview(repository, &scan)?),
        MaintenanceAction::PrepareHandover => Some(document::handover(repository, &scan, session)?),
    };
    let done = if command.dry_run { "would be changed" } else { "were changed" };
    Ok(MaintenanceReport {
        action: command.action,
        scope: command.scope,
        dry_run: command.dry_run,
        summary: format!(
            "{} tasks: {} stale, {} orphaned, {} incomplete plans, {} issues; {} {done}",
            scan.results.total,
            scan.results.stale_tasks.len(),
            scan.results.orphaned_tasks.len(),
            scan.results.incomplete_workflows.len(),
            scan.issues.len(),
            actions.len(),
        ),
        recommendations: scan.recommendations(),
        issues: scan.issues,
        scan_results: scan.results,
        actions,
        document,
    })
}

fn look(
    repository: &dyn super::repository::Repository,
    call: &Call<'_>,
    command: &Maintenance,
    session: Option<&SessionId>,
) -> Result<Scan, TaskError> {
    if command.scope == MaintenanceScope::SpecificSubtask {
        let Some(id) = &command.target_task_id else {
            return Err(TaskError::invalid("target_task_id", "is needed when the scope is specific_subtask"));
        };
        let task = lifecycle::existing(repository, id)?;
        return Scan::of_task(repository, call.now, command.validation_level, task);
    }
    if let Some(id) = session {
        known_session(repository, id)?;
    }
    Scan::of_many(repository, call.now, command.validation_level, session)
}

/// Suspends a stale task or cancels an orphaned one.
fn step(
    repository: &mut dyn RepositoryMut,
    call: &Call<'_>,
    task: &Task,
    to: Status,
    reason: &str,
    dry_run: bool,
) -> Result<MaintenanceStep, TaskError> {
    let mut task = task.clone();
    let previous_status = task.status;
    if !dry_run {
        // An earlier step may have changed it.
        task = lifecycle::existing(repository, &task.task_id)?;
        let reason = Summary::new(format!("maintenance: {reason}"))?;
        if to == Status::Cancelled && task.status.may_become(to) {
            lifecycle::cancel(repository, &mut task, &reason, call.now)?;
        } else if task.status.may_become(to) {
            lifecycle::turn(&mut task, to, call.now)?;
            task.note(call.now, NoteKind::Maintenance, reason);
            repository.update_task(&task)?;
        }
    }
    Ok(MaintenanceStep {
        applied: !dry_run && task.status == to,
        task_id: task.task_id,
        previous_status,
        status: to,
        reason: reason.to_owned(),
    })
}

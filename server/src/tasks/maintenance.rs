//! Looking after the whole: what has gone stale, what was left behind, what
//! the next one has to know. Changes nothing in a dry run and never removes a task.

mod document;
mod finding;
mod scan;

use std::collections::BTreeMap;

pub use scan::Scan;

use super::error::TaskError;
use super::id::Summary;
use super::kinds::MaintenanceAction;
use super::lifecycle;
use super::outcome::{MaintenanceReport, MaintenanceStep};
use super::repository::{Call, Repository, RepositoryMut};
use super::status::Status;
use super::task::{NoteKind, Task};
use scan::Candidate;

/// What a scan that is at its end has seen, and what would be done.
///
/// # Errors
///
/// When the repository fails.
pub fn report(repository: &dyn Repository, scan: Scan) -> Result<MaintenanceReport, TaskError> {
    let mut actions = Vec::new();
    if scan.action == MaintenanceAction::ScanCleanup {
        actions.extend(scan.steps().map(|(task, to, reason)| told(task, to, reason, false)));
    }
    let document = document(repository, &scan)?;
    Ok(told_all(scan, actions, document, true))
}

/// Does what a scan that is at its end has found to do. What somebody has changed
/// since it was seen is left alone.
///
/// # Errors
///
/// When the repository fails; nothing is changed then.
pub fn maintain(
    repository: &mut dyn RepositoryMut,
    call: &mut Call<'_>,
    scan: Scan,
) -> Result<MaintenanceReport, TaskError> {
    let document = document(repository, &scan)?;
    let mut actions = Vec::new();
    if scan.action == MaintenanceAction::ScanCleanup {
        for (task, to, reason) in scan.steps() {
            let applied = step(repository, call, task, to, reason)?;
            actions.push(told(task, to, reason, applied));
        }
    }
    Ok(told_all(scan, actions, document, false))
}

fn document(repository: &dyn Repository, scan: &Scan) -> Result<Option<String>, TaskError> {
    Ok(match scan.action {
        MaintenanceAction::ScanCleanup | MaintenanceAction::ValidateStructure => None,
        MaintenanceAction::UpdateDocumentation => Some(document::overview(scan)),
        MaintenanceAction::PrepareHandover => Some(document::handover(repository, scan)?),
    })
}

fn told(task: &Candidate, to: Status, reason: &str, applied: bool) -> MaintenanceStep {
    MaintenanceStep {
        applied,
        task_id: task.task_id.clone(),
        previous_status: task.status,
        status: to,
        reason: reason.to_owned(),
    }
}

fn told_all(
    scan: Scan,
    actions: Vec<MaintenanceStep>,
    document: Option<String>,
    dry_run: bool,
) -> MaintenanceReport {
    let done = if dry_run { "would be changed" } else { "were changed" };
    MaintenanceReport {
        action: scan.action,
        scope: scan.scope,
        dry_run,
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
    }
}

/// Suspends a stale task or cancels an orphaned one. Whether it is where it should be now.
fn step(
    repository: &mut dyn RepositoryMut,
    call: &Call<'_>,
    seen: &Candidate,
    to: Status,
    reason: &str,
) -> Result<bool, TaskError> {
    // An earlier step may have changed it, or somebody else since it was seen.
    let Some(mut task) = repository.task(&seen.task_id)? else { return Ok(false) };
    if task.status.may_become(to) && still_holds(repository, seen, &task, to)? {
        let reason = Summary::new(format!("maintenance: {reason}"))?;
        if to == Status::Cancelled {
            lifecycle::cancel(repository, &mut task, &reason, call.now)?;
        } else {
            lifecycle::turn(&mut task, to, call.now)?;
            task.note(call.now, NoteKind::Maintenance, reason);
            repository.update_task(&task)?;
        }
    }
    Ok(task.status == to)
}

/// Whether the reason for a step is still one.
fn still_holds(
    repository: &dyn Repository,
    seen: &Candidate,
    task: &Task,
    to: Status,
) -> Result<bool, TaskError> {
    if to == Status::Cancelled {
        return finding::given_up_above(repository, task, &mut BTreeMap::new());
    }
    Ok(task.updated_at == seen.updated_at)
}

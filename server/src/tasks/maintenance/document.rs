//! The two documents that maintenance writes, in Markdown, from what a scan saw.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::scan::Scan;
use crate::tasks::error::TaskError;
use crate::tasks::id::{Specialist, TaskId, Title};
use crate::tasks::kinds::MaintenanceAction;
use crate::tasks::repository::{Repository, Within};
use crate::tasks::status::Status;
use crate::tasks::task::{Note, Task};

/// Most tasks under each heading.
const LISTED: usize = 50;

/// A task as a document lists it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Listed {
    task_id: TaskId,
    status: Status,
    title: Title,
    specialist_type: Specialist,
    note: Option<Note>,
    artifacts: usize,
}

impl Listed {
    /// Whether a document lists another task of this status.
    pub(super) fn is_wanted(action: MaintenanceAction, status: Status, listed: &[Self]) -> bool {
        let writes = match action {
            MaintenanceAction::ScanCleanup | MaintenanceAction::ValidateStructure => false,
            MaintenanceAction::UpdateDocumentation => true,
            MaintenanceAction::PrepareHandover => status != Status::Pending,
        };
        writes && listed.iter().filter(|task| task.status == status).count() < LISTED
    }

    /// The task as it stands.
    pub(super) fn of(repository: &dyn Repository, task: &Task) -> Result<Self, TaskError> {
        Ok(Self {
            task_id: task.task_id.clone(),
            status: task.status,
            title: task.title.clone(),
            specialist_type: task.specialist_type.clone(),
            note: task.notes.last().cloned(),
            artifacts: repository.artifacts(&task.task_id)?.len(),
        })
    }
}

/// The work as it stands.
pub(super) fn overview(scan: &Scan) -> String {
    let mut text = String::from("# State of the work\n\n| status | tasks |\n|---|---|\n");
    for status in Status::ALL {
        line(&mut text, format_args!("| {status} | {} |", scan.results.status_distribution.get(*status)));
    }
    for status in Status::OPEN {
        list(&mut text, scan, status);
    }
    text
}

/// What the next one needs to go on.
pub(super) fn handover(repository: &dyn Repository, scan: &Scan) -> Result<String, TaskError> {
    let mut text = String::from("# Handover\n");
    if let Some(session) = &scan.session {
        line(&mut text, format_args!("\nSession {session}: come back with orchestrator_resume_session."));
        if let Some(next) = repository.next_ready(Within::Session(session))? {
            line(
                &mut text,
                format_args!("\nNext: {} ({}), for the {}.", next.title, next.task_id, next.specialist_type),
            );
        }
    }
    for status in [Status::Active, Status::Blocked, Status::Suspended] {
        list(&mut text, scan, status);
    }
    if !scan.issues.is_empty() {
        text.push_str("\n## Issues\n\n");
        for issue in &scan.issues {
            line(&mut text, format_args!("- {issue}"));
        }
    }
    Ok(text)
}

fn list(text: &mut String, scan: &Scan, status: Status) {
    let mut tasks = scan.listed.iter().filter(|task| task.status == status).peekable();
    if tasks.peek().is_none() {
        return;
    }
    line(text, format_args!("\n## {status}\n"));
    for task in tasks {
        line(text, format_args!("- {} ({}), {}", task.title, task.task_id, task.specialist_type));
        if let Some(note) = &task.note {
            line(text, format_args!("  - {}: {}", note.at, note.text));
        }
        if task.artifacts > 0 {
            line(text, format_args!("  - {} artifacts recorded", task.artifacts));
        }
    }
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{content}");
}

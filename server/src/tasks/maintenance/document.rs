//! The two documents that maintenance writes, in Markdown, from what a scan saw.

use std::fmt::Write as _;

use super::scan::Scan;
use crate::tasks::error::TaskError;
use crate::tasks::id::SessionId;
use crate::tasks::repository::{Repository, Within};
use crate::tasks::status::Status;
use crate::tasks::task::Task;

/// Most tasks under each heading.
const LISTED: usize = 50;

/// The work as it stands.
pub(super) fn overview(repository: &dyn Repository, scan: &Scan) -> Result<String, TaskError> {
    let mut text = String::from("# State of the work\n\n| status | tasks |\n|---|---|\n");
    for status in Status::ALL {
        line(&mut text, format_args!("| {status} | {} |", scan.results.status_distribution.get(*status)));
    }
    for status in Status::OPEN {
        list(&mut text, repository, scan, status)?;
    }
    Ok(text)
}

/// What the next one needs to go on.
pub(super) fn handover(
    repository: &dyn Repository,
    scan: &Scan,
    session: Option<&SessionId>,
) -> Result<String, TaskError> {
    let mut text = String::from("# Handover\n");
    if let Some(session) = session {
        line(&mut text, format_args!("\nSession {session}: come back with orchestrator_resume_session."));
        if let Some(next) = repository.next_ready(Within::Session(session))? {
            line(
                &mut text,
                format_args!("\nNext: {} ({}), for the {}.", next.title, next.task_id, next.specialist_type),
            );
        }
    }
    for status in [Status::Active, Status::Blocked, Status::Suspended] {
        list(&mut text, repository, scan, status)?;
    }
    if !scan.issues.is_empty() {
        text.push_str("\n## Issues\n\n");
        for issue in &scan.issues {
            line(&mut text, format_args!("- {issue}"));
        }
    }
    Ok(text)
}

fn list(
    text: &mut String,
    repository: &dyn Repository,
    scan: &Scan,
    status: Status,
) -> Result<(), TaskError> {
    let tasks: Vec<&Task> = scan.open.iter().filter(|task| task.status == status).take(LISTED).collect();
    if tasks.is_empty() {
        return Ok(());
    }
    line(text, format_args!("\n## {status}\n"));
    for task in tasks {
        line(text, format_args!("- {} ({}), {}", task.title, task.task_id, task.specialist_type));
        if let Some(note) = task.notes.last() {
            line(text, format_args!("  - {}: {}", note.at, note.text));
        }
        let artifacts = repository.artifacts(&task.task_id)?;
        if !artifacts.is_empty() {
            line(text, format_args!("  - {} artifacts recorded", artifacts.len()));
        }
    }
    Ok(())
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{content}");
}

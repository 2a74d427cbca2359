//! Opening, coming back to, listing and putting away sessions.

use jiff::{SignedDuration, Timestamp};

use super::command::{CleanupSessions, InitializeSession, ListSessions, ResumeSession, SessionStatus};
use super::error::TaskError;
use super::id::{SessionId, TaskId, Title};
use super::kinds::{CleanupType, SessionState};
use super::lifecycle;
use super::outcome::{
    NextTask, SessionCleaned, SessionOpened, SessionReport, SessionResumed, SessionsCleaned, SessionsListed,
};
use super::page::{DEFAULT_PAGE, MAX_PAGE};
use super::progress;
use super::query::{NEWEST_SHOWN, briefs, known_session};
use super::repository::{Call, Repository, RepositoryMut, Within};
use super::session::Session;
use super::status::Status;
use super::task::{StatusCounts, TaskBrief};

/// Most sessions that one clean-up looks at.
const CLEANUP_AT_ONCE: usize = 1000;
/// Most tasks that one clean-up archives.
const ARCHIVED_AT_ONCE: usize = 5000;
/// Sessions that are looked at for one list.
const LISTED_AT_ONCE: usize = 10_000;

/// Opens a session, or comes back to the one that is named.
///
/// # Errors
///
/// Unknown session.
pub fn initialize_session(
    repository: &mut dyn RepositoryMut,
    call: &mut Call<'_>,
    command: InitializeSession,
) -> Result<SessionOpened, TaskError> {
    let (session, resumed) = match &command.session_id {
        Some(id) => {
            let mut session = known_session(repository, id)?;
            session.name = command.name.unwrap_or(session.name);
            session.working_directory = command.working_directory;
            (wake(repository, session, call.now)?, true)
        }
        None => {
            let name = match command.name {
                Some(name) => name,
                None => Title::new(format!("Session of {}", call.now.strftime("%Y-%m-%d %H:%M")))?,
            };
            let session = Session {
                session_id: SessionId::new(call.ids.draw("session_"))?,
                name,
                working_directory: command.working_directory,
                archived: false,
                created_at: call.now,
                last_activity: call.now,
            };
            repository.insert_session(&session)?;
            (session, false)
        }
    };
    Ok(SessionOpened {
        active_tasks: open_tasks(repository, &session.session_id)?,
        session_id: session.session_id,
        name: session.name,
        session_initialized: true,
        working_directory: session.working_directory,
        resumed,
    })
}

/// Comes back to a session; one that had been put away is in use again.
///
/// # Errors
///
/// Unknown session.
pub fn resume_session(
    repository: &mut dyn RepositoryMut,
    call: &mut Call<'_>,
    command: ResumeSession,
) -> Result<SessionResumed, TaskError> {
    let session = known_session(repository, &command.session_id)?;
    let session = wake(repository, session, call.now)?;
    let id = &session.session_id;
    Ok(SessionResumed {
        session_resumed: true,
        session: session.summary(&repository.counts(Some(id))?),
        active_tasks: open_tasks(repository, id)?,
        next_recommended_task: repository.next_ready(Within::Session(id))?.map(NextTask::from),
        session_id: session.session_id,
    })
}

fn wake(
    repository: &mut dyn RepositoryMut,
    mut session: Session,
    now: Timestamp,
) -> Result<Session, TaskError> {
    session.archived = false;
    session.last_activity = session.last_activity.max(now);
    repository.update_session(&session)?;
    Ok(session)
}

fn open_tasks(repository: &dyn Repository, id: &SessionId) -> Result<Vec<TaskBrief>, TaskError> {
    Ok(briefs(repository.newest(Some(id), &Status::OPEN, NEWEST_SHOWN)?))
}

/// Lists sessions, latest activity first.
///
/// # Errors
///
/// A limit out of bounds.
pub fn list_sessions(
    repository: &dyn Repository,
    command: &ListSessions,
) -> Result<SessionsListed, TaskError> {
    let limit = if command.limit == 0 { DEFAULT_PAGE } else { command.limit };
    if limit > MAX_PAGE {
        return Err(TaskError::invalid("limit", format!("is 1 to {MAX_PAGE}")));
    }
    let limit = limit as usize;
    let looked_at = if command.include_completed { limit + 1 } else { LISTED_AT_ONCE };
    let mut sessions = Vec::new();
    for session in repository.sessions(None, looked_at)? {
        let summary = session.summary(&repository.counts(Some(&session.session_id))?);
        if command.include_completed || summary.status == SessionState::Active {
            sessions.push(summary);
        }
        if sessions.len() > limit {
            break;
        }
    }
    let more = sessions.len() > limit;
    sessions.truncate(limit);
    Ok(SessionsListed { total_count: sessions.len() as u64, sessions, more })
}

/// How a session stands.
///
/// # Errors
///
/// Unknown session.
pub fn session_status(
    repository: &dyn Repository,
    command: &SessionStatus,
) -> Result<SessionReport, TaskError> {
    let session = known_session(repository, &command.session_id)?;
    let counts = repository.counts(Some(&command.session_id))?;
    Ok(SessionReport {
        session: session.summary(&counts),
        counts,
        progress: progress::of_counts(&counts),
        tasks: briefs(repository.newest(Some(&command.session_id), &[], NEWEST_SHOWN)?),
    })
}

/// Puts sessions away: those without tasks are removed, the others archived
/// together with their finished tasks. Open tasks stay as they are.
///
/// # Errors
///
/// Only the store's.
pub fn cleanup_sessions(
    repository: &mut dyn RepositoryMut,
    call: &mut Call<'_>,
    command: CleanupSessions,
) -> Result<SessionsCleaned, TaskError> {
    let age = SignedDuration::from_hours(i64::from(command.older_than_days) * 24);
    let before = call.now.checked_sub(age).unwrap_or(Timestamp::MIN);
    let mut sessions = Vec::new();
    let mut tasks_archived = 0;
    for session in repository.sessions(Some(before), CLEANUP_AT_ONCE)? {
        let counts = repository.counts(Some(&session.session_id))?;
        let Some(reason) = reason(command.cleanup_type, &session, &counts, command.older_than_days) else {
            continue;
        };
        let remove = counts.total() == 0;
        if !command.dry_run {
            if remove {
                repository.remove_session(&session.session_id)?;
            } else {
                let room = ARCHIVED_AT_ONCE.saturating_sub(tasks_archived);
                tasks_archived += put_away(repository, &session, room, call.now)?;
            }
        }
        sessions.push(SessionCleaned {
            session_id: session.session_id,
            name: session.name,
            reason,
            action: if remove { "removed" } else { "archived" }.to_owned(),
            open_tasks: counts.open(),
        });
    }
    let verb = if command.dry_run { "would be put away" } else { "were put away" };
    Ok(SessionsCleaned {
        dry_run: command.dry_run,
        summary: format!("{} sessions {verb}, {tasks_archived} finished tasks archived", sessions.len()),
        sessions,
        tasks_archived: tasks_archived as u64,
    })
}

fn reason(kind: CleanupType, session: &Session, counts: &StatusCounts, days: u32) -> Option<String> {
    let empty = counts.total() == 0;
    let completed = !empty && counts.open() == 0;
    let wants = |wanted| kind == wanted || kind == CleanupType::All;
    if empty && wants(CleanupType::Orphaned) {
        Some("it has no tasks".to_owned())
    } else if session.archived {
        None
    } else if completed && wants(CleanupType::Completed) {
        Some("all its tasks are finished".to_owned())
    } else if wants(CleanupType::Old) {
        Some(format!("nothing happened in it for {days} days"))
    } else {
        None
    }
}

/// Archives a session and its finished tasks, whole plans only.
fn put_away(
    repository: &mut dyn RepositoryMut,
    session: &Session,
    room: usize,
    now: Timestamp,
) -> Result<usize, TaskError> {
    let mut archived = 0;
    let closed = [Status::Completed, Status::Failed, Status::Cancelled];
    for mut task in repository.newest(Some(&session.session_id), &closed, room)? {
        // A finished step of a plan that goes on is part of its progress.
        let part_of_open = match &task.parent_task_id {
            Some(parent) => open_plan(repository, parent)?,
            None => repository.child_counts(&task.task_id)?.open() > 0,
        };
        if !part_of_open {
            lifecycle::turn(&mut task, Status::Archived, now)?;
            repository.update_task(&task)?;
            archived += 1;
        }
    }
    let mut session = session.clone();
    session.archived = true;
    repository.update_session(&session)?;
    Ok(archived)
}

fn open_plan(repository: &dyn Repository, id: &TaskId) -> Result<bool, TaskError> {
    Ok(repository.task(id)?.is_some_and(|plan| plan.status.is_open()))
}

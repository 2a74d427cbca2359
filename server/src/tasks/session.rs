//! A session: a named piece of work that a client opens and may come back to.
//! Not the client's connection, of which the domain knows nothing.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::{SessionId, Title};
use super::kinds::SessionState;
use super::task::StatusCounts;

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// Names it.
    pub session_id: SessionId,
    /// What it is about.
    pub name: Title,
    /// Where in the workspace its work happens; checked by the caller.
    pub working_directory: String,
    /// Whether it has been cleaned up.
    pub archived: bool,
    /// When it was opened first.
    pub created_at: Timestamp,
    /// When it was resumed or one of its tasks changed.
    pub last_activity: Timestamp,
}

impl Session {
    /// Where it stands, given its tasks.
    pub fn state(&self, counts: &StatusCounts) -> SessionState {
        state_of(self.archived, counts)
    }

    /// The session as lists show it.
    pub fn summary(&self, counts: &StatusCounts) -> SessionSummary {
        SessionSummary {
            session_id: self.session_id.clone(),
            name: self.name.clone(),
            status: self.state(counts),
            working_directory: self.working_directory.clone(),
            created_at: self.created_at,
            last_activity: self.last_activity,
            open_tasks: counts.open(),
            total_tasks: counts.total(),
        }
    }
}

/// Where a session stands, given whether it has been cleaned up and its tasks.
pub fn state_of(archived: bool, counts: &StatusCounts) -> SessionState {
    if archived {
        SessionState::Archived
    } else if counts.total() > 0 && counts.open() == 0 {
        SessionState::Completed
    } else {
        SessionState::Active
    }
}

/// A session as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionSummary {
    /// Names it.
    pub session_id: SessionId,
    /// What it is about.
    pub name: Title,
    /// Where it stands.
    pub status: SessionState,
    /// Where in the workspace its work happens.
    pub working_directory: String,
    /// When it was opened first.
    pub created_at: Timestamp,
    /// When anything happened in it last.
    pub last_activity: Timestamp,
    /// Tasks that somebody still has to do something about.
    pub open_tasks: u64,
    /// All its tasks.
    pub total_tasks: u64,
}

//! One task and the counts of many. Data and what can be read off it; the
//! rules of change are in the operations.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::id::{Description, Effort, SessionId, Specialist, Summary, TaskId, Title};
use super::kinds::{Complexity, TaskType};
use super::status::Status;

/// Most notes that a task keeps; the oldest go first.
pub const MAX_NOTES: usize = 50;
/// Most tasks that one task may depend on.
pub const MAX_DEPENDENCIES: usize = 100;
/// Most direct subtasks of one task.
pub const MAX_CHILDREN: usize = 1000;
/// Largest context, in bytes of JSON.
pub const MAX_CONTEXT: usize = 64 * 1024;

/// A piece of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// Names it for ever.
    pub task_id: TaskId,
    /// The plan it is part of.
    pub parent_task_id: Option<TaskId>,
    /// The session it was planned in.
    pub session_id: Option<SessionId>,
    /// One line to recognise it by.
    pub title: Title,
    /// What is to be done.
    pub description: Description,
    /// Where it stands.
    pub status: Status,
    /// What sort of work it is.
    pub task_type: TaskType,
    /// The role that is to do it.
    pub specialist_type: Specialist,
    /// How hard it is thought to be.
    pub complexity: Complexity,
    /// How much work it is thought to be.
    pub estimated_effort: Option<Effort>,
    /// When it is to be done.
    pub due_date: Option<Timestamp>,
    /// Whatever the client wants to keep with it.
    pub context: Option<Value>,
    /// What has to be finished first, in the order given.
    pub dependencies: Vec<TaskId>,
    /// What came of it, as of the last completion or attempt.
    pub summary: Option<Summary>,
    /// What happened on the way, oldest first.
    pub notes: Vec<Note>,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When anything of it changed last.
    pub updated_at: Timestamp,
    /// When it was first made active.
    pub started_at: Option<Timestamp>,
    /// When it was completed. An archived task with this time counts as finished.
    pub completed_at: Option<Timestamp>,
}

impl Task {
    /// Whether those that depend on it may go on.
    pub const fn is_finished(&self) -> bool {
        match self.status {
            Status::Completed => true,
            Status::Archived => self.completed_at.is_some(),
            _ => false,
        }
    }

    /// Keeps a note, forgetting the oldest beyond [`MAX_NOTES`].
    pub fn note(&mut self, at: Timestamp, kind: NoteKind, text: Summary) {
        self.notes.push(Note { at, kind, text });
        if let Some(excess) = self.notes.len().checked_sub(MAX_NOTES) {
            self.notes.drain(..excess);
        }
    }

    /// The short form.
    pub fn brief(&self) -> TaskBrief {
        TaskBrief {
            task_id: self.task_id.clone(),
            parent_task_id: self.parent_task_id.clone(),
            title: self.title.clone(),
            status: self.status,
            task_type: self.task_type,
            specialist_type: self.specialist_type.clone(),
            complexity: self.complexity,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// Something that was said about a task when its status changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// On what occasion.
    pub kind: NoteKind,
    /// What was said.
    pub text: Summary,
}

/// On what occasion a note was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The work is to be done again.
    Revision,
    /// Something stands in the way.
    Blocked,
    /// The task was cancelled.
    Cancelled,
    /// Maintenance changed it.
    Maintenance,
}

/// A task as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskBrief {
    /// Names it.
    pub task_id: TaskId,
    /// The plan it is part of.
    pub parent_task_id: Option<TaskId>,
    /// One line to recognise it by.
    pub title: Title,
    /// Where it stands.
    pub status: Status,
    /// What sort of work it is.
    pub task_type: TaskType,
    /// The role that is to do it.
    pub specialist_type: Specialist,
    /// How hard it is thought to be.
    pub complexity: Complexity,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When anything of it changed last.
    pub updated_at: Timestamp,
}

/// How many tasks there are in each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusCounts {
    /// Not begun.
    pub pending: u64,
    /// Being worked on.
    pub active: u64,
    /// Held up.
    pub blocked: u64,
    /// Set aside.
    pub suspended: u64,
    /// Done.
    pub completed: u64,
    /// Not achieved.
    pub failed: u64,
    /// No longer wanted.
    pub cancelled: u64,
    /// Kept out of sight.
    pub archived: u64,
}

impl StatusCounts {
    /// The count of one status.
    pub const fn get(&self, status: Status) -> u64 {
        match status {
            Status::Pending => self.pending,
            Status::Active => self.active,
            Status::Blocked => self.blocked,
            Status::Suspended => self.suspended,
            Status::Completed => self.completed,
            Status::Failed => self.failed,
            Status::Cancelled => self.cancelled,
            Status::Archived => self.archived,
        }
    }

    /// The place of one status' count.
    pub const fn get_mut(&mut self, status: Status) -> &mut u64 {
        match status {
            Status::Pending => &mut self.pending,
            Status::Active => &mut self.active,
            Status::Blocked => &mut self.blocked,
            Status::Suspended => &mut self.suspended,
            Status::Completed => &mut self.completed,
            Status::Failed => &mut self.failed,
            Status::Cancelled => &mut self.cancelled,
            Status::Archived => &mut self.archived,
        }
    }

    /// All of them together.
    pub fn total(&self) -> u64 {
        Status::ALL.iter().map(|status| self.get(*status)).sum()
    }

    /// Those that somebody still has to do something about.
    pub fn open(&self) -> u64 {
        Status::OPEN.iter().map(|status| self.get(*status)).sum()
    }
}

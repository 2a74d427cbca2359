//! The work in the database as administrators see it: sessions and plans as a tree,
//! and the long calls that stopped at a checkpoint. Read-only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most rows of a [`TaskTree`]: sessions, plans and tasks together.
pub const MAX_TASK_ROWS: usize = 1000;

/// Most suspended calls that are listed.
pub const MAX_SUSPENDED: usize = 100;

/// Longest title that is sent, in characters; what is more is cut off.
pub const MAX_TITLE: usize = 200;

/// Sessions with their plans, and plans with their tasks, each behind its parent: the
/// most recently changed first among those of one parent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskTree {
    /// When it was read, RFC 3339.
    pub at: String,
    /// The generation of the worker that read it.
    pub generation: u64,
    /// At most [`MAX_TASK_ROWS`].
    pub rows: Vec<TaskRow>,
    /// Rows that there are and that are not listed.
    pub left_out: u64,
    /// Every task by its status, listed or not.
    pub counts: TaskCounts,
    /// At most [`MAX_SUSPENDED`].
    pub suspended: Vec<SuspendedCall>,
}

/// What a row of the tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskRowKind {
    /// A session of work; or, with an empty id, what belongs to none.
    Session,
    /// A task that was planned into subtasks.
    Plan,
    /// A task.
    Task,
}

/// A session, a plan or a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskRow {
    /// What it is.
    pub kind: TaskRowKind,
    /// 0 for a session, one more for each level below.
    pub depth: u8,
    /// Its id.
    pub id: String,
    /// Its title, at most [`MAX_TITLE`] characters.
    pub title: String,
    /// Its status, by the names of the tools.
    pub status: String,
    /// The specialist's role, for a task that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialist: Option<String>,
    /// Tasks below it that are done; absent where there are none below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// Tasks below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Titles or ids of the tasks that it waits for and that are not done, at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
    /// When it was last changed, RFC 3339.
    pub updated_at: String,
}

/// Tasks by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskCounts {
    /// Not begun.
    pub pending: u64,
    /// Begun.
    pub active: u64,
    /// Waits for something.
    pub blocked: u64,
    /// Done.
    pub completed: u64,
    /// Ended without success.
    pub failed: u64,
    /// Called off.
    pub cancelled: u64,
}

/// A long call that has stopped at a checkpoint and goes on in the next worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuspendedCall {
    /// The client that asked.
    pub client: String,
    /// The tool.
    pub tool: String,
    /// How far it is, in a sentence.
    pub checkpoint: String,
    /// When the checkpoint was written, RFC 3339.
    pub at: String,
}

//! The work in the database as administrators see it: sessions and plans as a tree,
//! and the long calls that have a checkpoint. Read-only: nothing is changed by it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most rows of a [`TaskTree`]: sessions, plans and tasks together.
pub const MAX_TASK_ROWS: usize = 1000;

/// Most suspended calls that are listed.
pub const MAX_SUSPENDED: usize = 100;

/// Longest title that is sent, in characters; what is more is cut off.
pub const MAX_TITLE: usize = 200;

/// Most tasks that a row says it waits for.
pub const MAX_WAITS_FOR: usize = 5;

/// Longest title in [`TaskRow::waits_for`], in characters.
pub const MAX_WAITS_FOR_TITLE: usize = 60;

/// Sessions with their plans, and plans with their tasks, each behind its parent. Among
/// those of one parent what is open comes first, and the most recently changed before
/// others. Where there is more than fits, open tasks are listed before ended ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskTree {
    /// When it was read, RFC 3339.
    pub at: String,
    /// The generation of the worker that read it.
    pub generation: u64,
    /// At most [`MAX_TASK_ROWS`].
    pub rows: Vec<TaskRow>,
    /// Sessions and tasks that there are and that are not listed. Of sessions no more than
    /// 10 000 are counted.
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
    /// Its status, by the names of the tools; of what belongs to no session it is empty.
    pub status: String,
    /// The specialist's role, for plans and tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialist: Option<String>,
    /// How many of [`Self::total`] are done (an archived task that was completed does not
    /// count: its status tells no more whether it was); absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// Tasks that it has: of a plan, its own subtasks without theirs; of a session, all.
    /// Absent for a task, and where there are so many sessions that it is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Titles of the tasks that it depends on and that are not done, at most
    /// [`MAX_WAITS_FOR`], each at most [`MAX_WAITS_FOR_TITLE`] characters. Only for open tasks.
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
    /// Set aside, to be gone on with.
    #[serde(default)]
    pub suspended: u64,
    /// Done.
    pub completed: u64,
    /// Ended without success.
    pub failed: u64,
    /// Called off.
    pub cancelled: u64,
    /// Kept out of sight.
    #[serde(default)]
    pub archived: u64,
}

/// A long call that has a checkpoint: it has stopped there and goes on in the next worker,
/// or it runs and would go on from there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuspendedCall {
    /// The client that asked.
    pub client: String,
    /// The tool.
    pub tool: String,
    /// How far it is and whether it has stopped, in a sentence.
    pub checkpoint: String,
    /// When the checkpoint was written, RFC 3339.
    pub at: String,
}

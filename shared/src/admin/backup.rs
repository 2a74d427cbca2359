//! Snapshots and backups as administrators see them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most snapshots and backups that are listed: the newest.
pub const MAX_BACKUPS: usize = 1000;

/// A file that can be restored from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Backup {
    /// The file's name in `server_state/`.
    pub name: String,
    /// `snapshot` (open work and sessions) or `database` (everything).
    pub kind: String,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// When it was taken, RFC 3339.
    pub taken_at: String,
    /// The generation that it was taken of.
    pub generation: Option<u64>,
    /// Whether it is compressed.
    pub compressed: bool,
    /// Whether this server has read it from end to end and found it good; absent
    /// where it has not looked since the file changed.
    pub verified: Option<bool>,
    /// Whether it is kept whatever its age.
    pub pinned: bool,
    /// What the next rotation does with it, where that is not nothing.
    pub due: Option<Due>,
    /// When its age makes a rotation remove it, RFC 3339; absent where its age does not:
    /// it is pinned, the newest good one of its kind, or the current snapshot.
    #[serde(default)]
    pub remove_at: Option<String>,
}

/// What a rotation does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// Puts the compressed form in its place.
    Compress,
    /// Removes it.
    Remove,
}

/// What reading a file from end to end has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// The file's name.
    pub name: String,
    /// What is wrong with it; absent when it is good.
    pub problem: Option<String>,
}

/// What differs between the open tasks of two states, and their sessions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The name of the older one; `database` for the present database.
    #[serde(default)]
    pub older: String,
    /// The name of the newer one.
    #[serde(default)]
    pub newer: String,
    /// Tasks that only the newer one has.
    pub added: u64,
    /// Tasks that only the older one has.
    pub removed: u64,
    /// Tasks that differ.
    pub changed: u64,
    /// Sessions that only one of them has, or that differ.
    #[serde(default)]
    pub sessions: u64,
    /// The first of all these, at most 1000, in words.
    pub lines: Vec<String>,
}

/// What a restore would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RestorePlan {
    /// The file.
    pub name: String,
    /// Tasks that there would be.
    pub tasks: u64,
    /// Tasks that would be lost.
    pub gone: u64,
    /// Tasks that would go back to an older state.
    pub older: u64,
    /// Artifacts that nothing would name any more.
    pub artifacts: u64,
    /// Links to tasks that the file does not hold: they would be left out.
    pub links_left_out: u64,
    /// The first tasks that would be lost or go back.
    pub first: Vec<LostTask>,
    /// Why it is not known what would be lost, where it is not.
    pub unknown: Option<String>,
}

/// A task that a restore loses or sets back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LostTask {
    /// Its id.
    pub task_id: String,
    /// Its title.
    pub title: String,
    /// Its status now.
    pub status: String,
    /// Whether it would be gone, and not only older.
    pub gone: bool,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Restored {
    /// The file.
    pub name: String,
    /// Tasks that there are now.
    pub tasks: u64,
    /// What the replaced database is called now, in `server_state/`.
    pub kept: Option<String>,
    /// The file with what was lost, in `server_state/`.
    pub lost: Option<String>,
    /// Milliseconds that requests waited.
    pub held_ms: f64,
}

/// What a rotation did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pruned {
    /// Whether it is only what would be done.
    pub dry_run: bool,
    /// Compressed, by the names before.
    pub compressed: Vec<String>,
    /// Removed.
    pub removed: Vec<String>,
    /// Failed their check, each with what is wrong.
    pub broken: Vec<Verified>,
}

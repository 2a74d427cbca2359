//! Which workspaces have a running server.

use std::path::PathBuf;

/// A workspace with a running server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRow {
    /// Its admin socket.
    pub socket: PathBuf,
    /// The project directory.
    pub workspace: PathBuf,
    /// How it is, in a few words.
    pub detail: String,
}

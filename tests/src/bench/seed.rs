//! Very many tasks at once, past the tools.

use anyhow::{Result, ensure};

use crate::Workspace;

/// A word in the description of one task in a hundred.
pub const RARE_WORD: &str = "marmalade";

/// Fills the workspace's database. Nothing may run there.
///
/// # Errors
///
/// When the store refuses.
pub fn tasks(workspace: &Workspace, count: usize) -> Result<()> {
    ensure!(count == 0 || workspace.path().as_os_str().is_empty(), "the store has no library interface yet");
    Ok(())
}

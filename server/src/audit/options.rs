//! Where the audit is, and how much of it is kept.

use std::path::{Path, PathBuf};

use crate::config;
use crate::workspace::Workspace;

/// Where the audit is, and how much of it is kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory of the files, `audit/` in the workspace.
    pub directory: PathBuf,
    /// The key, where it is not in that directory.
    pub key_file: Option<PathBuf>,
    /// Bytes from which on the next file is begun.
    pub max_file_size: u64,
    /// Older files that are kept.
    pub files: u32,
}

impl Options {
    /// As configured.
    pub fn of(workspace: &Workspace, config: &config::Audit) -> Self {
        Self {
            directory: workspace.audit(),
            key_file: config.key_file.clone(),
            max_file_size: config.max_file_size.bytes(),
            files: config.files,
        }
    }

    /// The key's file.
    pub fn key(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| self.directory.join("key"))
    }

    /// The file that is written.
    pub(super) fn current(&self) -> PathBuf {
        current(&self.directory)
    }
}

/// The file that is written, in this directory.
pub(super) fn current(directory: &Path) -> PathBuf {
    directory.join(super::files::CURRENT)
}

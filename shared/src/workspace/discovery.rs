//! Which directory is the workspace's root. Looks, and creates nothing.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{env, fmt, fs, io};

use super::{DIRECTORY_NAME, WorkspaceError};

/// Environment variable that names the root.
pub const WORKSPACE_VARIABLE: &str = "MCP_TASK_ORCHESTRATOR_WORKSPACE";

/// What the search depends on, taken from the process once so that tests can
/// give their own.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The value of [`WORKSPACE_VARIABLE`]; empty counts as not set.
    pub workspace_variable: Option<OsString>,
    /// Where the search upwards starts.
    pub current_dir: PathBuf,
    /// `XDG_RUNTIME_DIR`, the first choice for sockets that do not fit in `run/`.
    pub runtime_dir: Option<PathBuf>,
    /// The second choice. `/tmp` and not `TMPDIR`, which differs between the
    /// processes that have to meet here.
    pub temporary_dir: PathBuf,
}

impl Surroundings {
    /// Those of this process.
    ///
    /// # Errors
    /// When the current directory has been removed or cannot be read.
    pub fn of_process() -> io::Result<Self> {
        Ok(Self {
            workspace_variable: env::var_os(WORKSPACE_VARIABLE),
            current_dir: env::current_dir()?,
            runtime_dir: env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute()),
            temporary_dir: PathBuf::from("/tmp"),
        })
    }
}

/// Which rule found the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// `--workspace`.
    Flag,
    /// [`WORKSPACE_VARIABLE`].
    Environment,
    /// The nearest directory upwards that already is a workspace.
    ExistingWorkspace,
    /// The nearest directory upwards with a `.git`.
    GitRoot,
    /// Nothing else applied.
    CurrentDirectory,
}

impl fmt::Display for FoundBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Flag => "--workspace",
            Self::Environment => WORKSPACE_VARIABLE,
            Self::ExistingWorkspace => "an existing workspace",
            Self::GitRoot => "the git root",
            Self::CurrentDirectory => "the current directory",
        })
    }
}

pub(super) fn find_root(
    flag: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<(PathBuf, FoundBy), WorkspaceError> {
    let variable = surroundings.workspace_variable.as_deref().filter(|value| !value.is_empty());
    let start = &surroundings.current_dir;
    let (root, found_by) = if let Some(named) = flag {
        (start.join(named), FoundBy::Flag)
    } else if let Some(named) = variable {
        (start.join(named), FoundBy::Environment)
    } else if let Some(existing) = start.ancestors().find(|directory| is_workspace(directory)) {
        (existing.to_owned(), FoundBy::ExistingWorkspace)
    } else if let Some(git) = start.ancestors().find(|directory| directory.join(".git").exists()) {
        (git.to_owned(), FoundBy::GitRoot)
    } else {
        (start.clone(), FoundBy::CurrentDirectory)
    };
    // Canonical, because two spellings of one directory must meet at one socket.
    let canonical = fs::canonicalize(&root).ok().filter(|path| path.is_dir());
    canonical.map(|path| (path, found_by)).ok_or(WorkspaceError::NotADirectory { path: root, found_by })
}

/// Another user's `.task_orchestrator` is passed by: otherwise one in `/tmp`
/// would capture everybody who works below it.
fn is_workspace(directory: &Path) -> bool {
    fs::symlink_metadata(directory.join(DIRECTORY_NAME))
        .is_ok_and(|found| found.is_dir() && found.uid() == rustix::process::geteuid().as_raw())
}

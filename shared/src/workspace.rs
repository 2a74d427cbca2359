//! Where a project keeps its tasks: finding `.task_orchestrator/`, naming what
//! is in it, and making it so that nobody else can read it.
//!
//! Every path under the workspace is spelled here and nowhere else. It must
//! never follow a symbolic link to, or adopt, a directory of another user.

mod admin_place;
mod discovery;
mod private_dir;
mod sockets;

use std::path::{Path, PathBuf};
use std::{fs, io};

use thiserror::Error;

pub use admin_place::ADMIN_SOCKET_VARIABLE;
use admin_place::Record;
pub use discovery::{FoundBy, Surroundings, WORKSPACE_VARIABLE};
pub use private_dir::{FILE_MODE, open_private_append, replace_private_file, write_new_private_file};
pub use sockets::MAX_SOCKET_PATH_BYTES;

/// Name of the directory that marks a workspace.
pub const DIRECTORY_NAME: &str = ".task_orchestrator";

/// Why a workspace cannot be used. Every message names the path and what to do.
#[derive(Debug, Error)]
pub enum WorkspaceError {
    /// The directory that was asked for by name is not there.
    #[error("workspace {path} (from {found_by}) is not an existing directory: create it or name another one")]
    NotADirectory {
        /// What was asked for.
        path: PathBuf,
        /// Who asked for it.
        found_by: FoundBy,
    },
    /// A directory of ours is a symbolic link or not a directory at all.
    #[error(
        "{path} is a symbolic link or not a directory: remove it, or choose another place with --workspace"
    )]
    NotOurKind {
        /// The directory in question.
        path: PathBuf,
    },
    /// A directory of ours belongs to another user.
    #[error(
        "{path} belongs to user {owner}, not to user {user}: run as its owner, or choose another place with --workspace"
    )]
    ForeignOwner {
        /// The directory in question.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
        /// This process's user id.
        user: u32,
    },
    /// No directory whose sockets would have a path that the system accepts.
    #[error(
        "no place for sockets: {path} is longer than the {MAX_SOCKET_PATH_BYTES} bytes a socket path may have; set XDG_RUNTIME_DIR to a shorter one"
    )]
    SocketPathTooLong {
        /// The last place that was tried.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl WorkspaceError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// One project's place: its root and everything under `.task_orchestrator/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    root: PathBuf,
    dir: PathBuf,
    sockets: PathBuf,
    group_socket: PathBuf,
    named_socket: Option<PathBuf>,
    found_by: FoundBy,
}

impl Workspace {
    /// Finds the workspace: `flag`, then the environment, then the nearest
    /// existing one upwards, then the git root, then the current directory.
    /// Nothing is created.
    ///
    /// # Errors
    /// [`WorkspaceError::NotADirectory`] when what was named does not exist, or
    /// when sockets would have no safe place.
    pub fn discover(flag: Option<&Path>, surroundings: &Surroundings) -> Result<Self, WorkspaceError> {
        let (root, found_by) = discovery::find_root(flag, surroundings)?;
        let dir = root.join(DIRECTORY_NAME);
        let owner = admin_place::owner_of(&dir);
        let sockets = sockets::locate(&root, &dir.join("run"), owner, surroundings)?;
        let owner = owner.unwrap_or_else(|| rustix::process::geteuid().as_raw());
        let group_socket = admin_place::for_group(&root, owner, &surroundings.temporary_dir);
        Ok(Self { root, dir, sockets, group_socket, named_socket: None, found_by })
    }

    /// Makes every directory (0700) that is missing, closes those that are open
    /// to others, and keeps the workspace out of the project's version control.
    /// Safe to call from several processes at once.
    ///
    /// # Errors
    /// A directory that is a symbolic link or another user's, or the system's
    /// refusal.
    pub fn create(&mut self, surroundings: &Surroundings) -> Result<(), WorkspaceError> {
        private_dir::ensure(&self.dir)?;
        for directory in
            [self.roles(), self.artifacts(), self.server_state(), self.logs(), self.audit(), self.run()]
        {
            private_dir::ensure(&directory)?;
        }
        let ignore = self.dir.join(".gitignore");
        if !fs::exists(&ignore).map_err(WorkspaceError::io("look at", &ignore))? {
            private_dir::write_new_private_file(&ignore, b"*\n")
                .map_err(WorkspaceError::io("write", &ignore))?;
        }
        self.sockets = sockets::prepare(&self.root, &self.run(), surroundings)?;
        Ok(())
    }

    /// The project's directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `.task_orchestrator/` in the root.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// How the root was found, for `config show` and logs.
    pub fn found_by(&self) -> FoundBy {
        self.found_by
    }

    /// The configuration; need not exist.
    pub fn config_file(&self) -> PathBuf {
        self.dir.join("config.toml")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.dir.join("task_orchestrator.db")
    }

    /// The user's role definitions (`*.yaml`).
    pub fn roles(&self) -> PathBuf {
        self.dir.join("roles")
    }

    /// Artifact files, named by their content.
    pub fn artifacts(&self) -> PathBuf {
        self.dir.join("artifacts")
    }

    /// Snapshots and database backups.
    pub fn server_state(&self) -> PathBuf {
        self.dir.join("server_state")
    }

    /// Log files.
    pub fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    /// The audit trail.
    pub fn audit(&self) -> PathBuf {
        self.dir.join("audit")
    }

    /// The tokens of clients on the network, without their secrets.
    pub fn tokens(&self) -> PathBuf {
        self.dir.join("tokens.json")
    }

    /// What belongs to the running processes only.
    pub fn run(&self) -> PathBuf {
        self.dir.join("run")
    }

    /// Held locked by the front as long as it lives.
    pub fn front_lock(&self) -> PathBuf {
        self.run().join("front.lock")
    }

    /// Where the shims connect. In `run/`, or where `run/location` points when
    /// that path is too long for a socket.
    pub fn client_socket(&self) -> PathBuf {
        self.sockets.join("client.sock")
    }

    /// Where consoles and commands connect: what was named by hand, else what the
    /// owner's server has recorded, else the usual place. Who cannot see the record is
    /// another user, and for that one there is only the place for a group. Looked up
    /// each time, because the next server may have another configuration.
    pub fn admin_socket(&self) -> PathBuf {
        if let Some(named) = &self.named_socket {
            return named.clone();
        }
        match admin_place::recorded(&self.run()) {
            Record::At(place) => place,
            Record::None => self.private_admin_socket(),
            Record::Unreadable => self.group_admin_socket(),
        }
    }

    /// The admin socket that only the owner can open. In the same directory as the
    /// client socket.
    pub fn private_admin_socket(&self) -> PathBuf {
        self.sockets.join(admin_place::SOCKET_NAME)
    }

    /// The admin socket that a group can open. Its place follows from the root's path
    /// and the owner, so that the members find it.
    pub fn group_admin_socket(&self) -> PathBuf {
        self.group_socket.clone()
    }

    /// For commands: asks this socket, whatever the workspace has. The server takes
    /// no notice of it.
    #[must_use]
    pub fn with_admin_socket(self, named: PathBuf) -> Self {
        Self { named_socket: Some(named), ..self }
    }

    /// Whose server has to be at the other end of the admin socket: the owner of the
    /// workspace. `None` where there is no workspace yet, or where the socket was named
    /// by hand and may be another workspace's.
    pub fn owner(&self) -> Option<u32> {
        if self.named_socket.is_some() { None } else { admin_place::owner_of(&self.dir) }
    }

    /// Writes down for the owner's commands where the admin socket is; `None` for its
    /// private place.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn record_admin_socket(&self, socket: Option<&Path>) -> io::Result<()> {
        admin_place::record(&self.run(), socket)
    }
}

#[cfg(test)]
mod tests;

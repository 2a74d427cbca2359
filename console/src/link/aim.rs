//! Which server is meant, and as whom it is asked. Looks for it anew at each attempt.

use std::env;
use std::path::{Path, PathBuf};

use task_orchestrator_shared::client::{Socket, Target};
use task_orchestrator_shared::role::Role;
use task_orchestrator_shared::workspace::{ADMIN_SOCKET_VARIABLE, Surroundings, Workspace, WorkspaceError};

use crate::model;
use crate::targets::TargetRow;

/// What the console calls itself.
pub const CLIENT: &str = concat!("task-orchestrator-console ", env!("CARGO_PKG_VERSION"));

/// Which server is meant, and as whom it is asked.
#[derive(Debug, Clone)]
pub struct Aim {
    place: Place,
    role: Option<Role>,
    read_only: bool,
}

#[derive(Debug, Clone)]
enum Place {
    /// Wherever this workspace's server has its socket at the time.
    Workspace(Box<Workspace>),
    /// Of a directory that cannot be looked at.
    Socket { socket: PathBuf, workspace: PathBuf },
}

impl Aim {
    /// The server of the workspace that is named, or found as every command finds it.
    /// A socket named by hand, here or by the variable, weighs more.
    ///
    /// # Errors
    ///
    /// A directory that is not there, or whose sockets would have no safe place.
    pub fn find(workspace: Option<&Path>, socket: Option<PathBuf>) -> Result<Self, WorkspaceError> {
        let surroundings = Surroundings::of_process().map_err(|source| WorkspaceError::Io {
            action: "find",
            path: PathBuf::from("."),
            source,
        })?;
        let found = Workspace::discover(workspace, &surroundings)?;
        let variable = || env::var_os(ADMIN_SOCKET_VARIABLE).filter(|value| !value.is_empty());
        let found = match socket.or_else(|| variable().map(PathBuf::from)) {
            Some(socket) => found.with_admin_socket(socket),
            None => found,
        };
        Ok(Self { place: Place::Workspace(Box::new(found)), role: None, read_only: false })
    }

    /// The same in a lower role, or only to look.
    #[must_use]
    pub fn lowered(self, role: Option<Role>, read_only: bool) -> Self {
        Self { role, read_only, ..self }
    }

    /// The same user's way of looking at another server.
    #[must_use]
    pub fn at(&self, row: &TargetRow) -> Self {
        let found = Surroundings::of_process()
            .ok()
            .and_then(|surroundings| Workspace::discover(Some(&row.workspace), &surroundings).ok());
        let place = match found {
            // Where it is looked for the next time too, for a restart may move it.
            Some(found) if found.admin_socket() == row.socket => Place::Workspace(Box::new(found)),
            _ => Place::Socket { socket: row.socket.clone(), workspace: row.workspace.clone() },
        };
        Self { place, ..self.clone() }
    }

    /// The project directory.
    pub fn workspace(&self) -> &Path {
        match &self.place {
            Place::Workspace(workspace) => workspace.root(),
            Place::Socket { workspace, .. } => workspace,
        }
    }

    /// The same for the model, before the server has said what it is.
    pub fn target(&self) -> model::Target {
        model::Target::of(self.workspace().to_owned())
    }

    /// The roles to ask for, one after the other while they are denied. Who only wants
    /// to look asks for the role that sees all and changes nothing; where less than
    /// that is granted, for the least.
    pub(super) fn roles(&self) -> Vec<Option<Role>> {
        match (self.role, self.read_only) {
            (role, false) => vec![role],
            (Some(Role::Readonly), true) => vec![Some(Role::Readonly)],
            (_, true) => vec![Some(Role::Monitor), Some(Role::Readonly)],
        }
    }

    /// Where the server is, and how to greet it.
    pub(super) fn greeting(&self, role: Option<Role>) -> Target {
        match &self.place {
            Place::Workspace(workspace) => {
                let (owner, at) = (workspace.owner(), workspace.clone());
                Target::new(Socket::found_by(move || at.admin_socket()), CLIENT).in_role(role).owned_by(owner)
            }
            Place::Socket { socket, .. } => Target::new(socket.clone(), CLIENT).in_role(role),
        }
    }
}

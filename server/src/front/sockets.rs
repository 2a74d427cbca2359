//! The front's two sockets: where they are bound, and what is left of them at the end.
//! It accepts nothing. Only who holds the front's lock may call it, for it replaces
//! what a dead front has left behind.

use std::path::{Path, PathBuf};
use std::{fs, io};

use tokio::net::UnixListener;

use super::FrontError;
use crate::access::SocketGroup;
use crate::private_socket::{self, GroupSocketError};
use crate::workspace::Workspace;

/// The sockets, bound.
pub(super) struct Sockets {
    /// Where shims connect.
    pub(super) clients: UnixListener,
    /// Where administrators connect.
    pub(super) admins: UnixListener,
    /// What is to be removed at the end.
    pub(super) places: SocketPlaces,
}

/// Where the sockets are.
#[derive(Debug, Clone)]
pub(super) struct SocketPlaces {
    private: Vec<PathBuf>,
    of_group: Option<PathBuf>,
}

/// Binds both. What another configuration has left is taken away, so that nobody
/// finds an admin socket that nobody serves.
pub(super) fn open(workspace: &Workspace, group: Option<&SocketGroup>) -> Result<Sockets, FrontError> {
    let clients = bound(&workspace.client_socket())?;
    let (private, shared) = (workspace.private_admin_socket(), workspace.group_admin_socket());
    let (admins, places) = if let Some(group) = group {
        let admins = private_socket::bind_for_group(&shared, group)?;
        remove(&private).map_err(failed("remove", &private))?;
        let places =
            SocketPlaces { private: vec![workspace.client_socket()], of_group: Some(shared.clone()) };
        (admins, places)
    } else {
        // Somebody else's of this name is no business of ours as long as it is not needed.
        match private_socket::remove_group_socket(&shared) {
            Ok(()) | Err(GroupSocketError::Foreign { .. }) => {}
            Err(error) => tracing::warn!(%error, "the admin socket of a group cannot be removed"),
        }
        let places =
            SocketPlaces { private: vec![workspace.client_socket(), private.clone()], of_group: None };
        (bound(&private)?, places)
    };
    let recorded = group.map(|_| shared.as_path());
    workspace.record_admin_socket(recorded).map_err(failed("write", &workspace.run()))?;
    Ok(Sockets { clients, admins, places })
}

impl SocketPlaces {
    /// Removes them: whoever connects from here on starts the next front.
    pub(super) fn remove(&self) -> Result<(), FrontError> {
        self.private.iter().try_for_each(|socket| remove(socket).map_err(failed("remove", socket)))?;
        let of_group = self.of_group.as_deref();
        Ok(of_group.map_or(Ok(()), private_socket::remove_group_socket)?)
    }
}

fn bound(path: &Path) -> Result<UnixListener, FrontError> {
    private_socket::bind(path).map_err(failed("listen on", path))
}

fn remove(socket: &Path) -> io::Result<()> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FrontError {
    let path = path.to_owned();
    move |source| FrontError::File { action, path, source }
}

#[cfg(test)]
mod tests;

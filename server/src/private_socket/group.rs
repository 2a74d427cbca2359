//! A socket that a group can open as well, in a directory of its own in a place that
//! everybody can write to.
//!
//! It must never change, follow or remove what another user has put there, and the
//! directory is never open to the group while what is in it is not as it should be.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, OFlags};
use thiserror::Error;
use tokio::net::UnixListener;

use crate::access::SocketGroup;

const CLOSED: Mode = Mode::RWXU;
const OPEN_TO_GROUP: Mode = Mode::RWXU.union(Mode::RGRP).union(Mode::XGRP);
const SOCKET: Mode = Mode::RUSR.union(Mode::WUSR).union(Mode::RGRP).union(Mode::WGRP);

/// Why a group's socket cannot be had.
#[derive(Debug, Error)]
pub enum GroupSocketError {
    /// Something of another user, or of another kind, has the name.
    #[error(
        "{path} is {what}: have it removed (its owner or root can), or take access.socket_group out of the configuration"
    )]
    Foreign {
        /// What has the name.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// Whoever can write there could exchange the directory for another one.
    #[error(
        "{path} belongs to another user, or others can write to it and it is not sticky, so no socket in it can be trusted: give it to root with the mode 1777"
    )]
    Unsafe {
        /// The directory above.
        path: PathBuf,
    },
    /// Only a member, or root, can give something to a group.
    #[error(
        "{path} cannot be given to the group {group}, of which user {user} is no member: add the user to it and log in anew, or set access.socket_group to another one"
    )]
    NotAMember {
        /// What should be the group's.
        path: PathBuf,
        /// The group.
        group: String,
        /// This process's user.
        user: u32,
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

impl GroupSocketError {
    fn io<E: Into<io::Error>>(action: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source: source.into() }
    }

    fn foreign(path: &Path, what: impl Into<String>) -> Self {
        Self::Foreign { path: path.to_owned(), what: what.into() }
    }
}

/// Binds the socket, 0660 in a directory 0750, both of that group. The directory is
/// made, or closed first when it is there from before; a socket in it is replaced:
/// the caller knows that nobody else may listen there.
///
/// # Errors
///
/// [`GroupSocketError`]. The directory is then closed to the group, if it is ours.
pub(crate) fn bind_for_group(socket: &Path, group: &SocketGroup) -> Result<UnixListener, GroupSocketError> {
    bind_step_by_step(socket, group, |_| {})
}

/// `done` is told after each step; a test looks at what others could do then.
fn bind_step_by_step(
    socket: &Path,
    group: &SocketGroup,
    mut done: impl FnMut(&'static str),
) -> Result<UnixListener, GroupSocketError> {
    let (path, name) = parts(socket)?;
    let directory = closed_directory(path)?;
    done("directory closed");
    remove_old(socket)?;
    done("old socket removed");
    let gid = Some(Gid::from_raw(group.id));
    rustix::fs::fchown(&directory, None, gid).map_err(|error| refused(path, group, error))?;
    done("directory given to the group");
    let listener = UnixListener::bind(socket).map_err(GroupSocketError::io("listen on", socket))?;
    done("socket bound");
    rustix::fs::chownat(&directory, name, None, gid, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|error| refused(socket, group, error))?;
    done("socket given to the group");
    // Not by a link either: the directory is still ours alone.
    rustix::fs::chmodat(&directory, name, SOCKET, AtFlags::empty())
        .map_err(GroupSocketError::io("open to its group", socket))?;
    done("socket opened");
    rustix::fs::fchmod(&directory, OPEN_TO_GROUP).map_err(GroupSocketError::io("open to its group", path))?;
    done("directory opened");
    Ok(listener)
}

/// Removes the socket and its directory, if both are ours. That nothing is there is
/// no error.
///
/// # Errors
///
/// What is there is not ours, or the system refuses.
pub(crate) fn remove_group_socket(socket: &Path) -> Result<(), GroupSocketError> {
    let (path, _) = parts(socket)?;
    let Some(found) = look(path)? else { return Ok(()) };
    check_directory(path, &found)?;
    remove_old(socket)?;
    fs::remove_dir(path).map_err(GroupSocketError::io("remove", path))
}

fn parts(socket: &Path) -> Result<(&Path, &OsStr), GroupSocketError> {
    let nameless = || io::Error::new(io::ErrorKind::InvalidInput, "a socket needs a name in a directory");
    socket
        .parent()
        .zip(socket.file_name())
        .ok_or_else(nameless)
        .map_err(GroupSocketError::io("listen on", socket))
}

/// The directory, ours and 0700. Held open, so that what is checked is what is changed.
fn closed_directory(path: &Path) -> Result<OwnedFd, GroupSocketError> {
    check_above(path)?;
    match fs::DirBuilder::new().mode(CLOSED.as_raw_mode()).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(GroupSocketError::io("create", path)(error));
        }
        _ => {}
    }
    // By its name first, because another user's could not even be opened.
    match look(path)? {
        Some(found) => check_directory(path, &found)?,
        None => return Err(GroupSocketError::io("open", path)(io::Error::from(io::ErrorKind::NotFound))),
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    let directory =
        rustix::fs::open(path, flags, Mode::empty()).map_err(GroupSocketError::io("open", path))?;
    let opened = rustix::fs::fstat(directory.as_fd()).map_err(GroupSocketError::io("look at", path))?;
    if opened.st_uid != user() {
        return Err(GroupSocketError::foreign(path, format!("a directory of user {}", opened.st_uid)));
    }
    rustix::fs::fchmod(&directory, CLOSED).map_err(GroupSocketError::io("restrict", path))?;
    Ok(directory)
}

/// In a directory that others can write to, only the sticky bit keeps them from
/// putting another one in the place of ours.
fn check_above(path: &Path) -> Result<(), GroupSocketError> {
    let above = path.parent().unwrap_or(Path::new("/"));
    let found = fs::metadata(above).map_err(GroupSocketError::io("look at", above))?;
    let mode = Mode::from_raw_mode(found.mode());
    let others_write = mode.intersects(Mode::WGRP | Mode::WOTH) && !mode.contains(Mode::SVTX);
    if others_write || (found.uid() != 0 && found.uid() != user()) {
        return Err(GroupSocketError::Unsafe { path: above.to_owned() });
    }
    Ok(())
}

fn check_directory(path: &Path, found: &Metadata) -> Result<(), GroupSocketError> {
    if !found.is_dir() {
        let what = if found.is_symlink() { "a symbolic link" } else { "not a directory" };
        return Err(GroupSocketError::foreign(path, what));
    }
    if found.uid() != user() {
        return Err(GroupSocketError::foreign(path, format!("a directory of user {}", found.uid())));
    }
    Ok(())
}

fn remove_old(socket: &Path) -> Result<(), GroupSocketError> {
    let Some(found) = look(socket)? else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(GroupSocketError::foreign(socket, "not a socket"));
    }
    if found.uid() != user() {
        return Err(GroupSocketError::foreign(socket, format!("a socket of user {}", found.uid())));
    }
    fs::remove_file(socket).map_err(GroupSocketError::io("remove", socket))
}

fn look(path: &Path) -> Result<Option<Metadata>, GroupSocketError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(GroupSocketError::io("look at", path)(error)),
    }
}

fn refused(path: &Path, group: &SocketGroup, error: rustix::io::Errno) -> GroupSocketError {
    if error == rustix::io::Errno::PERM {
        let (path, group) = (path.to_owned(), group.name.clone());
        return GroupSocketError::NotAMember { path, group, user: user() };
    }
    GroupSocketError::io("give to its group", path)(error)
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests;

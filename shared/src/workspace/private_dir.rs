//! Directories that only their owner can enter, and files that only their owner
//! can read. It must never chmod or accept what belongs to somebody else.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::WorkspaceError;

/// Mode of every file that the program creates in the workspace.
pub const FILE_MODE: u32 = 0o600;

const DIRECTORY_MODE: u32 = 0o700;

/// Makes `path` if it is missing; its parent must exist.
pub(super) fn ensure(path: &Path) -> Result<(), WorkspaceError> {
    match DirBuilder::new().mode(DIRECTORY_MODE).create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => close_to_others(path),
        Err(error) => Err(WorkspaceError::io("create", path)(error)),
    }
}

/// Checks kind and owner, without changing anything.
pub(super) fn check(path: &Path) -> Result<u32, WorkspaceError> {
    let found = fs::symlink_metadata(path).map_err(WorkspaceError::io("look at", path))?;
    if !found.is_dir() {
        return Err(WorkspaceError::NotOurKind { path: path.to_owned() });
    }
    let user = rustix::process::geteuid().as_raw();
    if found.uid() != user {
        return Err(WorkspaceError::ForeignOwner { path: path.to_owned(), owner: found.uid(), user });
    }
    Ok(found.mode())
}

fn close_to_others(path: &Path) -> Result<(), WorkspaceError> {
    if check(path)? & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(DIRECTORY_MODE))
        .map_err(WorkspaceError::io("restrict", path))
}

/// Writes a file (0600) that appears under its name only when it is complete. Not
/// waiting for the disk: for what can be made again.
/// One that exists already, because another process was faster, is left alone;
/// returns whether this one was written.
///
/// # Errors
/// The system's refusal to write it.
pub fn write_new_private_file(path: &Path, content: &[u8]) -> io::Result<bool> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(parent)?;
    file.write_all(content)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(refused) => Err(refused.error),
    }
}

/// Replaces a file (0600) whole; on the disk when it returns.
///
/// # Errors
/// The system's refusal.
pub fn replace_private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut file =
        tempfile::Builder::new().permissions(Permissions::from_mode(FILE_MODE)).tempfile_in(parent)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|refused| refused.error)?;
    fs::File::open(parent)?.sync_all()
}

/// Opens a file for appending, creating it 0600.
///
/// # Errors
/// The system's refusal.
pub fn open_private_append(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().append(true).create(true).mode(FILE_MODE).open(path)
}

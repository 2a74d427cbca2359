//! Where the admin socket is: beside the clients' one, or, when a group may open it, in
//! a directory that others can reach. Names places, and makes none but the record.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::private_dir;
use super::sockets::{MAX_SOCKET_PATH_BYTES, name_of};

/// Environment variable that names the admin socket, for commands that ask a server.
pub const ADMIN_SOCKET_VARIABLE: &str = "MCP_TASK_ORCHESTRATOR_ADMIN_SOCKET";

/// In `run/`: where the admin socket is when it is not beside the clients' one.
const RECORD: &str = "admin_location";

/// Its name in whatever directory.
pub(super) const SOCKET_NAME: &str = "admin.sock";

/// What the owner's processes have written down.
pub(super) enum Record {
    /// The socket is there.
    At(PathBuf),
    /// It is in its usual place.
    None,
    /// Only its owner can read that.
    Unreadable,
}

/// The place for a group. Everybody can work it out from what everybody can see: the
/// path of the root and who owns the workspace.
pub(super) fn for_group(root: &Path, owner: u32, temporary_dir: &Path) -> PathBuf {
    temporary_dir.join(format!("task-orchestrator-admin-{owner}-{}", name_of(root))).join(SOCKET_NAME)
}

/// The owner of the workspace's directory, which must be a real one.
pub(super) fn owner_of(dir: &Path) -> Option<u32> {
    fs::symlink_metadata(dir).ok().filter(|found| found.is_dir()).map(|found| found.uid())
}

/// What is recorded. A record that makes no sense counts as none.
pub(super) fn recorded(run: &Path) -> Record {
    let file = match File::open(run.join(RECORD)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Record::Unreadable,
        Err(_) => return Record::None,
    };
    let mut content = Vec::new();
    let longest = MAX_SOCKET_PATH_BYTES as u64 + 1;
    if file.take(longest).read_to_end(&mut content).is_err() || content.len() > MAX_SOCKET_PATH_BYTES {
        return Record::None;
    }
    let place = PathBuf::from(std::ffi::OsStr::from_bytes(content.trim_ascii()));
    if place.is_absolute() { Record::At(place) } else { Record::None }
}

/// Writes down where the socket is, for the owner's own commands; `None` for its usual place.
pub(super) fn record(run: &Path, socket: Option<&Path>) -> io::Result<()> {
    let path = run.join(RECORD);
    match socket {
        Some(socket) => private_dir::replace_private_file(&path, socket.as_os_str().as_bytes()),
        None => match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    }
}

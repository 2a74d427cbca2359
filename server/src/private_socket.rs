//! Listening on a socket that only this user can open, or a group as well.

mod group;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use tokio::net::UnixListener;
use tokio::time::Instant;

pub use group::GroupSocketError;
pub(crate) use group::{bind_for_group, remove_group_socket};

/// After a connection could not be accepted, the next attempt waits so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Binds the socket, 0600, in a directory that only this user can enter: until the
/// mode is set, that is what keeps others out. Replaces what is in its place: the
/// caller knows that nobody else may listen there.
///
/// # Errors
///
/// What is in its place cannot be removed, or the system refuses the socket.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Not by the umask: that is the whole process's, and other threads make files.
    let bound = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(bound)
}

/// Waits a little after a connection could not be accepted: what is short
/// (descriptors, memory) will still be short at once, and a loop without a
/// pause would take the processor as well.
pub(crate) async fn pause_after(error: &io::Error) {
    tracing::error!(%error, "cannot accept a connection");
    tokio::time::sleep_until(Instant::now() + ACCEPT_PAUSE).await;
}

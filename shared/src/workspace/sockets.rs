//! Where the sockets are. A socket's path may have about a hundred bytes, so a
//! deep project gets its sockets elsewhere and `run/location` says where.
//! It must never hand out a place in a directory that another user controls.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::discovery::Surroundings;
use super::{WorkspaceError, admin_place, private_dir};

/// Longest path of a socket. The systems' own limits are 108 bytes (Linux) and
/// 104 (macOS), the final NUL included; the rest is margin.
pub const MAX_SOCKET_PATH_BYTES: usize = 100;

const LONGEST_NAME: &str = "client.sock";

/// The directory as it stands. What is there is checked, nothing is made.
pub(super) fn locate(
    root: &Path,
    run: &Path,
    owner: Option<u32>,
    surroundings: &Surroundings,
) -> Result<PathBuf, WorkspaceError> {
    if fits(run) {
        return Ok(run.to_owned());
    }
    let place = match recorded(run) {
        Some(place) => place,
        None => candidates(root, surroundings)
            .into_iter()
            .find(|candidate| fits(candidate))
            .ok_or_else(|| WorkspaceError::SocketPathTooLong { path: run.to_owned() })?,
    };
    // Another user's workspace is looked at as well, by somebody who only wants its
    // admin socket; nothing is made there, for `prepare` accepts this user's only.
    let is_the_owners = owner.is_some() && admin_place::owner_of(&place) == owner;
    if fs::symlink_metadata(&place).is_ok() && !is_the_owners {
        private_dir::check(&place)?;
    }
    Ok(place)
}

/// The directory, made and owned by this user, and recorded for those who come
/// later with other surroundings (a cron job has no runtime directory).
pub(super) fn prepare(
    root: &Path,
    run: &Path,
    surroundings: &Surroundings,
) -> Result<PathBuf, WorkspaceError> {
    if fits(run) {
        return Ok(run.to_owned());
    }
    let location = run.join("location");
    if let Some(place) = recorded(run)
        && make(&place).is_ok()
    {
        return Ok(place);
    }
    let had_record = fs::exists(&location).unwrap_or(false);
    let mut refusal = WorkspaceError::SocketPathTooLong { path: run.to_owned() };
    for candidate in candidates(root, surroundings).into_iter().filter(|candidate| fits(candidate)) {
        match make(&candidate) {
            Ok(()) => {
                let content = candidate.as_os_str().as_bytes();
                // A record whose place cannot be used (the runtime directory went
                // with the login session) is replaced; without one, the first
                // of several processes decides.
                let written = if had_record {
                    private_dir::replace_private_file(&location, content)
                } else {
                    private_dir::write_new_private_file(&location, content).map(drop)
                };
                written.map_err(WorkspaceError::io("write", &location))?;
                return Ok(recorded(run).unwrap_or(candidate));
            }
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

fn fits(directory: &Path) -> bool {
    directory.as_os_str().len() + 1 + LONGEST_NAME.len() <= MAX_SOCKET_PATH_BYTES
}

fn recorded(run: &Path) -> Option<PathBuf> {
    let content = fs::read(run.join("location")).ok()?;
    let place = PathBuf::from(std::ffi::OsStr::from_bytes(content.trim_ascii()));
    (place.is_absolute() && fits(&place)).then_some(place)
}

fn candidates(root: &Path, surroundings: &Surroundings) -> Vec<PathBuf> {
    let name = name_of(root);
    let user = rustix::process::geteuid().as_raw();
    let shared = surroundings.temporary_dir.join(format!("task-orchestrator-{user}"));
    let own = surroundings.runtime_dir.iter().map(|directory| directory.join("task-orchestrator"));
    own.chain([shared]).map(|parent| parent.join(&name)).collect()
}

/// A name for what belongs to this root, the same in every process of every user.
pub(super) fn name_of(root: &Path) -> String {
    let digest = Sha256::digest(root.as_os_str().as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Both levels are checked: whoever owns the upper one could swap the lower.
fn make(place: &Path) -> Result<(), WorkspaceError> {
    if let Some(parent) = place.parent() {
        private_dir::ensure(parent)?;
    }
    private_dir::ensure(place)
}

//! The files of artifacts, named by their content and shared by all that have
//! the same. A file is whole and synced before any row names it, and goes only
//! when no row names it and nobody is about to.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension as _};
use sha2::{Digest, Sha256};

use super::error::{ExecuteError, StoreError};
use super::options::StoreOptions;
use super::paths;
use super::schema::{ensure_directory, file_error, open_reader, sync_directory};
use crate::tasks::{Content, ContentHash, TaskError};

/// Largest file that becomes an artifact.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

const TEMPORARY: &str = ".new-";

/// Contents that are staged and whose commit is not known yet.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    counts: Mutex<HashMap<ContentHash, usize>>,
}

/// Keeps one content's file from the sweep while it exists.
#[derive(Debug)]
pub(super) struct Hold {
    in_flight: Arc<InFlight>,
    sha256: ContentHash,
}

impl Hold {
    fn take(in_flight: &Arc<InFlight>, sha256: ContentHash) -> Self {
        *in_flight.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(sha256).or_insert(0) += 1;
        Self { in_flight: Arc::clone(in_flight), sha256 }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut counts = self.in_flight.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.sha256) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.sha256);
            }
        }
    }
}

/// Content that is on the disk and waits for the operation that names it. The
/// sweep leaves it alone as long as this exists.
#[derive(Debug)]
pub struct Staged {
    content: Content,
    hold: Hold,
}

impl Staged {
    /// What the operation names it by.
    pub const fn content(&self) -> &Content {
        &self.content
    }

    pub(super) fn into_hold(self) -> Hold {
        self.hold
    }
}

/// What a sweep took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Files that no artifact names, and leftovers of interrupted writes.
    pub removed_files: u64,
    /// Bytes of them.
    pub removed_bytes: u64,
    /// Files that were looked at.
    pub looked_at: u64,
}

/// Writes the content to its place, unless it is there already.
pub(super) fn stage(root: &Path, in_flight: &Arc<InFlight>, bytes: &[u8]) -> Result<Staged, StoreError> {
    let sha256 = ContentHash::new(Sha256::digest(bytes).into());
    // Held before the file is looked for: from here on the sweep cannot take it away.
    let hold = Hold::take(in_flight, sha256);
    let path = path_of(root, &sha256);
    let directory = path.parent().unwrap_or(root);
    if !directory.is_dir() {
        ensure_directory(directory)?;
        sync_directory(root)?;
    }
    if fs::metadata(&path).is_ok_and(|there| there.len() == bytes.len() as u64) {
        // Young again, for the sweep of another process that does not know of the hold.
        File::open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()))
            .map_err(file_error("cannot use", &path))?;
    } else {
        write(&path, directory, bytes)?;
    }
    // Also for a file that another operation has just renamed and not synced yet.
    sync_directory(directory)?;
    Ok(Staged { content: Content { sha256, size: bytes.len() as u64, path: None }, hold })
}

fn write(path: &Path, directory: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let at = file_error("cannot write", path);
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(directory).map_err(at)?;
    file.write_all(bytes).map_err(at)?;
    file.as_file().sync_all().map_err(at)?;
    file.persist(path).map(drop).map_err(|error| at(error.error))
}

/// Stages a file of the workspace.
pub(super) fn stage_file(
    root: &Path,
    in_flight: &Arc<InFlight>,
    workspace: &Path,
    path: &str,
) -> Result<Staged, ExecuteError> {
    let (file, relative) = paths::open_inside(workspace, path)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| TaskError::invalid("file_paths", format!("{path}: {error}")))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let reason = format!("{path} is larger than {MAX_FILE_BYTES} bytes");
        return Err(TaskError::invalid("file_paths", reason).into());
    }
    let mut staged = stage(root, in_flight, &bytes)?;
    staged.content.path = Some(relative);
    Ok(staged)
}

/// The content, checked against its name.
pub(super) fn content(root: &Path, sha256: &ContentHash) -> Result<Vec<u8>, ExecuteError> {
    let path = path_of(root, sha256);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(TaskError::NotFound { what: "artifact content", id: sha256.to_string() }.into());
        }
        Err(error) => return Err(file_error("cannot read", &path)(error).into()),
    };
    if Sha256::digest(&bytes).as_slice() != sha256.as_bytes() {
        return Err(StoreError::Failed(format!(
            "{} is damaged: its content is not its name",
            path.display()
        ))
        .into());
    }
    Ok(bytes)
}

/// Takes away what no row names, if it is older than the age.
pub(super) fn sweep(options: &StoreOptions, in_flight: &InFlight) -> Result<Sweep, StoreError> {
    let mut sweep = Sweep::default();
    // Each look at a row is a moment of its own, never an old one.
    let connection = open_reader(options)?;
    for directory in entries(&options.artifacts)? {
        if !directory.is_dir() {
            continue;
        }
        for path in entries(&directory)? {
            sweep.looked_at += 1;
            if let Some(bytes) = sweep_one(&connection, in_flight, &path, options.orphan_age)? {
                sweep.removed_files += 1;
                sweep.removed_bytes += bytes;
            }
        }
    }
    Ok(sweep)
}

/// Bytes of the file, if it went.
fn sweep_one(
    connection: &Connection,
    in_flight: &InFlight,
    path: &Path,
    age: Duration,
) -> Result<Option<u64>, StoreError> {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(None) };
    let old =
        metadata.modified().ok().and_then(|time| time.elapsed().ok()).is_some_and(|elapsed| elapsed >= age);
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Ok(None) };
    if !old || !metadata.is_file() {
        return Ok(None);
    }
    if !name.starts_with(TEMPORARY) {
        // What is not ours by its name is not ours to delete.
        let Ok(sha256) = name.parse::<ContentHash>() else { return Ok(None) };
        // The lock is kept until the file is gone: whoever stages the same content waits and writes it again.
        let counts = in_flight.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.contains_key(&sha256) || is_named(connection, &sha256)? {
            return Ok(None);
        }
        return remove(path, metadata.len());
    }
    remove(path, metadata.len())
}

fn remove(path: &Path, bytes: u64) -> Result<Option<u64>, StoreError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error("cannot remove", path)(error)),
    }
}

fn is_named(connection: &Connection, sha256: &ContentHash) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM artifacts WHERE sha256 = ?1 LIMIT 1")?
        .query_row([sha256.as_bytes()], |_| Ok(()))
        .optional()?
        .is_some())
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let list = match fs::read_dir(directory) {
        Ok(list) => list,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(file_error("cannot list", directory)(error)),
    };
    Ok(list.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect())
}

fn path_of(root: &Path, sha256: &ContentHash) -> PathBuf {
    let name = sha256.to_string();
    root.join(name.get(..2).unwrap_or_default()).join(name)
}

//! Which files there are, in order, and a set of them opened together that belongs
//! to one moment although the server goes on writing and rotating.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::checkpoint::{self, Stored};
use super::error::AuditError;
use super::key::Key;
use super::options::current;
use super::ours::{self, Identity};
use super::scan::MAX_SEQ;

/// The file that is written.
pub(super) const CURRENT: &str = "audit.jsonl";

/// How often a set is opened again because the files were rotated meanwhile.
const TRIES: usize = 20;

/// The name of a file that begins with this record and is not written any more.
pub(super) fn rotated_name(first: u64) -> String {
    format!("audit_{first:020}.jsonl")
}

/// The first record that a file's name promises.
pub(super) fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("audit_")?.strip_suffix(".jsonl")?;
    let first = digits.parse().ok()?;
    // A number that no log reaches was invented by somebody else.
    (first < MAX_SEQ && rotated_name(first) == name).then_some(first)
}

/// The first records of the older files, in order.
///
/// # Errors
/// The system's.
pub(super) fn rotated(directory: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        if let Some(first) = entry?.file_name().to_str().and_then(first_of) {
            found.push(first);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Opens all files, oldest first.
///
/// # Errors
/// The system's; a file that went meanwhile is [`AuditError::Restless`].
pub(super) fn open(directory: &Path) -> Result<Vec<(String, File)>, AuditError> {
    let restless = |path: &Path, error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => AuditError::Restless,
        _ => AuditError::io("open", path)(error),
    };
    // The one that is written first: when it gets its next name before the others
    // are listed, it is known by its identity.
    let path = current(directory);
    let last = match ours::read(&path) {
        Ok(file) => Some((identity(&file).map_err(AuditError::io("look at", &path))?, file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(AuditError::io("open", &path)(error)),
    };
    let mut files = Vec::new();
    for first in rotated(directory).map_err(AuditError::io("list", directory))? {
        let name = rotated_name(first);
        let path = directory.join(&name);
        let file = ours::read(&path).map_err(|error| restless(&path, error))?;
        let found = identity(&file).map_err(AuditError::io("look at", &path))?;
        if last.as_ref().is_none_or(|(known, _)| *known != found) {
            files.push((name, file));
        }
    }
    files.extend(last.map(|(_, file)| (CURRENT.to_owned(), file)));
    Ok(files)
}

fn identity(file: &File) -> io::Result<Identity> {
    Ok(ours::identity(&file.metadata()?))
}

/// Opens all files, together with what the checkpoint said before: the files know at
/// least as much.
///
/// # Errors
/// The system's, or files that do not hold still.
pub(super) fn open_with_checkpoint(
    directory: &Path,
    key: &Key,
) -> Result<(Stored, Vec<(String, File)>), AuditError> {
    let path = directory.join(checkpoint::NAME);
    let read = || checkpoint::read(&path, key).map_err(AuditError::io("read", &path));
    let mut result = Err(AuditError::Restless);
    for _ in 0..TRIES {
        let before = read()?;
        match open(directory) {
            Err(AuditError::Restless) => continue,
            files => result = Ok((before, files?)),
        }
        // A slot that is just being written looks broken, and a file that was just
        // removed looks missing: then the checkpoint is another one by now.
        let moved = match (before, read()?) {
            (Stored::Known(old, false), Stored::Known(new, _)) => old.first != new.first,
            (Stored::Known(_, true), new) => new != before,
            (Stored::Broken | Stored::Missing, new) => new != before,
            (Stored::Known(..), Stored::Broken | Stored::Missing) => false,
        };
        if !moved {
            break;
        }
    }
    result
}

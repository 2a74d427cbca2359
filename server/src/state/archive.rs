//! What is in `server_state/`, which of it is valid, and what is set aside. A
//! file that fails its check is renamed, never removed and never used.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use super::disk::{Disk, RealDisk};
use super::error::StateError;
use super::format::{Snapshot, Tail};
use super::keeper::{Keeper, Kept};
use super::name::{CURRENT, Kind, Name};
use super::pins::{self, PinError, Pins};
use super::read::read;
use super::rotation::Policy;
use super::seal::{Sealed, seal};
use crate::link::SnapshotBulk;
use crate::store::{StoreOptions, backup};

/// What is appended to the name of a file that failed its check.
const BROKEN: &str = ".broken";
/// Most files with that name that are kept; the oldest go.
const MAX_BROKEN: usize = 10;
/// What files that are not finished begin and end with.
const PART: (&str, &str) = (".", ".part");

/// A file that can be restored from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is of.
    pub kind: Kind,
    /// The parts of its name; none for the current snapshot.
    pub parts: Option<Name>,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// When it was last written.
    pub modified: Timestamp,
}

/// A file that was renamed because it failed its check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// What it was called.
    pub name: String,
    /// What it is called now.
    pub renamed: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The newest valid snapshot and what was found on the way to it.
#[derive(Debug, Default)]
pub struct Found {
    /// The snapshot with its file's name.
    pub snapshot: Option<(String, Snapshot)>,
    /// Newer ones that failed their check: an alert is due.
    pub set_aside: Vec<SetAside>,
    /// Newer ones that could not be used and stay: of a newer program, or not readable.
    pub passed_over: Vec<(String, String)>,
}

/// A name for a new snapshot's bulk.
pub fn part_path(directory: &Path) -> PathBuf {
    let (begin, end) = PART;
    directory.join(format!("{begin}snapshot-{}{end}", uuid::Uuid::new_v4().simple()))
}

/// Copies the database into a backup under a name of its own, verified and synced.
/// Writers go on meanwhile. Returns the name.
///
/// # Errors
///
/// When the database cannot be read, the copy not written, or it is not intact.
pub fn back_up(options: &StoreOptions, directory: &Path, taken: Timestamp) -> Result<String, StateError> {
    let part = part_path(directory);
    let failed = StateError::file("name a backup in", directory);
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(&failed)?;
    let verified = backup::copy(options, &part)?;
    let mut name = Name::new(Kind::Database, taken, verified.epoch);
    let named = loop {
        // A compressed one has the name too.
        if directory.join(name.compressed(true).to_string()).exists() {
            name = name.next();
            continue;
        }
        match RealDisk.rename_new(&part, &directory.join(name.to_string())) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => name = name.next(),
            result => break result.and_then(|()| RealDisk.sync_directory(directory)),
        }
    };
    if let Err(error) = named {
        backup::remove_with_logs(&part);
        return Err(failed(error));
    }
    Ok(name.to_string())
}

/// Removes what was left half written. Only the front may, before it has a worker.
///
/// # Errors
///
/// When the directory cannot be read.
pub fn sweep_parts(directory: &Path) -> Result<u64, StateError> {
    let mut removed = 0;
    for name in names(directory)? {
        // SQLite's own files stand beside a part, and a compressed one has one more ending.
        let is_part = name.starts_with(PART.0)
            && ["", "-wal", "-shm", "-journal", ".gz"]
                .iter()
                .any(|more| name.strip_suffix(more).is_some_and(|base| base.ends_with(PART.1)));
        if is_part && fs::remove_file(directory.join(&name)).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

/// Everything that can be restored from: the current snapshot, then backups
/// from new to old.
///
/// # Errors
///
/// When the directory cannot be read.
pub fn list(directory: &Path) -> Result<Vec<Entry>, StateError> {
    let mut entries = Vec::new();
    for name in names(directory)? {
        let parts = Name::parse(&name);
        let kind = match &parts {
            Some(parts) => parts.kind,
            None if name == CURRENT => Kind::Snapshot,
            None => continue,
        };
        // It may have been removed since.
        let Ok(metadata) = fs::metadata(directory.join(&name)) else { continue };
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        entries.push(Entry {
            name,
            kind,
            parts,
            size_bytes: metadata.len(),
            modified: modified.try_into().unwrap_or_default(),
        });
    }
    entries.sort_by(|a, b| {
        let place = |entry: &Entry| (entry.parts.is_some(), entry.kind);
        place(a).cmp(&place(b)).then_with(|| b.parts.cmp(&a.parts))
    });
    Ok(entries)
}

fn names(directory: &Path) -> Result<Vec<String>, StateError> {
    let failed = StateError::file("read the state directory", directory);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // What is not text is not ours.
        names.extend(entry.map_err(&failed)?.file_name().into_string());
    }
    Ok(names)
}

/// The newest snapshot that passes its check. Those before it that do not are
/// set aside under another name.
///
/// # Errors
///
/// When the directory cannot be read or written.
pub fn newest_valid(directory: &Path) -> Result<Found, StateError> {
    newest_valid_on(&RealDisk, directory)
}

pub(super) fn newest_valid_on<D: Disk>(disk: &D, directory: &Path) -> Result<Found, StateError> {
    let mut found = Found::default();
    for entry in list(directory)?.into_iter().filter(|entry| entry.kind == Kind::Snapshot) {
        match read(&directory.join(&entry.name)) {
            Ok(snapshot) => {
                found.snapshot = Some((entry.name, snapshot));
                break;
            }
            Err(StateError::Broken { reason, .. }) => {
                found.set_aside.push(set_aside(disk, directory, &entry.name, reason)?);
            }
            Err(error) => found.passed_over.push((entry.name, error.to_string())),
        }
    }
    Ok(found)
}

/// Renames a file that failed its check, and lets the oldest such files go.
pub(super) fn set_aside<D: Disk>(
    disk: &D,
    directory: &Path,
    name: &str,
    reason: String,
) -> Result<SetAside, StateError> {
    let path = directory.join(name);
    let failed = StateError::file("set aside the broken file", &path);
    let mut renamed = format!("{name}{BROKEN}");
    for number in 2..=MAX_BROKEN + 2 {
        match disk.rename_new(&path, &directory.join(&renamed)) {
            Ok(()) => break,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < MAX_BROKEN + 2 => {
                renamed = format!("{name}-{number}{BROKEN}");
            }
            Err(error) => return Err(failed(error)),
        }
    }
    disk.sync_directory(directory).map_err(&failed)?;
    let mut broken: Vec<(SystemTime, String)> = names(directory)?
        .into_iter()
        .filter(|other| other.ends_with(BROKEN) && *other != renamed)
        .map(|other| {
            let changed = fs::metadata(directory.join(&other)).and_then(|metadata| metadata.modified());
            (changed.unwrap_or(SystemTime::UNIX_EPOCH), other)
        })
        .collect();
    broken.sort();
    let excess = (broken.len() + 1).saturating_sub(MAX_BROKEN);
    for (_, oldest) in broken.into_iter().take(excess) {
        // One too many does no harm.
        let _ = disk.remove(&directory.join(oldest));
    }
    Ok(SetAside { name: name.to_owned(), renamed, reason })
}

/// The state directory with its policy, and the memory of what was verified.
#[derive(Debug)]
pub struct Archive {
    directory: PathBuf,
    keeper: Keeper,
}

impl Archive {
    /// Nothing is looked at yet.
    pub fn new(directory: impl Into<PathBuf>, policy: Policy) -> Self {
        let directory = directory.into();
        Self { keeper: Keeper::new(directory.clone(), policy), directory }
    }

    /// See [`seal`].
    ///
    /// # Errors
    ///
    /// See [`seal`].
    pub fn seal(&self, part: &Path, bulk: &SnapshotBulk, tail: &Tail) -> Result<Sealed, StateError> {
        seal(&self.directory, part, bulk, tail)
    }

    /// See [`newest_valid`].
    ///
    /// # Errors
    ///
    /// See [`newest_valid`].
    pub fn newest_valid(&self) -> Result<Found, StateError> {
        newest_valid(&self.directory)
    }

    /// Compresses and removes what the policy says, of one kind. Takes long:
    /// not while requests are held.
    ///
    /// # Errors
    ///
    /// When the directory or a file cannot be read or written.
    pub fn keep(&mut self, kind: Kind, now: Timestamp) -> Result<Kept, StateError> {
        self.keeper.keep(&RealDisk, kind, now)
    }

    /// Something has just been verified elsewhere.
    pub fn is_verified(&mut self, name: &str) {
        self.keeper.remember(name);
    }

    /// What is remembered of the files, to be looked at and added to.
    pub fn keeper(&mut self) -> &mut Keeper {
        &mut self.keeper
    }

    /// The names of the backups that are kept whatever their age, without `.gz`.
    ///
    /// # Errors
    ///
    /// When the list cannot be read.
    pub fn pins(&self) -> Result<Pins, StateError> {
        pins::read(&self.directory)
    }

    /// Keeps a backup whatever its age. Returns whether it was not kept so before.
    ///
    /// # Errors
    ///
    /// [`PinError`]
    pub fn pin(&mut self, name: &str) -> Result<bool, PinError> {
        pins::set(&RealDisk, &self.directory, name, true)
    }

    /// Lets the policy decide about a backup again. Returns whether it was pinned.
    ///
    /// # Errors
    ///
    /// [`PinError`]
    pub fn unpin(&mut self, name: &str) -> Result<bool, PinError> {
        pins::set(&RealDisk, &self.directory, name, false)
    }
}

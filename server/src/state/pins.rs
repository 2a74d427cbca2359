//! Which backups are kept whatever their age: the names in `pins.json`. Owns that
//! file only; whoever removes backups asks here first, and removes none while the
//! answer is not known.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use thiserror::Error;

use super::archive::{Entry, list};
use super::disk::Disk;
use super::error::StateError;
use super::name::Name;

/// The file.
const FILE: &str = "pins.json";
/// Most names in it; one more is refused.
pub const MAX_PINS: usize = 1000;
/// Largest file that is read; a longer one is not ours.
const MAX_BYTES: u64 = 128 * 1024;

/// Names of backups, each as it is without compression.
pub type Pins = BTreeSet<String>;

/// Why a backup is not pinned or unpinned.
#[derive(Debug, Error)]
pub enum PinError {
    /// There is no such backup.
    #[error("there is no such file")]
    NoSuchName,
    /// The current snapshot gets another name when the next one is taken.
    #[error("the current snapshot cannot be pinned: the next one takes its name")]
    IsCurrent,
    /// One more would be too many.
    #[error("{MAX_PINS} backups are pinned, and there may not be more")]
    TooMany,
    /// The list cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The names that are pinned.
///
/// # Errors
///
/// When the file cannot be read or is not one of ours: then nobody knows what is
/// pinned, and nothing may be removed.
pub(super) fn read(directory: &Path) -> Result<Pins, StateError> {
    let path = directory.join(FILE);
    let failed = StateError::file("read the list of pinned backups", &path);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Pins::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut text = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
    let broken = |reason: &str| {
        let next = "remove it and pin again what must stay; nothing is rotated meanwhile";
        Err(StateError::broken(&path, format!("{reason}: {next}")))
    };
    if text.len() as u64 > MAX_BYTES {
        return broken("it is too long for a list of pinned backups");
    }
    match serde_json::from_slice::<Pins>(&text) {
        Ok(pins) if pins.len() <= MAX_PINS && pins.iter().all(|name| is_plain(name)) => Ok(pins),
        Ok(_) | Err(_) => broken("it is not a list of backups"),
    }
}

/// Replaces the list in one step: at every instant the old or the new one is there.
pub(super) fn write<D: Disk>(disk: &D, directory: &Path, pins: &Pins) -> Result<(), StateError> {
    let path = directory.join(FILE);
    let part = directory.join(format!(".pins-{}.part", uuid::Uuid::new_v4().simple()));
    let mut text = serde_json::to_vec_pretty(pins)?;
    text.push(b'\n');
    let replaced = disk
        .create(&part)
        .and_then(|file| disk.write(&file, &text).and_then(|()| disk.sync(&file)))
        .and_then(|()| disk.rename(&part, &path));
    if let Err(error) = replaced {
        // It is of no use, and the next start of a server removes it as well.
        let _ = disk.remove(&part);
        return Err(StateError::file("write the list of pinned backups", &path)(error));
    }
    disk.sync_directory(directory).map_err(StateError::file("sync the directory of", &path))
}

/// Pins a backup, or does not keep it any longer. Returns whether that was a change.
pub(super) fn set<D: Disk>(disk: &D, directory: &Path, name: &str, pinned: bool) -> Result<bool, PinError> {
    let entries = list(directory)?;
    let entry = entries.iter().find(|entry| entry.name == name).ok_or(PinError::NoSuchName)?;
    let plain = plain_name(entry).ok_or(PinError::IsCurrent)?;
    let mut pins = read(directory)?;
    if pinned && !pins.contains(&plain) && pins.len() >= MAX_PINS {
        // Names whose files are gone do not count.
        retain_present(&mut pins, &entries);
        if pins.len() >= MAX_PINS {
            return Err(PinError::TooMany);
        }
    }
    let changed = if pinned { pins.insert(plain) } else { pins.remove(&plain) };
    if changed {
        write(disk, directory, &pins)?;
    }
    Ok(changed)
}

/// Drops the names of files that are gone.
pub(super) fn drop_missing<D: Disk>(disk: &D, directory: &Path) -> Result<(), StateError> {
    let (mut pins, entries) = (read(directory)?, list(directory)?);
    if retain_present(&mut pins, &entries) { write(disk, directory, &pins) } else { Ok(()) }
}

/// Returns whether any name went.
fn retain_present(pins: &mut Pins, entries: &[Entry]) -> bool {
    let present: BTreeSet<String> = entries.iter().filter_map(plain_name).collect();
    let before = pins.len();
    pins.retain(|name| present.contains(name));
    pins.len() != before
}

/// The name under which a backup is pinned, in both of its forms.
pub(super) fn plain(name: &Name) -> String {
    name.compressed(false).to_string()
}

fn plain_name(entry: &Entry) -> Option<String> {
    entry.parts.as_ref().map(plain)
}

fn is_plain(name: &str) -> bool {
    Name::parse(name).is_some_and(|parts| !parts.compressed)
}

//! The checkpoint: how far the log is known to reach, and where it begins. Two slots
//! are written in turns, so that a write that is cut short leaves the other one.
//!
//! It is written behind the records that it covers and never before: after a crash
//! the log may know more than the checkpoint, never the other way round.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use super::disk::InPlace;
use super::key::{Digits, Key};
use super::line::text;
use super::ours::{self, Identity};

/// The file's name.
pub(super) const NAME: &str = "checkpoint";

/// Bytes of a slot: one sector, so that the other one is not touched by its write.
const SLOT: usize = 512;

/// Which of the two slots. Its hash covers that: the older one copied over the newer
/// one would otherwise be a checkpoint that does not know the last records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    First,
    Second,
}

impl Half {
    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    fn offset(self) -> u64 {
        match self {
            Self::First => 0,
            Self::Second => SLOT as u64,
        }
    }
}

/// How far the log reaches, and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// The last record that was known to be on the disk.
    pub(super) last: u64,
    /// Its hash.
    pub(super) last_mac: Digits,
    /// The first record that is kept.
    pub(super) first: u64,
    /// The hash of the record before that.
    pub(super) first_prev: Digits,
}

impl Checkpoint {
    fn slot(&self, key: &Key, half: Half) -> Vec<u8> {
        let content = format!(
            "audit checkpoint 1 {} {:020} {} {:020} {}",
            half.name(),
            self.last,
            text(&self.last_mac),
            self.first,
            text(&self.first_prev)
        );
        let mut slot = format!("{content} {}", text(&key.digits(content.as_bytes()))).into_bytes();
        slot.resize(SLOT - 1, b' ');
        slot.push(b'\n');
        slot
    }

    /// What a slot holds, when it is to the byte what [`Self::slot`] has made.
    fn of(slot: &[u8], key: &Key, half: Half) -> Option<Self> {
        let mut fields = std::str::from_utf8(slot).ok()?.strip_prefix("audit checkpoint 1 ")?.split(' ');
        let mut field = || fields.next();
        field()?;
        let checkpoint = Self {
            last: field()?.parse().ok()?,
            last_mac: field()?.as_bytes().try_into().ok()?,
            first: field()?.parse().ok()?,
            first_prev: field()?.as_bytes().try_into().ok()?,
        };
        (checkpoint.slot(key, half) == slot).then_some(checkpoint)
    }
}

/// What there is of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// No file.
    Missing,
    /// Nothing in it can be believed.
    Broken,
    /// The newer slot, and whether the other one is broken.
    Known(Checkpoint, bool),
}

impl Stored {
    /// What can be believed of it.
    pub(super) fn known(self) -> Option<Checkpoint> {
        match self {
            Self::Known(checkpoint, _) => Some(checkpoint),
            Self::Missing | Self::Broken => None,
        }
    }
}

/// Reads the checkpoint.
///
/// # Errors
/// The system's, except that it does not exist.
pub(super) fn read(path: &Path, key: &Key) -> io::Result<Stored> {
    let file = match ours::read(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Stored::Missing),
        Err(error) => return Err(error),
    };
    let mut content = Vec::new();
    // One byte more shows that it is longer than it may be.
    file.take(2 * SLOT as u64 + 1).read_to_end(&mut content)?;
    let Some((first, second)) = content.split_at_checked(SLOT) else { return Ok(Stored::Broken) };
    let slots = [Checkpoint::of(first, key, Half::First), Checkpoint::of(second, key, Half::Second)];
    let newest = slots.iter().flatten().max_by_key(|checkpoint| (checkpoint.last, checkpoint.first));
    Ok(newest.map_or(Stored::Broken, |newest| Stored::Known(*newest, slots.contains(&None))))
}

/// The open file.
pub(super) struct CheckpointFile<F> {
    file: F,
    identity: Identity,
    next: Half,
}

impl<F> CheckpointFile<F> {
    /// Opens the file, makes it where there is none, and writes both slots.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn open<D: InPlace<File = F>>(
        disk: &D,
        path: &Path,
        key: &Key,
        checkpoint: &Checkpoint,
    ) -> io::Result<Self> {
        let file = match disk.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Never seen without content by whoever looks at the same time.
                let part = path.with_extension("part");
                let _ = disk.remove(&part);
                let file = disk.create(&part)?;
                disk.write(
                    &file,
                    &[Half::First, Half::Second].map(|half| checkpoint.slot(key, half)).concat(),
                )?;
                disk.sync(&file)?;
                disk.rename(&part, path)?;
                disk.sync_directory(path.parent().unwrap_or(Path::new(".")))?;
                disk.open(path)?
            }
            file => file?,
        };
        let identity = ours::identity(&fs::symlink_metadata(path)?);
        let mut opened = Self { file, identity, next: Half::First };
        disk.truncate(&opened.file, 2 * SLOT as u64)?;
        for _ in 0..2 {
            opened.write(disk, key, checkpoint)?;
            opened.sync(disk)?;
        }
        Ok(opened)
    }

    /// Whether it is still the file of this name, and as long as it should be.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        // What cannot be looked at is an error where it is written.
        fs::symlink_metadata(path).map_or_else(
            |error| error.kind() != io::ErrorKind::NotFound,
            |found| ours::identity(&found) == self.identity && found.len() == 2 * SLOT as u64,
        )
    }

    /// Writes the slot whose turn it is, without waiting for the disk.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn write<D: InPlace<File = F>>(
        &mut self,
        disk: &D,
        key: &Key,
        checkpoint: &Checkpoint,
    ) -> io::Result<()> {
        disk.write_at(&self.file, &checkpoint.slot(key, self.next), self.next.offset())?;
        self.next = self.next.other();
        Ok(())
    }

    /// Waits for the disk.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn sync<D: InPlace<File = F>>(&self, disk: &D) -> io::Result<()> {
        disk.sync(&self.file)
    }
}

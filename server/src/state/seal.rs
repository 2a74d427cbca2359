//! The second stage of a snapshot: the tail and the hash are added to the bulk,
//! and it takes the place of the current one, which becomes a backup. At every
//! instant a valid snapshot has a name that is looked for.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::Digest as _;

use super::archive::{SetAside, set_aside};
use super::bulk::hash_bulk;
use super::disk::{Disk, RealDisk};
use super::error::StateError;
use super::format::{BEFORE_HASH, BEHIND_HASH, HASHED_END, Tail, tail_text};
use super::name::{CURRENT, Kind, Name};
use super::read::read_header;
use crate::link::SnapshotBulk;
use crate::store::export::hexadecimal;

/// Names that are tried for one backup.
const MAX_COPIES: u32 = 1000;

/// A snapshot that is in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The file's name in `server_state/`.
    pub name: String,
    /// Its `integrity_hash`.
    pub sha256: String,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// Open tasks in it.
    pub active_tasks: u64,
    /// Client sessions in it.
    pub client_sessions: u64,
    /// What the one before is called now.
    pub rotated: Option<String>,
    /// The one before was broken.
    pub set_aside: Option<SetAside>,
}

/// Completes the part and makes it the current snapshot. When anything fails,
/// the part is removed and the current one is what it was.
///
/// # Errors
///
/// When the part is not what was written, or a file cannot be written.
pub fn seal(directory: &Path, part: &Path, bulk: &SnapshotBulk, tail: &Tail) -> Result<Sealed, StateError> {
    seal_on(&RealDisk, directory, part, bulk, tail)
}

pub(super) fn seal_on<D: Disk>(
    disk: &D,
    directory: &Path,
    part: &Path,
    bulk: &SnapshotBulk,
    tail: &Tail,
) -> Result<Sealed, StateError> {
    let sealed = complete(disk, part, bulk, tail)
        .and_then(|(sha256, size_bytes)| Ok((sha256, size_bytes, put_in_place(disk, directory, part)?)));
    match sealed {
        Ok((sha256, size_bytes, Former { rotated, set_aside })) => Ok(Sealed {
            name: CURRENT.to_owned(),
            sha256,
            size_bytes,
            active_tasks: bulk.active_tasks,
            client_sessions: tail.client_sessions.len() as u64,
            rotated,
            set_aside,
        }),
        Err(error) => {
            // It has no name that anybody looks for.
            let _ = disk.remove(part);
            Err(error)
        }
    }
}

/// Adds the tail and the hash. Returns the hash and the file's size.
fn complete<D: Disk>(
    disk: &D,
    part: &Path,
    bulk: &SnapshotBulk,
    tail: &Tail,
) -> Result<(String, u64), StateError> {
    let mut hasher = hash_bulk(part, bulk)?;
    let mut text = tail_text(tail)?;
    hasher.update(&text);
    hasher.update(HASHED_END);
    let hash = hexadecimal(&hasher.finalize());
    for piece in [BEFORE_HASH, hash.as_bytes(), BEHIND_HASH] {
        text.extend_from_slice(piece);
    }
    {
        let failed = |action| StateError::file(action, part);
        let file = disk.append(part).map_err(failed("open the snapshot"))?;
        disk.write(&file, &text).map_err(failed("write the snapshot"))?;
        disk.sync(&file).map_err(failed("sync the snapshot"))?;
    }
    let read = read_from(part, bulk.bytes).map_err(StateError::file("read the snapshot", part))?;
    if read != text {
        return Err(StateError::broken(part, "its end is not what was written"));
    }
    Ok((hash, bulk.bytes + text.len() as u64))
}

fn read_from(path: &Path, place: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(place))?;
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// What became of the snapshot before.
#[derive(Default)]
struct Former {
    rotated: Option<String>,
    set_aside: Option<SetAside>,
}

fn put_in_place<D: Disk>(disk: &D, directory: &Path, part: &Path) -> Result<Former, StateError> {
    let current = directory.join(CURRENT);
    let mut former = Former::default();
    let mut kept = None;
    if let Some(name) = backup_name(disk, directory, &current, &mut former)? {
        let keeping = keep(disk, directory, &current, name)?;
        former.rotated = Some(keeping.name.to_string());
        kept = Some(keeping);
    }
    let synced = |action| StateError::file(action, directory);
    let placed = match &kept {
        // The second name first: whatever order the system writes names in, one is there.
        Some(_) => disk.sync_directory(directory).map_err(synced("sync the state directory")),
        None => Ok(()),
    }
    .and_then(|()| disk.rename(part, &current).map_err(StateError::file("replace the snapshot", &current)));
    if let Err(error) = placed {
        if let Some(kept) = kept {
            kept.undo(disk, &current);
        }
        return Err(error);
    }
    disk.sync_directory(directory).map_err(synced("sync the state directory"))?;
    Ok(former)
}

/// The name that the current snapshot gets as a backup, if it is worth keeping.
fn backup_name<D: Disk>(
    disk: &D,
    directory: &Path,
    current: &Path,
    former: &mut Former,
) -> Result<Option<Name>, StateError> {
    match read_header(current) {
        Ok(header) => Ok(Some(Name::new(Kind::Snapshot, header.timestamp, header.generation))),
        Err(StateError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(StateError::TooNew { .. }) => {
            let modified = current.metadata().and_then(|metadata| metadata.modified());
            let modified = modified.ok().and_then(|time| time.try_into().ok()).unwrap_or_default();
            Ok(Some(Name::new(Kind::Snapshot, modified, 0)))
        }
        Err(StateError::Broken { reason, .. }) => {
            former.set_aside = Some(set_aside(disk, directory, CURRENT, reason)?);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// How the snapshot before is kept.
struct Kept {
    name: Name,
    path: PathBuf,
    renamed: bool,
}

impl Kept {
    fn undo<D: Disk>(&self, disk: &D, current: &Path) {
        // A failure leaves a backup too many, which is valid.
        let _ = if self.renamed { disk.rename(&self.path, current) } else { disk.remove(&self.path) };
    }
}

/// Gives the current snapshot its name as a backup, which nothing else has.
fn keep<D: Disk>(disk: &D, directory: &Path, current: &Path, name: Name) -> Result<Kept, StateError> {
    let mut name = name;
    let mut renamed = false;
    while name.copy <= MAX_COPIES {
        let path = directory.join(name.to_string());
        // One that has been compressed has the name too.
        let taken = directory.join(name.compressed(true).to_string()).exists();
        let kept = if taken {
            Err(io::ErrorKind::AlreadyExists.into())
        } else if renamed {
            disk.rename_new(current, &path)
        } else {
            disk.link(current, &path)
        };
        match kept {
            Ok(()) => return Ok(Kept { name, path, renamed }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => name = name.next(),
            // Some file systems have no second names.
            Err(error)
                if !renamed
                    && matches!(
                        error.kind(),
                        io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
                    ) =>
            {
                renamed = true;
            }
            Err(error) => return Err(StateError::file("keep the snapshot before as", &path)(error)),
        }
    }
    Err(StateError::file("keep the snapshot before in", directory)(io::ErrorKind::AlreadyExists.into()))
}

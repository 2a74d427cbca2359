//! How many backups stay, for how long, and in which form. The plan is a pure
//! function that never takes away the newest that was verified; verifying and
//! compressing are here too, and nothing is removed here.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::disk::Disk;
use super::error::StateError;
use super::name::{Kind, Name};
use super::read::{open, read, unreadable};
use crate::config;
use crate::store::backup;

/// Bytes that are compressed at once.
const BUFFER: usize = 256 * 1024;

/// How backups are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How many of each kind.
    pub backups: u32,
    /// The age from which they are compressed.
    pub compress_after: Duration,
    /// The age from which they are removed.
    pub remove_after: Duration,
}

impl Policy {
    /// Keeps everything as it is: for looking only.
    pub const KEEP_ALL: Self =
        Self { backups: u32::MAX, compress_after: Duration::MAX, remove_after: Duration::MAX };
}

impl From<&config::State> for Policy {
    fn from(state: &config::State) -> Self {
        Self {
            backups: state.backups,
            compress_after: state.compress_after,
            remove_after: state.remove_after,
        }
    }
}

/// A backup as the plan sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub name: Name,
    /// Whether it is known to be good.
    pub verified: bool,
    /// Whether it is kept whatever its age, beside those that the policy keeps.
    pub pinned: bool,
}

/// What is to be done with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Put the compressed form in its place.
    Compress(Name),
    /// Remove it.
    Remove(Name),
}

/// What is to be done with the backups. Nothing is removed of a kind of which
/// none was verified, and nothing that is pinned.
pub fn plan(candidates: &[Candidate], policy: &Policy, now: Timestamp) -> Vec<Action> {
    [Kind::Snapshot, Kind::Database]
        .into_iter()
        .flat_map(|kind| plan_kind(candidates.iter().filter(|one| one.name.kind == kind), policy, now))
        .collect()
}

fn plan_kind<'a>(
    candidates: impl Iterator<Item = &'a Candidate>,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Action> {
    let mut newest_first: Vec<&Candidate> = candidates.collect();
    newest_first.sort_by(|a, b| b.name.cmp(&a.name));
    let Some(protected) = newest_first.iter().find(|one| one.verified) else { return Vec::new() };
    let age = |name: &Name| Duration::try_from(now.duration_since(name.taken)).unwrap_or_default();
    let mut actions = Vec::new();
    let mut counted = 0_u32;
    for one in &newest_first {
        let is_over = counted >= policy.backups || age(&one.name) >= policy.remove_after;
        counted = counted.saturating_add(u32::from(!one.pinned));
        if is_over && !one.pinned && one != protected {
            actions.push(Action::Remove(one.name.clone()));
        } else if !one.name.compressed && age(&one.name) >= policy.compress_after {
            actions.push(Action::Compress(one.name.clone()));
        }
    }
    actions
}

/// Reads a backup from end to end and looks whether it could be restored from.
///
/// # Errors
///
/// What is wrong with it.
pub fn verify(directory: &Path, name: &str, kind: Kind) -> Result<(), StateError> {
    let path = directory.join(name);
    match kind {
        Kind::Snapshot => read(&path).map(drop),
        Kind::Database => verify_database(directory, &path).map(drop),
    }
}

/// Verifies a copy of the database, compressed or not.
pub(super) fn verify_database(directory: &Path, path: &Path) -> Result<backup::Verified, StateError> {
    use crate::store::StoreError;
    let judge = |verified: Result<backup::Verified, StoreError>| match verified {
        Err(error @ (StoreError::Failed(_) | StoreError::NotOurs(_))) => {
            Err(StateError::broken(path, error.to_string()))
        }
        other => Ok(other?),
    };
    if path.extension().is_none_or(|extension| extension != "gz") {
        // Tells a file that is missing from one that is damaged.
        File::open(path).map_err(StateError::file("read the backup", path))?;
        return judge(backup::verify(path));
    }
    let plain = directory.join(format!(".unpacked-{}.part", uuid::Uuid::new_v4().simple()));
    let verified = unpack(path, &plain).and_then(|()| judge(backup::verify(&plain)));
    backup::remove_with_logs(&plain);
    verified
}

/// Writes a backup's content into a new file (0600), uncompressed.
pub(crate) fn unpack(from: &Path, to: &Path) -> Result<(), StateError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let failed = StateError::file("write", to);
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(crate::workspace::FILE_MODE)
        .open(to)
        .map_err(&failed)?;
    each_part(from, &mut |part| file.write_all(part).map_err(&failed))
}

fn each_part(path: &Path, each: &mut dyn FnMut(&[u8]) -> Result<(), StateError>) -> Result<(), StateError> {
    let mut content = open(path)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = content.read(&mut buffer).map_err(|error| unreadable(path, error))?;
        match buffer.get(..read).filter(|part| !part.is_empty()) {
            Some(part) => each(part)?,
            None => return Ok(()),
        }
    }
}

/// Puts the compressed form of a backup in its place, after having read it back.
pub(super) fn compress<D: Disk>(disk: &D, directory: &Path, name: &Name) -> Result<String, StateError> {
    let plain = directory.join(name.to_string());
    let compressed = name.compressed(true).to_string();
    let target = directory.join(&compressed);
    // Ends as the target does, because that tells how it is read.
    let part = directory.join(format!(".{}.part.gz", uuid::Uuid::new_v4().simple()));
    let failed = |action| StateError::file(action, &target);
    let written = write_compressed(disk, &plain, &part)
        .and_then(|written| {
            let read = hash(&part)?;
            if read == written { Ok(()) } else { Err(StateError::broken(&part, "it cannot be read back")) }
        })
        .and_then(|()| disk.rename(&part, &target).map_err(failed("name the compressed backup")));
    if let Err(error) = written {
        // It is of no use.
        let _ = disk.remove(&part);
        return Err(error);
    }
    disk.sync_directory(directory).map_err(failed("sync the directory of"))?;
    disk.remove(&plain).map_err(StateError::file("remove the uncompressed backup", &plain))?;
    disk.sync_directory(directory).map_err(failed("sync the directory of"))?;
    Ok(compressed)
}

fn write_compressed<D: Disk>(disk: &D, plain: &Path, part: &Path) -> Result<Vec<u8>, StateError> {
    let failed = |action| StateError::file(action, part);
    let file = disk.create(part).map_err(failed("create the compressed backup"))?;
    let mut encoder = GzEncoder::new(OnDisk { disk, file }, Compression::default());
    let mut hasher = Sha256::new();
    each_part(plain, &mut |text| {
        hasher.update(text);
        encoder.write_all(text).map_err(failed("write the compressed backup"))
    })?;
    let OnDisk { file, .. } = encoder.finish().map_err(failed("write the compressed backup"))?;
    disk.sync(&file).map_err(failed("sync the compressed backup"))?;
    Ok(hasher.finalize().to_vec())
}

fn hash(path: &Path) -> Result<Vec<u8>, StateError> {
    let mut hasher = Sha256::new();
    each_part(path, &mut |text| {
        hasher.update(text);
        Ok(())
    })?;
    Ok(hasher.finalize().to_vec())
}

struct OnDisk<'a, D: Disk> {
    disk: &'a D,
    file: D::File,
}

impl<D: Disk> Write for OnDisk<'_, D> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.write(&self.file, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

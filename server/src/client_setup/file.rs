//! A configuration file that belongs to somebody else: read whole, copied, and
//! replaced in one step with its mode and owner kept.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::SetupError;

/// Largest file that is edited. Claude Code's own can reach tens of megabytes.
pub const MAX_CONFIGURATION_BYTES: u64 = 256 * 1024 * 1024;

/// Most copies that are looked at when an entry is taken out, newest first.
const MAX_BACKUPS_READ: usize = 20;

const BACKUP_MARK: &str = ".backup-";

/// The copy that was made, if there was anything to copy.
pub(super) struct Backup(pub(super) Option<PathBuf>);

/// Where the file really is: a link, as people with dotfile collections have, is
/// to be kept.
pub(super) fn follow_link(path: &Path) -> Result<PathBuf, SetupError> {
    match fs::symlink_metadata(path) {
        Ok(_) => fs::canonicalize(path).map_err(SetupError::io("follow the link", path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(SetupError::io("look at", path)(error)),
    }
}

/// The text, or none where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<String>, SetupError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SetupError::io("open", path)(error)),
    };
    let mut text = String::new();
    let read = file.take(MAX_CONFIGURATION_BYTES + 1).read_to_string(&mut text);
    let size = read.map_err(SetupError::io("read", path))?;
    if u64::try_from(size).is_ok_and(|size| size <= MAX_CONFIGURATION_BYTES) {
        Ok(Some(text))
    } else {
        let reason = format!("it has more than {MAX_CONFIGURATION_BYTES} bytes");
        Err(SetupError::io("read", path)(io::Error::new(io::ErrorKind::FileTooLarge, reason)))
    }
}

/// Replaces the file by `after`, if it still reads `before`; otherwise does
/// nothing and returns none. Clients write these files while they run.
pub(super) fn replace(
    path: &Path,
    before: Option<&str>,
    after: &str,
    new_file_mode: u32,
) -> Result<Option<Backup>, SetupError> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(directory).map_err(SetupError::io("create", directory))?;
    let old = fs::metadata(path).ok();
    let mode = old.as_ref().map_or(new_file_mode, |old| old.mode() & 0o7777);
    let mut new = tempfile::Builder::new()
        .prefix(".task-orchestrator-")
        .tempfile_in(directory)
        .map_err(SetupError::io("write in", directory))?;
    let mut write = || -> io::Result<()> {
        new.write_all(after.as_bytes())?;
        if let Some(old) = &old {
            keep_owner(new.path(), old)?;
        }
        // After the owner, because a change of owner clears bits of the mode.
        fs::set_permissions(new.path(), Permissions::from_mode(mode))?;
        new.as_file().sync_all()
    };
    write().map_err(SetupError::io("write", path))?;

    if read(path)?.as_deref() != before {
        return Ok(None);
    }
    let backup = match (before, &old) {
        (Some(before), Some(old)) => Some(copy_aside(path, before, old)?),
        _ => None,
    };
    new.persist(path).map_err(|refused| SetupError::io("replace", path)(refused.error))?;
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(SetupError::io("save", directory))?;
    Ok(Some(Backup(backup)))
}

/// The contents of earlier copies, newest first.
pub(super) fn backups(path: &Path) -> Vec<String> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
    else {
        return Vec::new();
    };
    let prefix = format!("{name}{BACKUP_MARK}");
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)))
        .map(|entry| entry.path())
        .collect();
    names.sort();
    names.iter().rev().take(MAX_BACKUPS_READ).filter_map(|path| read(path).ok().flatten()).collect()
}

/// The name has nanoseconds and is never reused, so no copy replaces another.
fn copy_aside(path: &Path, content: &str, old: &fs::Metadata) -> Result<PathBuf, SetupError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("configuration");
    let mut refusal = io::Error::from(io::ErrorKind::AlreadyExists);
    for _ in 0..100 {
        let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%S.%9fZ");
        let backup = path.with_file_name(format!("{name}{BACKUP_MARK}{stamp}"));
        let made = OpenOptions::new().write(true).create_new(true).mode(old.mode() & 0o777).open(&backup);
        match made {
            Ok(mut file) => {
                let written = keep_owner(&backup, old)
                    .and_then(|()| file.write_all(content.as_bytes()))
                    .and_then(|()| file.sync_all());
                return written.map(|()| backup.clone()).map_err(SetupError::io("write", &backup));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => refusal = error,
            Err(error) => return Err(SetupError::io("write", &backup)(error)),
        }
    }
    Err(SetupError::io("back up", path)(refusal))
}

/// Matters for root, whose file in another's home would lock its owner out.
fn keep_owner(path: &Path, old: &fs::Metadata) -> io::Result<()> {
    let new = fs::metadata(path)?;
    if (new.uid(), new.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    chown(path, Some(old.uid()), Some(old.gid()))
}

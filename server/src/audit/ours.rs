//! Opens only what this server can have made: ordinary files of its own user, and no
//! links to elsewhere. Whoever could put something else into the directory would have
//! their file taken for the key, a file of the user's overwritten, or a reader wait at
//! a pipe for ever.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// What a link in a file's place is answered with: the system's words for it are
/// about levels.
const LINK: &str = "a symbolic link stands in its place: it is not the server's, remove it";

/// A device and a file on it, which stays the same under another name.
pub(super) type Identity = (u64, u64);

/// The file's identity.
pub(super) fn identity(found: &Metadata) -> Identity {
    (found.dev(), found.ino())
}

/// Opens a file of the directory, with what `options` allow.
///
/// # Errors
/// The system's; a link, another kind of file, and another user's file.
pub(super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let directory = path.parent().unwrap_or(Path::new("."));
    open_with(options, path, OFlags::NOFOLLOW, directory)
}

/// Opens a file to read it.
///
/// # Errors
/// As [`open`].
pub(super) fn read(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true), path)
}

/// Opens a file that was configured, to read it: a link is the owner's own then.
/// `directory` is the audit's.
///
/// # Errors
/// As [`open`], except for a link.
pub(super) fn read_configured(path: &Path, directory: &Path) -> io::Result<File> {
    open_with(OpenOptions::new().read(true), path, OFlags::empty(), directory)
}

fn open_with(options: &mut OpenOptions, path: &Path, flags: OFlags, directory: &Path) -> io::Result<File> {
    let flags = flags | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = options.custom_flags(flags.bits().cast_signed()).open(path).map_err(|error| {
        let is_link = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
        if is_link { io::Error::new(io::ErrorKind::InvalidInput, LINK) } else { error }
    })?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no ordinary file"));
    }
    // Root may look at a user's audit, and may have made a file of it.
    let owner = found.uid();
    let own = owner == rustix::process::geteuid().as_raw() || owner == 0;
    if !own && owner != std::fs::metadata(directory)?.uid() {
        let problem = format!("it belongs to user {owner}, who is not the audit's");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    Ok(file)
}

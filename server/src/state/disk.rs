//! The file operations that durable writing is made of. A trait, so that tests
//! can record them, make each fail, and replay every crash.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::workspace::FILE_MODE;

/// What is done to files and directories.
pub trait Disk: Sync {
    /// An open file.
    type File: Send + Sync;

    /// Makes a new file (0600).
    ///
    /// # Errors
    /// Also when it exists.
    fn create(&self, path: &Path) -> io::Result<Self::File>;

    /// Opens a file to write at its end.
    ///
    /// # Errors
    /// When it does not exist.
    fn append(&self, path: &Path) -> io::Result<Self::File>;

    /// Writes all of it.
    ///
    /// # Errors
    /// The system's.
    fn write(&self, file: &Self::File, bytes: &[u8]) -> io::Result<()>;

    /// Waits until the file's content is on the disk. After a failure the file
    /// is given up: the system may have dropped what it could not write.
    ///
    /// # Errors
    /// The system's.
    fn sync(&self, file: &Self::File) -> io::Result<()>;

    /// Gives a file a second name.
    ///
    /// # Errors
    /// Also when the name is taken.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Renames, replacing what has the name.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Renames to a name that is free.
    ///
    /// # Errors
    /// Also when the name is taken.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a name.
    ///
    /// # Errors
    /// Also when there is none.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Waits until the names in a directory are on the disk.
    ///
    /// # Errors
    /// The system's.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
}

/// The system's files.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    type File = File;

    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)
    }

    fn append(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().append(true).open(path)
    }

    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{CWD, RenameFlags, renameat_with};
            match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
                // Not every file system knows the flag: two steps do the same there.
                Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
                result => return Ok(result?),
            }
        }
        fs::hard_link(from, to)?;
        fs::remove_file(from)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

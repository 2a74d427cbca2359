//! What the audit does to files beyond writing new ones: it goes on with a file, cuts
//! off what is half written, and writes its checkpoint in place.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::ours;
use crate::state::{Disk, RealDisk};

/// See the module. A trait for the same reason as [`Disk`].
pub trait InPlace: Disk {
    /// Opens a file to write anywhere in it.
    ///
    /// # Errors
    /// When it does not exist, or is not the user's own.
    fn open(&self, path: &Path) -> io::Result<Self::File>;

    /// Opens a file to write behind its end.
    ///
    /// # Errors
    /// As [`Self::open`].
    fn open_end(&self, path: &Path) -> io::Result<Self::File>;

    /// Writes all of it at a place.
    ///
    /// # Errors
    /// The system's.
    fn write_at(&self, file: &Self::File, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file off behind so many bytes.
    ///
    /// # Errors
    /// The system's.
    fn truncate(&self, file: &Self::File, length: u64) -> io::Result<()>;

    /// Waits until the content, and what is needed to read it, is on the disk. After
    /// a failure the file is given up.
    ///
    /// # Errors
    /// The system's.
    fn sync_data(&self, file: &Self::File) -> io::Result<()>;
}

impl InPlace for RealDisk {
    fn open(&self, path: &Path) -> io::Result<File> {
        ours::open(OpenOptions::new().read(true).write(true), path)
    }

    fn open_end(&self, path: &Path) -> io::Result<File> {
        ours::open(OpenOptions::new().append(true), path)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

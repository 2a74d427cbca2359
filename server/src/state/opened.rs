//! A backup as a file that can be opened: a compressed copy of the database is
//! unpacked beside it, and what was unpacked goes when this is dropped.

use std::path::{Path, PathBuf};

use super::archive::{Entry, part_path};
use super::error::StateError;
use super::name::Kind;
use super::rotation::unpack;
use crate::store::backup;

/// See the module.
#[derive(Debug)]
pub struct Opened {
    path: PathBuf,
    is_unpacked: bool,
}

impl Opened {
    /// Unpacks it where that is needed. Snapshots are read as they are.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or not be unpacked for want of space.
    pub fn new(directory: &Path, entry: &Entry) -> Result<Self, StateError> {
        let path = directory.join(&entry.name);
        if entry.kind != Kind::Database || !entry.name.ends_with(".gz") {
            return Ok(Self { path, is_unpacked: false });
        }
        let opened = Self { path: part_path(directory), is_unpacked: true };
        unpack(&path, &opened.path)?;
        Ok(opened)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if self.is_unpacked {
            backup::remove_with_logs(&self.path);
        }
    }
}

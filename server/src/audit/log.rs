//! The open log: one file that grows, older ones that are kept, and the checkpoint.
//!
//! A file whose write or sync failed is given up. It is gone on with only after what
//! was not certain has been cut off, and after a failed sync in a new file.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::checkpoint::{Checkpoint, CheckpointFile};
use super::disk::InPlace;
use super::error::AuditError;
use super::files::{self, CURRENT, rotated_name};
use super::key::Key;
use super::options::Options;
use super::ours::{self, Identity};
use super::scan::{Position, first_record};

/// Names that are tried for a file, when others have its name.
const NAMES: u64 = 100;

/// See the module.
pub(super) struct Log<D: InPlace> {
    pub(super) disk: Arc<D>,
    pub(super) options: Options,
    pub(super) key: Key,
    /// `None` when it was given up.
    pub(super) file: Option<D::File>,
    /// Which file has the name of the one that is written; `None` where none should have it.
    pub(super) identity: Option<Identity>,
    /// Bytes in the file.
    pub(super) length: u64,
    /// Those that are certain.
    pub(super) certain: u64,
    /// The number of its first record, or of the next one where there is none.
    pub(super) first: u64,
    /// The last record that was written.
    pub(super) written: Position,
    /// The last one that is certain.
    pub(super) durable: Position,
    /// First records of the older files, in order.
    pub(super) older: Vec<u64>,
    /// What the checkpoint says of the beginning.
    pub(super) begin: Position,
    /// `None` until the first records are certain: what was wrong with the one before has
    /// to stand in the log first, so that a crash in between does not make it forgotten.
    pub(super) checkpoint: Option<CheckpointFile<D::File>>,
    /// Why the checkpoint lags behind.
    pub(super) lagging: Option<String>,
    /// A sync failed: the next record goes into a new file.
    pub(super) new_file: bool,
}

impl<D: InPlace> Log<D> {
    /// Whether the next file is due.
    pub(super) fn is_full(&self) -> bool {
        self.length >= self.options.max_file_size
    }

    /// What somebody else has done to the file or the checkpoint since they were opened.
    pub(super) fn touched(&self) -> Option<String> {
        if self.checkpoint.as_ref().is_some_and(|file| !file.is_at(&self.checkpoint_path())) {
            return Some("the checkpoint was removed or replaced while the server ran".to_owned());
        }
        let found = match std::fs::symlink_metadata(self.options.current()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            // Whatever it is, it comes again when it is written.
            Err(_) => return None,
            Ok(found) => Some(found),
        };
        if found.as_ref().map(ours::identity) != self.identity {
            return Some(format!("{CURRENT} was removed or replaced while the server ran"));
        }
        let (written, found) = (self.length, found.map_or(0, |found| found.len()));
        // Of what was given up, only that is sure to be there which is certain.
        let fits = if self.file.is_some() { found == written } else { found >= self.certain };
        (!fits).then(|| {
            format!("{CURRENT} was changed while the server ran: it had {written} bytes and has {found}")
        })
    }

    fn checkpoint_path(&self) -> PathBuf {
        self.options.directory.join(super::checkpoint::NAME)
    }

    /// Adds lines, the last of which is at `position`.
    ///
    /// # Errors
    /// The system's; then the file is to be given up.
    pub(super) fn append(&mut self, lines: &[u8], position: Position) -> Result<(), AuditError> {
        let path = self.options.current();
        let Some(file) = &self.file else { return Err(AuditError::Closed) };
        self.disk.write(file, lines).map_err(AuditError::io("write", &path))?;
        self.length += lines.len() as u64;
        self.written = position;
        Ok(())
    }

    /// Waits until all of it is on the disk, and lets the checkpoint know.
    ///
    /// # Errors
    /// The system's; then the file is to be given up.
    pub(super) fn sync(&mut self) -> Result<(), AuditError> {
        let Some(file) = &self.file else { return Err(AuditError::Closed) };
        if let Err(error) = self.disk.sync_data(file) {
            self.new_file = true;
            return Err(AuditError::io("sync", &self.options.current())(error));
        }
        self.certain = self.length;
        self.durable = self.written;
        let written = self.write_checkpoint();
        self.lagging(written);
        Ok(())
    }

    fn covered(&self) -> Checkpoint {
        Checkpoint {
            last: self.durable.seq,
            last_mac: self.durable.mac,
            first: self.begin.seq,
            first_prev: self.begin.mac,
        }
    }

    /// Opens the checkpoint of a log in which nothing is wrong; `known` is what it says.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn open_checkpoint(&mut self, known: Option<Checkpoint>) -> io::Result<()> {
        let path = self.checkpoint_path();
        let checkpoint = known.unwrap_or_else(|| self.covered());
        self.checkpoint = Some(CheckpointFile::open(&*self.disk, &path, &self.key, &checkpoint)?);
        Ok(())
    }

    fn write_checkpoint(&mut self) -> io::Result<()> {
        let covered = self.covered();
        if let Some(file) = &mut self.checkpoint {
            return file.write(&*self.disk, &self.key, &covered);
        }
        let path = self.checkpoint_path();
        self.checkpoint = Some(CheckpointFile::open(&*self.disk, &path, &self.key, &covered)?);
        Ok(())
    }

    /// The records are there; only the proof that none is missing is older.
    fn lagging(&mut self, written: io::Result<()>) {
        if let Err(error) = &written {
            tracing::error!(%error, "the audit's checkpoint cannot be written");
        }
        self.lagging = written.err().map(|error| format!("the checkpoint cannot be written: {error}"));
    }

    /// Makes the checkpoint certain.
    pub(super) fn sync_checkpoint(&mut self) {
        if let Some(file) = &self.checkpoint {
            let synced = file.sync(&*self.disk);
            self.lagging(synced);
        }
    }

    /// What failed is not touched again.
    pub(super) fn give_up(&mut self) {
        self.file = None;
        self.written = self.durable;
    }

    /// Goes on after a failure: cuts off what is not certain.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn revive(&mut self) -> Result<(), AuditError> {
        let path = self.options.current();
        let file = match self.disk.open_end(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.begin_file(),
            file => file.map_err(AuditError::io("open", &path))?,
        };
        // Never made longer: where somebody has cut more off, that is to be seen.
        let found = std::fs::metadata(&path).map_err(AuditError::io("look at", &path))?;
        self.certain = self.certain.min(found.len());
        self.disk.truncate(&file, self.certain).map_err(AuditError::io("cut", &path))?;
        self.length = self.certain;
        // Before anything follows the cut: what was cut off would come back otherwise.
        let synced = self.disk.sync(&file).map_err(AuditError::io("sync", &path));
        if !self.new_file {
            synced?;
        }
        self.identity = Some(ours::identity(&found));
        self.file = Some(file);
        Ok(())
    }

    fn begin_file(&mut self) -> Result<(), AuditError> {
        let path = self.options.current();
        let file = self.disk.create(&path).map_err(AuditError::io("create", &path))?;
        let found = std::fs::symlink_metadata(&path).map_err(AuditError::io("look at", &path))?;
        self.identity = Some(ours::identity(&found));
        let directory = &self.options.directory;
        self.disk.sync_directory(directory).map_err(AuditError::io("sync", directory))?;
        self.file = Some(file);
        (self.length, self.certain) = (0, 0);
        self.first = self.durable.seq + 1;
        self.new_file = false;
        Ok(())
    }

    /// Gives the file its last name and begins the next one. Everything in it is
    /// certain, or was given up. Returns the name; one without a record has none.
    ///
    /// # Errors
    /// The system's; then the file is to be given up.
    pub(super) fn rotate(&mut self, bytes: u64) -> Result<Option<String>, AuditError> {
        if self.file.is_some() && self.length > self.certain {
            self.sync()?;
        }
        self.sync_checkpoint();
        self.file = None;
        let path = self.options.current();
        let name = match bytes {
            0 => self.disk.remove(&path).map(|()| None).map_err(AuditError::io("remove", &path))?,
            _ => Some(self.put_away()?),
        };
        self.identity = None;
        (self.length, self.certain) = (0, 0);
        self.first = self.durable.seq + 1;
        self.begin_file()?;
        Ok(name)
    }

    fn put_away(&mut self) -> Result<String, AuditError> {
        let path = self.options.current();
        let mut taken = Ok(());
        for first in self.first..self.first.saturating_add(NAMES) {
            let name = rotated_name(first);
            match self.disk.rename_new(&path, &self.options.directory.join(&name)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = Err(error),
                renamed => {
                    renamed.map_err(AuditError::io("rename", &path))?;
                    self.older.push(first);
                    self.older.sort_unstable();
                    return Ok(name);
                }
            }
        }
        taken.map_err(AuditError::io("rename", &path))?;
        Err(AuditError::Restless)
    }

    /// The older files that are more than are kept, by their first records.
    pub(super) fn too_many(&self) -> &[u64] {
        let kept = usize::try_from(self.options.files).unwrap_or(usize::MAX);
        self.older.get(..self.older.len().saturating_sub(kept)).unwrap_or_default()
    }

    /// Removes so many of the oldest files; the record that says so is certain.
    ///
    /// # Errors
    /// The system's. What is left is tried again with the next rotation.
    pub(super) fn remove(&mut self, count: usize) -> Result<(), AuditError> {
        let directory = self.options.directory.clone();
        let oldest = self.older.get(count).copied();
        let path = oldest.map_or_else(|| self.options.current(), |first| directory.join(rotated_name(first)));
        let first = ours::read(&path).and_then(|file| first_record(&file, &self.key));
        if let Some((begin, _)) = first.map_err(AuditError::io("read", &path))? {
            self.begin = begin;
        }
        // Certain before the files go: a checkpoint that knows them would miss them.
        let at = self.checkpoint_path();
        self.write_checkpoint().map_err(AuditError::io("write", &at))?;
        let synced = self.checkpoint.as_ref().map_or(Ok(()), |file| file.sync(&*self.disk));
        synced.map_err(AuditError::io("sync", &at))?;
        for first in self.older.drain(..count.min(self.older.len())) {
            let path = directory.join(rotated_name(first));
            self.disk.remove(&path).map_err(AuditError::io("remove", &path))?;
        }
        self.disk.sync_directory(&directory).map_err(AuditError::io("sync", &directory))
    }

    /// Reads the names again, after something with them went wrong.
    pub(super) fn list(&mut self) -> Result<(), AuditError> {
        let directory = &self.options.directory;
        self.older = files::rotated(directory).map_err(AuditError::io("list", directory))?;
        Ok(())
    }
}

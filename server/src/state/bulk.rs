//! The first stage of a snapshot: everything that the database knows, streamed
//! into a new file while service goes on. One thread makes the text, another
//! hashes and writes it, a third waits for the disk; between them are a few
//! buffers and nothing more.

use std::io::Read as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::disk::{Disk, RealDisk};
use super::error::StateError;
use super::format;
use super::source::Source;
use crate::link::{SnapshotBulk, SnapshotHeader};
use crate::store::export::hexadecimal;

/// A buffer is handed on when it has this many bytes; one task may make it longer.
const BUFFER: usize = 512 * 1024;
/// Buffers that may wait to be written.
const WAITING: usize = 3;
/// Bytes after which the disk begins to write, so that little is left for the end.
const SYNC_EACH: u64 = 8 * 1024 * 1024;

/// Writes the bulk of a snapshot into a file that does not exist, and syncs it.
/// When anything fails there is no file afterwards.
///
/// # Errors
///
/// When the tasks cannot be read or the file not be written.
pub fn write_bulk(
    file: &Path,
    header: &SnapshotHeader,
    taken: Timestamp,
    suspended_tasks: &[Value],
    source: &mut impl Source,
) -> Result<SnapshotBulk, StateError> {
    write_bulk_on(&RealDisk, file, header, taken, suspended_tasks, source)
}

pub(super) fn write_bulk_on<D: Disk>(
    disk: &D,
    path: &Path,
    header: &SnapshotHeader,
    taken: Timestamp,
    suspended_tasks: &[Value],
    source: &mut impl Source,
) -> Result<SnapshotBulk, StateError> {
    let file = disk.create(path).map_err(StateError::file("create the snapshot", path))?;
    let written = std::thread::scope(|scope| {
        let (full, to_write) = sync_channel(WAITING);
        let (emptied, empty) = channel();
        let (due, to_sync) = sync_channel(1);
        let file = &file;
        let writer = scope.spawn(move || write_all(disk, path, file, &to_write, &emptied, &due));
        let syncer = scope.spawn(move || sync_when_due(disk, path, file, &to_sync));
        let mut text = Text { buffer: Vec::with_capacity(BUFFER), full, empty };
        let made = make_text(&mut text, header, taken, suspended_tasks, source);
        // The writer ends when nobody can send any more, the other one with it.
        drop(text);
        let written = writer.join().unwrap_or_else(|_| Err(writer_gone(path)))?;
        syncer.join().unwrap_or_else(|_| Err(writer_gone(path)))?;
        // Its own failure tells more than that it took no more.
        let active = made?;
        disk.sync(file).map_err(StateError::file("sync the snapshot", path))?;
        Ok((active, written))
    });
    match written {
        Ok((active_tasks, (sha256, bytes))) => {
            Ok(SnapshotBulk { sha256, bytes, active_tasks, suspended_tasks: suspended_tasks.len() as u64 })
        }
        Err(error) => {
            // What is there is of no use, whatever comes of this.
            let _ = disk.remove(path);
            Err(error)
        }
    }
}

fn write_all<D: Disk>(
    disk: &D,
    path: &Path,
    file: &D::File,
    to_write: &Receiver<Vec<u8>>,
    emptied: &Sender<Vec<u8>>,
    due: &SyncSender<()>,
) -> Result<(String, u64), StateError> {
    let mut hasher = Sha256::new();
    let (mut bytes, mut synced) = (0, 0);
    while let Ok(mut buffer) = to_write.recv() {
        disk.write(file, &buffer).map_err(StateError::file("write the snapshot", path))?;
        hasher.update(&buffer);
        bytes += buffer.len() as u64;
        buffer.clear();
        // The maker of the text may have finished.
        let _ = emptied.send(buffer);
        // One that is under way still is soon followed by the next.
        if bytes - synced >= SYNC_EACH && due.try_send(()).is_ok() {
            synced = bytes;
        }
    }
    Ok((hexadecimal(&hasher.finalize()), bytes))
}

/// A failure is the file's end: what the system dropped then is not written again.
fn sync_when_due<D: Disk>(
    disk: &D,
    path: &Path,
    file: &D::File,
    due: &Receiver<()>,
) -> Result<(), StateError> {
    while due.recv().is_ok() {
        disk.sync(file).map_err(StateError::file("sync the snapshot", path))?;
    }
    Ok(())
}

fn make_text(
    text: &mut Text,
    header: &SnapshotHeader,
    taken: Timestamp,
    suspended_tasks: &[Value],
    source: &mut impl Source,
) -> Result<u64, StateError> {
    format::write_head(&mut text.buffer, header, taken, &source.database()?, suspended_tasks)?;
    text.list("work_sessions", |list| source.work_sessions(&mut |session| list.put(session)))?;
    text.list("related_tasks", |list| source.related_tasks(&mut |task| list.put(task)))?;
    let active = text.list("active_tasks", |list| source.active_tasks(&mut |task| list.put(task)))?;
    text.hand_on()?;
    Ok(active)
}

/// The text as it is made.
struct Text {
    buffer: Vec<u8>,
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
}

impl Text {
    fn list(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut List<'_>) -> Result<(), StateError>,
    ) -> Result<u64, StateError> {
        self.buffer.extend_from_slice(b",\"");
        self.buffer.extend_from_slice(name.as_bytes());
        self.buffer.extend_from_slice(b"\":[");
        let mut list = List { text: self, count: 0 };
        fill(&mut list)?;
        let count = list.count;
        self.buffer.push(b']');
        Ok(count)
    }

    fn hand_on(&mut self) -> Result<(), StateError> {
        let next = self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(BUFFER));
        let full = std::mem::replace(&mut self.buffer, next);
        self.full.send(full).map_err(|_| writer_gone(Path::new("the snapshot")))
    }
}

/// An array that is being written.
struct List<'a> {
    text: &'a mut Text,
    count: u64,
}

impl List<'_> {
    fn put(&mut self, item: &impl Serialize) -> Result<(), StateError> {
        if self.count > 0 {
            self.text.buffer.push(b',');
        }
        self.count += 1;
        serde_json::to_writer(&mut self.text.buffer, item)?;
        if self.text.buffer.len() >= BUFFER { self.text.hand_on() } else { Ok(()) }
    }
}

fn writer_gone(path: &Path) -> StateError {
    StateError::file("write the snapshot", path)(std::io::ErrorKind::BrokenPipe.into())
}

/// Reads the bulk back and compares it with what its writer said.
///
/// # Errors
///
/// When it cannot be read or is something else.
pub fn verify_bulk(file: &Path, bulk: &SnapshotBulk) -> Result<(), StateError> {
    hash_bulk(file, bulk).map(drop)
}

/// The same; returns the hasher, which goes on from there.
pub(super) fn hash_bulk(path: &Path, bulk: &SnapshotBulk) -> Result<Sha256, StateError> {
    let failed = StateError::file("read the snapshot", path);
    let mut file = std::fs::File::open(path).map_err(&failed)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer).map_err(&failed)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
        hasher.update(part);
        bytes += read as u64;
    }
    if bytes != bulk.bytes {
        return Err(StateError::broken(path, format!("has {bytes} bytes where {} were written", bulk.bytes)));
    }
    let found = hexadecimal(&hasher.clone().finalize());
    if found != bulk.sha256 {
        return Err(StateError::broken(path, format!("has hash {found} where {} was written", bulk.sha256)));
    }
    Ok(hasher)
}

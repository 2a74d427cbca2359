//! Reading records: the newest ones from the end, or all of them from the beginning.
//! It checks nothing; that is what `verify` does.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use task_orchestrator_shared::admin::audit::AuditRecord;

use super::error::AuditError;
use super::files;
use super::line::MAX_LINE;
use super::scan::Lines;

/// Bytes that are read at once.
const CHUNK: u64 = 64 * 1024;

/// How often the files are opened again because they were rotated meanwhile.
const TRIES: usize = 20;

fn opened(directory: &Path) -> Result<Vec<(String, File)>, AuditError> {
    let mut tries = (0..TRIES).map(|_| files::open(directory));
    let settled = tries.find(|result| !matches!(result, Err(AuditError::Restless)));
    settled.unwrap_or(Err(AuditError::Restless))
}

/// The newest records that are wanted, newest first, at most `limit` of them. Lines that are
/// no records are passed over.
///
/// # Errors
/// The system's.
pub fn newest(
    directory: &Path,
    limit: usize,
    mut wanted: impl FnMut(&AuditRecord) -> bool,
) -> Result<Vec<AuditRecord>, AuditError> {
    let mut records = Vec::new();
    for (name, file) in opened(directory)?.into_iter().rev() {
        let path = directory.join(name);
        let mut lines = Backward::new(file).map_err(AuditError::io("read", &path))?;
        while records.len() < limit {
            let Some(line) = lines.next().map_err(AuditError::io("read", &path))? else { break };
            if let Ok(record) = serde_json::from_slice(&line)
                && wanted(&record)
            {
                records.push(record);
            }
        }
    }
    Ok(records)
}

/// Calls for each record, oldest first, until that says `false`. Lines that are no
/// records are passed over.
///
/// # Errors
/// The system's.
pub fn each(directory: &Path, mut record: impl FnMut(AuditRecord) -> bool) -> Result<(), AuditError> {
    for (name, file) in opened(directory)? {
        let path = directory.join(name);
        let mut lines = Lines::new(file);
        while let Some(line) = lines.next().map_err(AuditError::io("read", &path))? {
            if let Ok(found) = serde_json::from_slice(line.bytes)
                && !record(found)
            {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The complete lines of a file from its end.
struct Backward {
    file: File,
    /// Bytes before those in the buffer.
    before: u64,
    buffer: Vec<u8>,
}

impl Backward {
    fn new(file: File) -> io::Result<Self> {
        let before = file.metadata()?.len();
        let mut lines = Self { file, before, buffer: Vec::new() };
        // What follows the last end of a line is being written.
        lines.next()?;
        Ok(lines)
    }

    /// The line before. One that is too long is cut at its beginning, and no record.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(place) = memchr::memrchr(b'\n', &self.buffer) {
                let line = self.buffer.split_off(place + 1);
                self.buffer.pop();
                return Ok(Some(line));
            }
            if self.before == 0 {
                let line = std::mem::take(&mut self.buffer);
                return Ok((!line.is_empty()).then_some(line));
            }
            self.buffer.truncate(MAX_LINE);
            let length = self.before.min(CHUNK);
            let mut chunk = vec![0; usize::try_from(length).unwrap_or_default()];
            self.before -= length;
            self.file.read_exact_at(&mut chunk, self.before)?;
            chunk.append(&mut self.buffer);
            self.buffer = chunk;
        }
    }
}

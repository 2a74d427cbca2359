//! One log file from a place on: its bytes made lines, its lines made records.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use task_orchestrator_shared::admin::log::{LogLine, MAX_LOG_LINE_BYTES};

use super::batch::Batch;
use super::wanted::Wanted;
use super::{directory, line};

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;

/// Most of one raw line that is kept, in bytes: JSON writes a line longer than it is.
const MAX_RAW_LINE: usize = 64 * 1024;

/// Most of what was written between two looks that is read line by line, in bytes. Of
/// what lies before it only the lines are counted, so that a flood costs little time.
const MAX_BACKLOG: u64 = 8 * 1024 * 1024;

/// Which file it is, whatever its name.
type Identity = (u64, u64);

/// A file that is being read.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    day: Date,
    file: File,
    identity: Identity,
    position: u64,
    raw: RawLine,
    records: Records,
}

impl Tail {
    /// The day's file of this process, from its beginning.
    pub(super) fn open(directory: &Path, process: &'static str, day: Date) -> io::Result<Self> {
        let path = directory::path_of(directory, process, day);
        let file = directory::open(&path)?;
        let found = file.metadata()?;
        let identity = (found.dev(), found.ino());
        let records = Records::of(process);
        Ok(Self { path, day, file, identity, position: 0, raw: RawLine::default(), records })
    }

    /// Whose day it is.
    pub(super) fn day(&self) -> Date {
        self.day
    }

    /// Its length at the moment, in bytes.
    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Whether its name belongs to another file by now.
    pub(super) fn is_replaced(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) != self.identity)
    }

    /// Begins at another place. What is left of a line there, and what goes on from a
    /// line before it, is passed over.
    pub(super) fn start_at(&mut self, position: u64) {
        let midway = position > 0;
        self.position = position;
        self.raw = RawLine { bytes: Vec::new(), discards: midway };
        self.records.begin(midway);
    }

    /// Reads on, up to the end that the file has now.
    pub(super) fn read(&mut self, wanted: &Wanted, batch: &mut Batch) -> io::Result<()> {
        let end = self.len()?;
        if end < self.position {
            // Cut off by somebody: whatever is there now is new.
            self.start_at(0);
        }
        let mut chunk = vec![0; CHUNK];
        if end - self.position > MAX_BACKLOG {
            self.pass_over(end - MAX_BACKLOG, &mut chunk, batch)?;
        }
        while let Some(bytes) = self.next_chunk(end, &mut chunk)? {
            for part in bytes.split_inclusive(|byte| *byte == b'\n') {
                if let Some(raw) = self.raw.take(part) {
                    self.records.take(&String::from_utf8_lossy(&raw), wanted, batch);
                }
            }
        }
        self.records.close(wanted, batch);
        Ok(())
    }

    /// Goes to this place and only counts the lines on the way.
    fn pass_over(&mut self, target: u64, chunk: &mut [u8], batch: &mut Batch) -> io::Result<()> {
        while let Some(bytes) = self.next_chunk(target, chunk)? {
            batch.miss(memchr::memchr_iter(b'\n', bytes).count() as u64);
        }
        let position = self.position;
        self.start_at(position);
        // The line on which the target lies.
        batch.miss(1);
        Ok(())
    }

    /// The next bytes before `end`, `None` at the end.
    fn next_chunk<'a>(&mut self, end: u64, chunk: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        let left = usize::try_from(end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let room = left.min(chunk.len());
        let Some(room) = chunk.get_mut(..room).filter(|room| !room.is_empty()) else { return Ok(None) };
        let read = self.file.read_at(room, self.position)?;
        self.position += read as u64;
        Ok(room.get(..read).filter(|read| !read.is_empty()))
    }
}

/// The line that is not at its end yet.
#[derive(Debug, Default)]
struct RawLine {
    /// Its beginning, at most [`MAX_RAW_LINE`].
    bytes: Vec<u8>,
    /// Everything up to the next end of a line is passed over.
    discards: bool,
}

impl RawLine {
    /// Takes bytes in which only the last one can end the line; gives the line then.
    fn take(&mut self, part: &[u8]) -> Option<Vec<u8>> {
        let ended = part.last() == Some(&b'\n');
        if !self.discards {
            let room = MAX_RAW_LINE.saturating_sub(self.bytes.len());
            self.bytes.extend(part.iter().filter(|byte| **byte != b'\n').take(room));
        }
        (ended && !std::mem::take(&mut self.discards)).then(|| std::mem::take(&mut self.bytes))
    }
}

/// Lines with those that go on from them.
#[derive(Debug)]
struct Records {
    process: &'static str,
    /// Whether lines that go on from an unknown one can come first.
    midway: bool,
    /// The line that others may go on from.
    open: Option<LogLine>,
    /// The head of the last line, for what is written of it later.
    head: Option<LogLine>,
    /// Whether `open` only goes on from a line that was passed on already.
    goes_on: bool,
    /// Whether the last line was wanted: then what goes on from it is as well.
    taken: bool,
}

impl Records {
    fn of(process: &'static str) -> Self {
        Self { process, midway: false, open: None, head: None, goes_on: false, taken: false }
    }

    fn begin(&mut self, midway: bool) {
        *self = Self { midway, ..Self::of(self.process) };
    }

    fn take(&mut self, raw: &str, wanted: &Wanted, batch: &mut Batch) {
        if let Some(line) = line::parse(self.process, raw) {
            self.close(wanted, batch);
            self.head = Some(LogLine { text: String::new(), ..line.clone() });
            self.open = Some(line);
            self.goes_on = false;
        } else if let Some(open) = &mut self.open {
            open.text.push('\n');
            open.text.push_str(raw);
            line::cut(&mut open.text, MAX_LOG_LINE_BYTES);
        } else if !raw.is_empty() && (self.head.is_some() || !self.midway) {
            let mut line = self.head.clone().unwrap_or_else(|| unknown(self.process));
            raw.clone_into(&mut line.text);
            line::cut(&mut line.text, MAX_LOG_LINE_BYTES);
            self.open = Some(line);
            self.goes_on = self.head.is_some();
        }
    }

    /// Passes the line on. It is not waited for what may be written of it later.
    fn close(&mut self, wanted: &Wanted, batch: &mut Batch) {
        let Some(line) = self.open.take() else { return };
        self.taken = wanted.takes(&line) || (self.goes_on && self.taken);
        if self.taken {
            let at = self.head.as_ref().map(|head| head.at.clone()).unwrap_or_default();
            batch.push(&at, line);
        }
    }
}

/// A line of which nothing is known but where it stands.
fn unknown(process: &str) -> LogLine {
    LogLine {
        at: String::new(),
        level: None,
        process: process.to_owned(),
        pid: None,
        target: String::new(),
        text: String::new(),
    }
}

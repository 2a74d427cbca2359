//! Reading a file's lines in one pass, in big chunks and bounded memory.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};

use super::checkpoint::Checkpoint;
use super::key::{Digits, Key};
use super::line::{MAX_LINE, Parts, number, split};

/// Bytes that are read at once.
const CHUNK: usize = 512 * 1024;

/// Intents without an outcome that are remembered; of more, the oldest are not.
const MAX_OPEN: usize = 10_000;

/// No log has so many records: a number from there on was invented.
pub(super) const MAX_SEQ: u64 = 1 << 53;

/// The lines of a file.
pub(super) struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    number: u64,
    ended: bool,
}

/// A line without its end.
pub(super) struct Line<'a> {
    /// From one.
    pub(super) number: u64,
    /// The bytes, at most [`MAX_LINE`] of them.
    pub(super) bytes: &'a [u8],
    /// Whether it has an end.
    pub(super) complete: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, buffer: vec![0; CHUNK + MAX_LINE], begin: 0, end: 0, number: 0, ended: false }
    }

    /// The next line. What is longer than a line may be comes in several, of which
    /// none is a record.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            let waiting = self.buffer.get(self.begin..self.end).unwrap_or_default();
            let found = memchr::memchr(b'\n', waiting);
            let length = found.unwrap_or(waiting.len());
            if found.is_some() || length >= MAX_LINE || (self.ended && length > 0) {
                let begin = self.begin;
                let bytes = length.min(MAX_LINE);
                self.begin += bytes + usize::from(found == Some(bytes));
                self.number += 1;
                let line = self.buffer.get(begin..begin + bytes).unwrap_or_default();
                return Ok(Some(Line { number: self.number, bytes: line, complete: found == Some(bytes) }));
            }
            if self.ended {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.begin..self.end, 0);
        self.end -= self.begin;
        self.begin = 0;
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        match self.source.read(room) {
            Ok(0) => self.ended = true,
            Ok(read) => self.end += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// A record's place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Its number.
    pub(super) seq: u64,
    /// Its hash.
    pub(super) mac: Digits,
}

/// What files hold, as far as going on with the last one needs.
pub(super) struct Scan<'a> {
    key: &'a Key,
    known: Option<Checkpoint>,
    /// Intents without an outcome.
    pub(super) open: BTreeSet<u64>,
    /// The last record that stands where it should.
    pub(super) last: Option<Position>,
    /// The last line that looks like a record, whether it is one or not.
    pub(super) seen: Option<Position>,
    /// Lines that do not stand where they should: they are changed, forged, or remains of a power failure.
    pub(super) wrong: u64,
    /// The last one of those in the file before.
    pub(super) before: Option<Position>,
    /// Bytes of complete lines in the last file.
    pub(super) complete: u64,
    /// Bytes behind them.
    pub(super) partial: u64,
}

impl<'a> Scan<'a> {
    pub(super) fn new(key: &'a Key, known: Option<Checkpoint>) -> Self {
        Self {
            key,
            known,
            open: BTreeSet::new(),
            last: None,
            seen: None,
            wrong: 0,
            before: None,
            complete: 0,
            partial: 0,
        }
    }

    /// Reads the next file.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn file(&mut self, file: &File) -> io::Result<()> {
        (self.complete, self.partial) = (0, 0);
        let mut lines = Lines::new(file);
        while let Some(line) = lines.next()? {
            let bytes = line.bytes.len() as u64;
            if !line.complete {
                self.partial += bytes;
                continue;
            }
            // Behind the beginning of an overlong line comes its rest, up to its end.
            self.complete += bytes + 1 + std::mem::take(&mut self.partial);
            let parts = split(line.bytes);
            let mac = parts.and_then(|parts| parts.mac.try_into().ok());
            if let (Some(parts), Some(mac)) = (parts, mac)
                && parts.seq < MAX_SEQ
            {
                self.seen = Some(Position { seq: parts.seq, mac });
            }
            match parts.filter(|parts| self.belongs(parts)) {
                Some(parts) => self.record(&parts),
                None => self.wrong += 1,
            }
        }
        Ok(())
    }

    /// What the checkpoint covers is checked by who verifies; what is behind it, here.
    fn belongs(&self, parts: &Parts<'_>) -> bool {
        let covered = self.known.is_some_and(|known| parts.seq < known.last);
        let at_the_end = self.known.filter(|known| parts.seq == known.last);
        let follows =
            self.last.is_none_or(|last| last.seq.checked_add(1) == Some(parts.seq) && parts.prev == last.mac);
        match at_the_end {
            Some(known) => parts.mac == known.last_mac,
            None => covered || (follows && parts.is_proved_by(self.key)),
        }
    }

    fn record(&mut self, parts: &Parts<'_>) {
        let Ok(mac) = parts.mac.try_into() else { return };
        self.last = Some(Position { seq: parts.seq, mac });
        if parts.event(b"intent").is_some() {
            self.open.insert(parts.seq);
            if self.open.len() > MAX_OPEN {
                self.open.pop_first();
            }
        } else if let Some(rest) = parts.event(b"outcome") {
            let of = rest.strip_prefix(b",\"of\":").and_then(number);
            self.open.remove(&of.map_or(0, |(of, _)| of));
        }
    }
}

/// The number of a file's first record with the hash before it, and whether the holder
/// of the key has written it.
///
/// # Errors
/// The system's.
pub(super) fn first_record(file: &File, key: &Key) -> io::Result<Option<(Position, bool)>> {
    let mut lines = Lines::new(file);
    let Some(line) = lines.next()? else { return Ok(None) };
    let parts = split(line.bytes).filter(|parts| parts.seq < MAX_SEQ);
    Ok(parts.and_then(|parts| {
        let position = Position { seq: parts.seq, mac: parts.prev.try_into().ok()? };
        Some((position, parts.is_proved_by(key)))
    }))
}

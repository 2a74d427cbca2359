//! Checks the whole audit in one pass: every record's hash, the chain over all files,
//! and that it begins and ends where the checkpoint says. It changes nothing, and may
//! run while the server writes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use task_orchestrator_shared::admin::audit::{AuditEvent, AuditProblem, AuditRecord, AuditVerdict};

use super::checkpoint::{self, Checkpoint, Stored};
use super::error::AuditError;
use super::files::{CURRENT, first_of, open_with_checkpoint};
use super::key::Key;
use super::line::{Parts, split};
use super::options::Options;
use super::ours;
use super::scan::{Lines, Position};

/// Problems that are told; the rest is only the same again.
const MAX_PROBLEMS: usize = 100;

/// How often half a line at the end is looked at again: it may be in the writing.
const TRIES: usize = 50;

/// Checks the whole audit.
///
/// # Errors
/// What keeps it from being read. What is wrong with it is in the verdict.
pub fn verify(options: &Options) -> Result<AuditVerdict, AuditError> {
    let key = match Key::read(options) {
        Err(AuditError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return without_key(options);
        }
        key => key?,
    };
    let mut verdict = check(&options.directory, &key)?;
    let mut tries = 0;
    while verdict.in_writing && tries < TRIES && is_completed(&options.current()) {
        verdict = check(&options.directory, &key)?;
        tries += 1;
    }
    Ok(verdict.told)
}

/// Whether half a line at the end was only in the writing.
fn is_completed(path: &Path) -> bool {
    (0..TRIES).any(|_| {
        std::thread::yield_now();
        ends_a_line(path).unwrap_or(true)
    })
}

fn ends_a_line(path: &Path) -> io::Result<bool> {
    let file = ours::read(path)?;
    let Some(last) = file.metadata()?.len().checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(byte == *b"\n")
}

/// Nothing was ever written, or the key was taken away.
fn without_key(options: &Options) -> Result<AuditVerdict, AuditError> {
    let mut told = Told::default();
    let files = match super::files::open(&options.directory) {
        Err(AuditError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Vec::new(),
        files => files?,
    };
    if !files.is_empty() {
        let path = options.key().display().to_string();
        told.problem(&path, 0, "the key is missing: nothing can be proved".to_owned());
    }
    told.verdict.files = files.into_iter().map(|(name, _)| name).collect();
    Ok(told.done().told)
}

fn check(directory: &Path, key: &Key) -> Result<Checked, AuditError> {
    let (stored, files) = open_with_checkpoint(directory, key)?;
    let mut chain = Chain { key, known: stored.known(), last: None, told: Told::default() };
    chain.checkpoint(stored, files.is_empty());
    for (name, file) in &files {
        chain.file(name, file).map_err(AuditError::io("read", &directory.join(name)))?;
    }
    chain.end();
    Ok(chain.told.done())
}

/// A verdict, and whether it may be another one in a moment.
struct Checked {
    told: AuditVerdict,
    in_writing: bool,
}

struct Told {
    verdict: AuditVerdict,
    in_writing: bool,
}

impl Default for Told {
    fn default() -> Self {
        let verdict = AuditVerdict {
            intact: true,
            records: 0,
            first_seq: None,
            last_seq: None,
            files: Vec::new(),
            problems: Vec::new(),
        };
        Self { verdict, in_writing: false }
    }
}

impl Told {
    fn problem(&mut self, file: &str, line: u64, problem: String) {
        self.verdict.intact = false;
        if self.verdict.problems.len() < MAX_PROBLEMS {
            self.verdict.problems.push(AuditProblem { file: file.to_owned(), line, problem });
        }
    }

    fn done(self) -> Checked {
        Checked { told: self.verdict, in_writing: self.in_writing }
    }
}

struct Chain<'a> {
    key: &'a Key,
    known: Option<Checkpoint>,
    last: Option<Position>,
    told: Told,
}

impl Chain<'_> {
    fn checkpoint(&mut self, stored: Stored, nothing_written: bool) {
        let problem = match stored {
            Stored::Known(_, false) => return,
            // The key is made before the first record.
            Stored::Missing if nothing_written => return,
            Stored::Known(_, true) => "one of its two halves is damaged: the last records may be missing",
            Stored::Missing => "it is missing: records at the end may be missing too",
            Stored::Broken => "it was not written with this key: records at the end may be missing",
        };
        self.told.problem(checkpoint::NAME, 0, problem.to_owned());
    }

    fn file(&mut self, name: &str, file: &File) -> io::Result<()> {
        self.told.verdict.files.push(name.to_owned());
        let mut lines = Lines::new(file);
        let mut number = 0;
        while let Some(line) = lines.next()? {
            number = line.number;
            if !line.complete {
                self.half_line(name, number);
            } else if let Some(parts) = split(line.bytes) {
                self.record(name, number, &parts, line.bytes);
            } else {
                self.told.problem(name, number, "this is no record of the audit".to_owned());
            }
        }
        if number == 0 && name != CURRENT {
            self.told.problem(name, 0, "it is empty".to_owned());
        }
        Ok(())
    }

    fn half_line(&mut self, name: &str, number: u64) {
        self.told.in_writing |= name == CURRENT;
        let problem =
            "half a line: the server ended while it wrote; its next start cuts this off and says so";
        self.told.problem(name, number, problem.to_owned());
    }

    fn record(&mut self, name: &str, line: u64, parts: &Parts<'_>, bytes: &[u8]) {
        let proved = parts.is_proved_by(self.key);
        if !proved {
            let problem = format!("record {}: changed, or not written with this key", parts.seq);
            self.told.problem(name, line, problem);
        }
        let begins = first_of(name).filter(|first| line == 1 && *first != parts.seq);
        if let Some(first) = begins {
            let problem = format!("the file begins with record {}, not {first} as its name says", parts.seq);
            self.told.problem(name, line, problem);
        }
        if let Some(problem) = self.order(parts) {
            self.told.problem(name, line, problem);
        }
        if proved {
            self.own_finding(name, line, parts, bytes);
        }
        let verdict = &mut self.told.verdict;
        verdict.records += 1;
        verdict.first_seq.get_or_insert(parts.seq);
        verdict.last_seq = Some(parts.seq);
        if let Ok(mac) = parts.mac.try_into() {
            self.last = Some(Position { seq: parts.seq, mac });
        }
    }

    /// What is wrong with where it stands.
    fn order(&self, parts: &Parts<'_>) -> Option<String> {
        let seq = parts.seq;
        if let Some(known) = self.known {
            if seq == known.first && parts.prev != known.first_prev {
                return Some(format!("record {seq} does not follow what was before the oldest file"));
            }
            if seq == known.last && parts.mac != known.last_mac {
                return Some(format!("record {seq} is another one than the checkpoint knows"));
            }
        }
        let Some(last) = self.last else { return self.beginning(seq) };
        match last.seq.checked_add(1) {
            Some(next) if seq > next => Some(missing(next, seq - 1)),
            Some(next) if seq == next && parts.prev == last.mac => None,
            Some(next) if seq == next => Some(format!("record {seq} does not follow the record before it")),
            _ => Some(format!("record {seq} stands behind record {}: repeated or moved", last.seq)),
        }
    }

    /// An older file may still be there when the server ended while it removed it.
    fn beginning(&self, seq: u64) -> Option<String> {
        let first = self.known.map_or(1, |known| known.first);
        let reaches = self.known.is_some() && seq > first;
        reaches.then(|| missing(first, seq - 1))
    }

    /// What the server itself found when it started, and went on behind.
    fn own_finding(&mut self, name: &str, line: u64, parts: &Parts<'_>, bytes: &[u8]) {
        let broken = parts.event(b"audit").is_some_and(|rest| rest.starts_with(b",\"what\":\"broken\""));
        if broken
            && let Ok(AuditRecord { event: AuditEvent::Audit { detail, .. }, at, .. }) =
                serde_json::from_slice(bytes)
        {
            self.told.problem(name, line, format!("the server found at its start, {at}: {detail}"));
        }
    }

    fn end(&mut self) {
        let (Some(known), last) = (self.known, self.last.map_or(0, |last| last.seq)) else { return };
        if last < known.last {
            let name = self.told.verdict.files.last().cloned().unwrap_or_else(|| CURRENT.to_owned());
            self.told.problem(&name, 0, format!("the end: {}", missing(last + 1, known.last)));
        }
    }
}

fn missing(first: u64, last: u64) -> String {
    if first == last {
        format!("record {first} is missing")
    } else {
        format!("records {first} to {last} are missing")
    }
}

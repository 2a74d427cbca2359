//! Going on with what is there: after an orderly end, after a crash, and after
//! somebody has changed it. A half-written line is cut off when nobody was told that
//! it is written; everything else that is wrong is kept as it is and told.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use task_orchestrator_shared::admin::audit::{AuditEvent, AuditOutcome};

use super::checkpoint::{self, Checkpoint, Stored};
use super::disk::InPlace;
use super::error::AuditError;
use super::files::{self, rotated_name};
use super::key::{Key, ZEROS};
use super::log::Log;
use super::options::Options;
use super::ours::{self, Identity};
use super::scan::{Position, Scan, first_record};

/// A log to go on with, and what has to be told in it first.
pub(super) struct Opened<D: InPlace> {
    pub(super) log: Log<D>,
    pub(super) events: Vec<AuditEvent>,
}

/// A log that this process had open, and had to let go.
pub(super) struct Before {
    /// Its last record that was certain.
    pub(super) durable: Position,
    /// Why it was let go.
    pub(super) why: String,
}

/// A record about the audit itself.
pub(super) fn own(what: &str, detail: String) -> AuditEvent {
    AuditEvent::Audit { what: what.to_owned(), detail }
}

/// Opens the log, and makes it where there is none. `before` is what this process knows of it.
///
/// # Errors
/// What keeps it from being written.
pub(super) fn open<D: InPlace>(
    disk: Arc<D>,
    options: &Options,
    before: Option<&Before>,
) -> Result<Opened<D>, AuditError> {
    make_directory(&options.directory)?;
    let (key, new_key) = Key::read_or_make(&*disk, options)?;
    let place = options.directory.join(checkpoint::NAME);
    let stored = checkpoint::read(&place, &key).map_err(AuditError::io("read", &place))?;
    let older = files::rotated(&options.directory).map_err(AuditError::io("list", &options.directory))?;
    let mut scan = look(options, &key, stored.known(), &older)?;
    let begin = beginning(options, &key, &older)?;
    let mut trouble = trouble(stored, &scan, begin.is_some(), new_key);
    let known = stored.known().map(|known| Position { seq: known.last, mac: known.last_mac });
    let nothing = Position { seq: 0, mac: ZEROS };
    if let Some(before) = before {
        trouble.insert(0, before.why.clone());
        // Whoever has begun them still lives.
        scan.open.clear();
    }
    let durable = before.map(|before| before.durable);
    let last = scan.last.into_iter().chain(known).chain(durable).max_by_key(|position| position.seq);
    let last = last.or(scan.seen).unwrap_or(nothing);
    let begin = stored.known().map(|known| Position { seq: known.first, mac: known.first_prev }).or(begin);
    let begin = begin.unwrap_or(Position { seq: last.seq + 1, mac: last.mac });
    let mut log = Log {
        disk,
        options: options.clone(),
        key: key.clone(),
        file: None,
        identity: identity(options)?,
        length: scan.complete,
        certain: scan.complete,
        first: first_in_current(options, &key, &scan, &older)?.unwrap_or(last.seq + 1),
        written: last,
        durable: last,
        older,
        begin,
        checkpoint: None,
        lagging: None,
        new_file: false,
    };
    if trouble.is_empty() {
        log.open_checkpoint(stored.known()).map_err(AuditError::io("write", &place))?;
    }
    let events = begin_with(&mut log, trouble, &scan)?;
    Ok(Opened { log, events })
}

fn make_directory(path: &Path) -> Result<(), AuditError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(AuditError::io("create", path)(error))
        }
        _ => Ok(()),
    }
}

/// Reads the file that is written and the one before: so far back an intent without
/// an outcome is looked for.
fn look<'a>(
    options: &Options,
    key: &'a Key,
    known: Option<Checkpoint>,
    older: &[u64],
) -> Result<Scan<'a>, AuditError> {
    let mut scan = Scan::new(key, known);
    let before = older.last().map(|first| options.directory.join(rotated_name(*first)));
    if let Some(path) = before {
        let file = ours::read(&path).map_err(AuditError::io("open", &path))?;
        scan.file(&file).map_err(AuditError::io("read", &path))?;
        // Half a line there is not to be cut off any more.
        scan.wrong += u64::from(scan.partial > 0);
        scan.before = scan.last;
    }
    let path = options.current();
    (scan.complete, scan.partial) = (0, 0);
    match ours::read(&path) {
        Ok(file) => scan.file(&file).map_err(AuditError::io("read", &path))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(AuditError::io("open", &path)(error)),
    }
    Ok(scan)
}

/// The first record that there is.
fn beginning(options: &Options, key: &Key, older: &[u64]) -> Result<Option<Position>, AuditError> {
    let oldest = older.first().map(|first| options.directory.join(rotated_name(*first)));
    let first = first_of(&oldest.unwrap_or_else(|| options.current()), key)?;
    Ok(first.map(|(first, _)| first))
}

/// The number that the file's next name begins with. Where its first line is not to be
/// believed, the one that should be there.
fn first_in_current(
    options: &Options,
    key: &Key,
    scan: &Scan<'_>,
    older: &[u64],
) -> Result<Option<u64>, AuditError> {
    let first = first_of(&options.current(), key)?;
    Ok(match first {
        Some((position, true)) => Some(position.seq),
        _ if scan.complete + scan.partial == 0 => None,
        _ => {
            let before = scan.before.map(|before| before.seq).or(older.last().copied());
            Some(before.map_or(1, |before| before.saturating_add(1)))
        }
    })
}

fn first_of(path: &Path, key: &Key) -> Result<Option<(Position, bool)>, AuditError> {
    match ours::read(path).and_then(|file| first_record(&file, key)) {
        Ok(first) => Ok(first),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AuditError::io("read", path)(error)),
    }
}

fn identity(options: &Options) -> Result<Option<Identity>, AuditError> {
    let path = options.current();
    match std::fs::symlink_metadata(&path) {
        Ok(found) => Ok(Some(ours::identity(&found))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AuditError::io("look at", &path)(error)),
    }
}

/// What is not as the server left it, in a sentence each.
fn trouble(stored: Stored, scan: &Scan<'_>, has_records: bool, new_key: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut say = |wrong: bool, what: String| found.extend(wrong.then_some(what));
    let last = scan.last.map_or(0, |last| last.seq);
    let there = has_records || scan.wrong > 0;
    say(new_key && (there || stored != Stored::Missing), "the key was missing".to_owned());
    match stored {
        Stored::Missing => say(there, "the checkpoint was missing".to_owned()),
        Stored::Broken => say(true, "the checkpoint was damaged".to_owned()),
        Stored::Known(known, damaged) => {
            say(damaged, "one half of the checkpoint was damaged".to_owned());
            let gone = format!("the log ends with record {last}, the checkpoint knew {}", known.last);
            say(last < known.last, gone);
        }
    }
    let wrong = format!("{} lines are changed, or do not follow the record before", scan.wrong);
    say(scan.wrong > 0, wrong);
    found
}

fn begin_with<D: InPlace>(
    log: &mut Log<D>,
    trouble: Vec<String>,
    scan: &Scan<'_>,
) -> Result<Vec<AuditEvent>, AuditError> {
    let mut events = Vec::new();
    if !trouble.is_empty() {
        let mut detail = trouble.join("; ");
        tracing::error!(%detail, "the audit is not as the server left it");
        let found = scan.complete + scan.partial;
        if found > 0
            && let Some(name) = log.rotate(found)?
        {
            detail.push_str(&format!("; {name} is kept as it was found"));
        }
        events.push(own("broken", detail));
    }
    if log.file.is_none() {
        log.revive()?;
        if scan.partial > 0 {
            let detail = format!(
                "half a line ({} bytes) behind record {} was cut off: the server had ended while it wrote",
                scan.partial, log.durable.seq
            );
            events.push(own("repaired", detail));
        }
    }
    events.push(own("opened", opened(log.durable.seq)));
    events.extend(scan.open.iter().map(|of| AuditEvent::Outcome {
        of: *of,
        outcome: AuditOutcome::Unknown,
        detail: "the server ended before the outcome was known".to_owned(),
    }));
    Ok(events)
}

fn opened(last: u64) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match last {
        0 => format!("version {version}, process {}; there is no earlier record", std::process::id()),
        _ => format!("version {version}, process {}", std::process::id()),
    }
}

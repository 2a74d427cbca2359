//! What becomes a record, or two: how it is rendered, and what is left of it when that fails.

use jiff::Timestamp;
use task_orchestrator_shared::admin::audit::{Attempt, AuditEvent, AuditOutcome, AuditRecord};

use super::super::disk::InPlace;
use super::super::error::AuditError;
use super::super::line::{seal, text};
use super::super::log::Log;
use super::super::open::own;
use super::super::scan::Position;
use super::super::windows::First;
use super::order::Answer;

/// Something that becomes a record, or two.
pub(super) enum Entry {
    Intent(Attempt, Answer<u64>),
    /// Kept until it is written; the window whose first one it is.
    Event(AuditEvent, Option<First>),
    Later(Attempt, AuditOutcome, String),
    /// Of no use when what it announces cannot be done now.
    Own(AuditEvent),
    /// So many records are lost. When that cannot be written either, it is counted again.
    Lost(u64),
}

impl Entry {
    /// What the audit has found out about itself goes last of what waits: nobody
    /// would find it again.
    pub(super) fn is_finding(&self) -> bool {
        matches!(self, Self::Event(AuditEvent::Audit { .. }, _))
    }
}

/// Adds the lines of an entry, and moves on behind them.
pub(super) fn render<D: InPlace>(
    log: &Log<D>,
    last: &mut Position,
    at: Timestamp,
    entry: &Entry,
    lines: &mut Vec<u8>,
    records: &mut Vec<AuditRecord>,
) -> Result<(), AuditError> {
    let mut add = |event: AuditEvent| {
        let at = at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
        let seq = last.seq + 1;
        let mut record = AuditRecord { seq, at, event, prev: text(&last.mac), mac: String::new() };
        *last = Position { seq, mac: seal(&log.key, &mut record, lines)? };
        records.push(record);
        Ok(seq)
    };
    match entry {
        Entry::Intent(attempt, _) => add(AuditEvent::Intent(Box::new(attempt.clone())))?,
        Entry::Event(event, _) | Entry::Own(event) => add(event.clone())?,
        Entry::Lost(count) => {
            add(own("lost", format!("{count} records are lost: too much waited to be written")))?
        }
        Entry::Later(attempt, outcome, detail) => {
            let of = add(AuditEvent::Intent(Box::new(attempt.clone())))?;
            let detail = format!("done without a record, written later: {detail}");
            add(AuditEvent::Outcome { of, outcome: *outcome, detail })?
        }
    };
    Ok(())
}

/// A record that cannot be one. Returns how many were lost.
pub(super) fn refuse(entry: Entry, error: AuditError) -> u64 {
    match entry {
        Entry::Intent(_, answer) => {
            let _ = answer.send(Err(error));
            0
        }
        Entry::Lost(count) => count,
        Entry::Event(..) | Entry::Later(..) | Entry::Own(_) => 1,
    }
}

//! What becomes of records when they cannot be written: intents are refused, all
//! others are kept in bounds until they can be.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::super::disk::InPlace;
use super::super::error::AuditError;
use super::Writer;
use super::entry::Entry;

/// How long after a failure it is tried again, when no intent asks for it earlier.
const RETRY: Duration = Duration::from_secs(2);
/// Records that wait until they can be written; of more, the oldest is lost and counted.
const MAX_BACKLOG: usize = 1000;
/// The same for what was done without a record.
const MAX_LATER: usize = 100;

impl<D: InPlace> Writer<D> {
    /// Nothing of what is not certain counts as written.
    pub(super) fn failed(&mut self, error: &AuditError) {
        if self.failing.is_none() {
            tracing::error!(%error, "the audit cannot be written");
            self.failing = Some((Timestamp::now(), error.to_string()));
        }
        self.shared.set_condition(Some(error.to_string()));
        self.retry_at = Some(Instant::now() + RETRY);
        if let Some(log) = &mut self.log {
            log.give_up();
        }
        self.keep_uncertain(error);
        for (at, entry) in std::mem::take(&mut self.waiting) {
            self.keep(at, entry, error);
        }
        for answer in self.flushes.drain(..) {
            let _ = answer.send(Err(error.clone()));
        }
    }

    /// What was written and may not be there any more waits to be written again.
    pub(super) fn keep_uncertain(&mut self, error: &AuditError) {
        if let Some(log) = &self.log {
            self.windows.forget_behind(log.durable.seq);
        }
        self.records.clear();
        self.uncertain_since = None;
        self.removing = 0;
        for (_, at, entry) in std::mem::take(&mut self.uncertain) {
            self.keep(at, entry, error);
        }
    }

    fn keep(&mut self, at: Timestamp, entry: Entry, error: &AuditError) {
        let (kept, most) = match entry {
            Entry::Intent(_, answer) => return drop(answer.send(Err(error.clone()))),
            Entry::Own(_) => return,
            Entry::Lost(count) => {
                self.lost += count;
                return;
            }
            Entry::Event(..) => (&mut self.backlog, MAX_BACKLOG),
            Entry::Later(..) => (&mut self.later, MAX_LATER),
        };
        if kept.len() >= most {
            let oldest = kept.iter().position(|(_, entry)| !entry.is_finding());
            kept.remove(oldest.unwrap_or(0));
            self.lost += 1;
        }
        kept.push_back((at, entry));
    }

    /// It is not yet time to try again.
    pub(super) fn keep_waiting(&mut self) {
        for (at, entry) in std::mem::take(&mut self.waiting) {
            self.keep(at, entry, &AuditError::Closed);
        }
    }
}

//! What the writer is asked for, and what of that becomes a record.

use std::sync::atomic::Ordering;
use std::time::Instant;

use jiff::Timestamp;
use task_orchestrator_shared::admin::audit::{Attempt, AuditEvent, AuditOutcome};
use tokio::sync::oneshot;

use super::super::bounds::{MAX_PARAMETERS, MAX_PARAMETERS_OF_READS, MAX_TEXT, bounded, shorten};
use super::super::disk::InPlace;
use super::super::error::AuditError;
use super::Writer;
use super::entry::Entry;

/// An answer to who waits.
pub(in crate::audit) type Answer<T> = oneshot::Sender<Result<T, AuditError>>;

/// Something to do.
#[derive(Debug)]
pub(in crate::audit) enum Task {
    Intent(Attempt, Answer<u64>),
    Outcome { of: u64, outcome: AuditOutcome, detail: String },
    Denied { attempt: Attempt, why: String, times: u64 },
    Allowed(Attempt),
    Later(Attempt, AuditOutcome, String),
    Flush(Answer<()>),
    Close(Answer<()>),
}

/// Something to do, and when it was asked for.
#[derive(Debug)]
pub(in crate::audit) struct Order {
    pub(in crate::audit) at: Timestamp,
    pub(in crate::audit) task: Task,
}

impl<D: InPlace> Writer<D> {
    pub(super) fn take(&mut self, order: Order) {
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        let at = order.at;
        let entry = match order.task {
            Task::Intent(attempt, answer) => Entry::Intent(bounded(attempt, MAX_PARAMETERS), answer),
            Task::Outcome { of, outcome, mut detail } => {
                shorten(&mut detail, MAX_TEXT);
                Entry::Event(AuditEvent::Outcome { of, outcome, detail }, None)
            }
            Task::Denied { attempt, why, times } => return self.decided(at, attempt, Some(why), times),
            Task::Allowed(attempt) => return self.decided(at, attempt, None, 1),
            Task::Later(attempt, outcome, mut detail) => {
                shorten(&mut detail, MAX_TEXT);
                Entry::Later(bounded(attempt, MAX_PARAMETERS), outcome, detail)
            }
            Task::Flush(answer) => return self.flushes.push(answer),
            Task::Close(answer) => {
                self.closing = true;
                return self.flushes.push(answer);
            }
        };
        self.waiting.push((at, entry));
    }

    fn decided(&mut self, at: Timestamp, attempt: Attempt, denied: Option<String>, times: u64) {
        let attempt = bounded(attempt, MAX_PARAMETERS_OF_READS);
        let first = self.windows.note(&attempt, denied.is_some(), times, Instant::now());
        let Some(first) = first else { return };
        let attempt = Box::new(attempt);
        let event = match denied {
            Some(mut why) => {
                shorten(&mut why, MAX_TEXT);
                AuditEvent::Denied { attempt, why }
            }
            None => AuditEvent::Allowed(attempt),
        };
        self.waiting.push((at, Entry::Event(event, Some(first))));
    }
}

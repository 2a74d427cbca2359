//! What was allowed, from the record of the intent to the record of its outcome:
//! whoever forgets one, however that happens, writes down that nobody knows.

use std::sync::Arc;

use task_orchestrator_shared::admin::audit::{Attempt, AuditOutcome};

use crate::audit::Audit;

/// Counts what was allowed and has not come to its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Open(Arc<()>);

impl Open {
    /// Others of the same count that are alive.
    pub(crate) fn others(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

/// Something that was allowed.
#[derive(Debug)]
pub(crate) struct Intent {
    record: Record,
    audit: Audit,
    _open: Open,
}

#[derive(Debug)]
enum Record {
    /// Under this number.
    Written(u64),
    /// It may do without; it is written with its outcome.
    Unwritten(Box<Attempt>),
    /// There is none, or its outcome is written.
    Nothing,
}

impl Intent {
    /// It is on the disk under this number.
    pub(crate) fn written(number: u64, audit: &Audit, open: Open) -> Self {
        Self { record: Record::Written(number), audit: audit.clone(), _open: open }
    }

    /// The one operation that may do without is written down when it has ended.
    pub(crate) fn unwritten(attempt: Attempt, audit: &Audit, open: Open) -> Self {
        Self { record: Record::Unwritten(Box::new(attempt)), audit: audit.clone(), _open: open }
    }

    /// It could not be written, and is not done.
    pub(crate) fn nothing(audit: &Audit, open: Open) -> Self {
        Self { record: Record::Nothing, audit: audit.clone(), _open: open }
    }

    /// It has ended.
    pub(crate) fn ended(mut self, outcome: AuditOutcome, detail: &str) {
        self.write(outcome, detail);
    }

    fn write(&mut self, outcome: AuditOutcome, detail: &str) {
        match std::mem::replace(&mut self.record, Record::Nothing) {
            Record::Written(number) => self.audit.outcome(number, outcome, detail),
            Record::Unwritten(attempt) => self.audit.later(*attempt, outcome, detail),
            Record::Nothing => {}
        }
    }
}

impl Drop for Intent {
    fn drop(&mut self) {
        self.write(AuditOutcome::Unknown, "the server ended before that was known");
    }
}

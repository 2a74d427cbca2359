//! Which records are wanted.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use task_orchestrator_shared::admin::audit::{Attempt, AuditEvent, AuditRecord};

/// A time to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since(pub Timestamp);

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self(time));
        }
        if let Ok(date) = text.parse::<Date>()
            && let Ok(midnight) = date.to_zoned(TimeZone::system())
        {
            return Ok(Self(midnight.timestamp()));
        }
        let ago = text.parse::<Span>().ok().and_then(|span| Zoned::now().checked_sub(span.abs()).ok());
        let expected = "expected a time such as 2026-11-21T10:00:00Z, a date, or how long ago (\"2 h\")";
        ago.map(|time| Self(time.timestamp())).ok_or_else(|| expected.to_owned())
    }
}

/// Which records are wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    operation: Option<String>,
    actor: Option<String>,
    denied: bool,
    since: Option<Since>,
}

impl Filter {
    pub(super) fn new(
        operation: Option<String>,
        actor: Option<String>,
        denied: bool,
        since: Option<Since>,
    ) -> Self {
        Self { operation, actor, denied, since }
    }

    /// Whether a record is one of them. One that does not tell of an operation is none
    /// when an operation or an actor is asked for.
    pub(super) fn wants(&self, record: &AuditRecord) -> bool {
        let attempt = attempt(record);
        let operation = self.operation.as_ref().is_none_or(|wanted| {
            attempt.is_some_and(|attempt| attempt.operation.as_str() == wanted || attempt.method == *wanted)
        });
        let actor =
            self.actor.as_ref().is_none_or(|wanted| attempt.is_some_and(|attempt| is(attempt, wanted)));
        let denied = !self.denied || matches!(record.event, AuditEvent::Denied { .. });
        operation && actor && denied && self.since.is_none_or(|since| since.is_before(record))
    }
}

impl Since {
    /// Whether the record is of then or later. One whose time cannot be read is shown.
    pub(super) fn is_before(self, record: &AuditRecord) -> bool {
        record.at.parse::<Timestamp>().map_or(true, |at| at >= self.0)
    }
}

fn is(attempt: &Attempt, wanted: &str) -> bool {
    let actor = &attempt.actor;
    let names = [&actor.user, &actor.token, &actor.source_ip];
    names.iter().any(|name| name.as_deref() == Some(wanted)) || actor.uid.to_string() == wanted
}

/// Who wants what, where the record tells that.
pub(in crate::cli) fn attempt(record: &AuditRecord) -> Option<&Attempt> {
    match &record.event {
        AuditEvent::Intent(attempt) | AuditEvent::Allowed(attempt) | AuditEvent::Denied { attempt, .. } => {
            Some(attempt)
        }
        AuditEvent::Outcome { .. } | AuditEvent::Repeated { .. } | AuditEvent::Audit { .. } => None,
    }
}

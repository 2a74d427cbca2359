//! Records of the audit as a table: a row for each thing that was wanted, with what
//! came of it, and a row for each record that belongs to none of them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use task_orchestrator_shared::admin::audit::{Attempt, AuditEvent, AuditOutcome, AuditRecord};

use super::{Column, Rows, Width};
use crate::model::Model;
use crate::model::value::Value;
use crate::theme::Tone;

/// The columns.
pub const COLUMNS: &[Column] = &[
    Column { id: "seq", title: "SEQ", width: Width::Fixed(7), priority: 6 },
    Column { id: "time", title: "TIME", width: Width::Fixed(16), priority: 3 },
    Column { id: "who", title: "WHO", width: Width::Least(10), priority: 4 },
    Column { id: "role", title: "ROLE", width: Width::Fixed(8), priority: 7 },
    Column { id: "decision", title: "DECISION", width: Width::Fixed(9), priority: 1 },
    Column { id: "what", title: "WHAT", width: Width::Least(17), priority: 0 },
    Column { id: "target", title: "TARGET", width: Width::Least(8), priority: 8 },
    Column { id: "outcome", title: "OUTCOME", width: Width::Fixed(9), priority: 2 },
    Column { id: "reason", title: "REASON", width: Width::Least(12), priority: 5 },
];

/// Records of the audit, newest first.
#[derive(Debug)]
pub struct Audit<'a> {
    rows: Vec<AuditRow<'a>>,
}

/// Something that was wanted, and what came of it.
#[derive(Debug, Clone, Copy)]
pub struct AuditRow<'a> {
    /// Its record.
    pub record: &'a AuditRecord,
    /// The record that tells what came of it.
    pub outcome: Option<&'a AuditRecord>,
    /// How often the same was wanted since.
    pub again: u64,
}

impl<'a> Audit<'a> {
    /// What is known: the newest of the view, then what was asked for. Only what was
    /// denied to oneself, where that is wanted.
    pub fn of(model: &'a Model) -> Option<Self> {
        let newest = model.view().and_then(|(view, _)| view.audit.as_deref());
        let asked = model.audit.value().map(Vec::as_slice);
        if newest.is_none() && asked.is_none() {
            return None;
        }
        let (newest, asked) = (newest.unwrap_or_default(), asked.unwrap_or_default());
        // The newest are in both, as those that were asked for are as old as their answer.
        let last = newest.last().map_or(u64::MAX, |record| record.seq);
        let records = newest.iter().chain(asked.iter().filter(|record| record.seq < last));
        let mut rows = joined(records);
        if model.own_denials {
            rows.retain(|row| is_denied_to(row.record, model.uid));
        }
        Some(Self { rows })
    }

    /// The row at a place.
    pub fn at(&self, row: usize) -> Option<AuditRow<'a>> {
        self.rows.get(row).copied()
    }

    /// How many rows were denied.
    pub fn denied(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.record.event, AuditEvent::Denied { .. })).count()
    }
}

fn is_denied_to(record: &AuditRecord, uid: Option<u32>) -> bool {
    matches!(&record.event, AuditEvent::Denied { attempt, .. } if Some(attempt.actor.uid) == uid)
}

/// What came of something is told with it, where both are there.
fn joined<'a>(records: impl Iterator<Item = &'a AuditRecord> + Clone) -> Vec<AuditRow<'a>> {
    let known: HashSet<u64> = records.clone().map(|record| record.seq).collect();
    let mut outcomes: HashMap<u64, &AuditRecord> = HashMap::new();
    let mut again: HashMap<u64, u64> = HashMap::new();
    let mut rows: Vec<AuditRow<'_>> = Vec::new();
    // The newest come first: what came of something is seen before it.
    for record in records {
        match &record.event {
            AuditEvent::Outcome { of, .. } if known.contains(of) => drop(outcomes.insert(*of, record)),
            AuditEvent::Repeated { of, times } if known.contains(of) => {
                *again.entry(*of).or_default() += times;
            }
            _ => rows.push(AuditRow {
                record,
                outcome: outcomes.remove(&record.seq),
                again: again.remove(&record.seq).unwrap_or(0),
            }),
        }
    }
    rows
}

impl Rows for Audit<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.rows.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.at(row).map_or(Cow::Borrowed(""), |row| row.record.seq.to_string().into())
    }

    fn value(&self, row: usize, column: usize) -> Value<'_> {
        let (Some(row), Some(column)) = (self.at(row), COLUMNS.get(column)) else {
            return Value::NotApplicable;
        };
        match column.id {
            "seq" => Value::Count(row.record.seq),
            "time" => Value::time(&row.record.at),
            "who" => row.attempt().map_or(Value::text("front"), |attempt| Value::text(who(attempt))),
            "role" => row
                .attempt()
                .and_then(|attempt| attempt.actor.role)
                .map_or(Value::NotApplicable, |role| Value::text(role.as_str())),
            "decision" => row.decision(),
            "what" => row.what(),
            "target" => match row.attempt().and_then(|attempt| attempt.target.as_deref()) {
                Some(target) => Value::Id(target.into()),
                None => Value::NotApplicable,
            },
            "outcome" => row.came_of_it(),
            "reason" => row.reason(),
            _ => Value::NotApplicable,
        }
    }

    fn tone(&self, row: usize) -> Tone {
        let Some(row) = self.at(row) else { return Tone::Plain };
        match (&row.record.event, row.came_of_it()) {
            (AuditEvent::Denied { .. }, _) => Tone::Warn,
            (_, Value::State(_, tone @ (Tone::Bad | Tone::Warn))) => tone,
            _ => Tone::Plain,
        }
    }
}

impl<'a> AuditRow<'a> {
    /// Who wanted what, where somebody did.
    pub fn attempt(&self) -> Option<&'a Attempt> {
        match &self.record.event {
            AuditEvent::Intent(attempt) | AuditEvent::Allowed(attempt) => Some(attempt),
            AuditEvent::Denied { attempt, .. } => Some(attempt),
            AuditEvent::Outcome { .. } | AuditEvent::Repeated { .. } | AuditEvent::Audit { .. } => None,
        }
    }

    /// What came of it, and in a sentence.
    pub fn ended(&self) -> Option<(AuditOutcome, &'a str)> {
        match &self.outcome.unwrap_or(self.record).event {
            AuditEvent::Outcome { outcome, detail, .. } => Some((*outcome, detail)),
            _ => None,
        }
    }

    fn decision(&self) -> Value<'a> {
        match &self.record.event {
            AuditEvent::Intent(_) => Value::text("allowed"),
            AuditEvent::Allowed(_) => Value::State("allowed".into(), Tone::Dim),
            AuditEvent::Denied { .. } => Value::State("DENIED".into(), Tone::Bad),
            AuditEvent::Outcome { .. } | AuditEvent::Repeated { .. } | AuditEvent::Audit { .. } => {
                Value::NotApplicable
            }
        }
    }

    fn what(&self) -> Value<'a> {
        let again = |text: &'static str| match self.again {
            0 => Value::text(text),
            times => Value::text(format!("{text} x{}", times.saturating_add(1))),
        };
        match &self.record.event {
            AuditEvent::Intent(attempt) | AuditEvent::Allowed(attempt) => again(attempt.operation.as_str()),
            AuditEvent::Denied { attempt, .. } => again(attempt.operation.as_str()),
            // Of something that is not among the records that are known.
            AuditEvent::Outcome { of, .. } => Value::text(format!("outcome of {of}")),
            AuditEvent::Repeated { of, .. } => Value::text(format!("{of} again")),
            AuditEvent::Audit { what, .. } => {
                let tone = if what == "broken" || what == "lost" { Tone::Bad } else { Tone::Plain };
                Value::State(format!("audit {what}").into(), tone)
            }
        }
    }

    fn came_of_it(&self) -> Value<'a> {
        match (self.ended(), &self.record.event) {
            (Some((outcome, _)), _) => outcome_word(outcome),
            (None, AuditEvent::Intent(_)) => Value::Unknown,
            (None, AuditEvent::Audit { what, .. }) if what == "broken" || what == "lost" => {
                Value::State("BROKEN".into(), Tone::Bad)
            }
            _ => Value::NotApplicable,
        }
    }

    fn reason(&self) -> Value<'a> {
        let text: &str = match &self.record.event {
            AuditEvent::Denied { why, .. } => why,
            AuditEvent::Audit { detail, .. } | AuditEvent::Outcome { detail, .. } => detail,
            AuditEvent::Repeated { times, .. } => return Value::text(format!("{times} times more")),
            AuditEvent::Intent(attempt) | AuditEvent::Allowed(attempt) => match &attempt.reason {
                Some(reason) => reason,
                None => return Value::NotApplicable,
            },
        };
        Value::text(text)
    }
}

/// Who, and by which way: `ann@admin`.
pub fn who(attempt: &Attempt) -> String {
    let actor = &attempt.actor;
    match &actor.user {
        Some(user) => format!("{user}@{}", actor.transport),
        None => format!("{}@{}", actor.uid, actor.transport),
    }
}

/// How something ended.
pub fn outcome_word(outcome: AuditOutcome) -> Value<'static> {
    let (word, tone) = match outcome {
        AuditOutcome::Done => ("done", Tone::Good),
        AuditOutcome::Failed => ("FAILED", Tone::Bad),
        AuditOutcome::Refused => ("refused", Tone::Warn),
        AuditOutcome::Unknown => ("UNKNOWN", Tone::Warn),
    };
    Value::State(word.into(), tone)
}

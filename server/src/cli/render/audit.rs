//! The audit for people: a line a record, and what a check has found.

use std::io::{self, Write};

use task_orchestrator_shared::admin::audit::{Attempt, AuditEvent, AuditOutcome, AuditRecord, AuditVerdict};

use super::text::{clean, count, shortened, table};
use crate::cli::screen::Paint;

const MAX_DETAIL: usize = 100;

/// Prints records, in the order given.
pub(in crate::cli) fn records(records: &[AuditRecord], paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if records.is_empty() {
        return writeln!(out, "no records");
    }
    let mut rows = vec![["SEQ", "AT", "WHO", "WHAT", "DETAIL"].map(str::to_owned).to_vec()];
    rows.extend(records.iter().map(row));
    table(out, paint, &rows)
}

fn row(record: &AuditRecord) -> Vec<String> {
    let (who, what, detail) = match &record.event {
        AuditEvent::Intent(attempt) => (who(attempt), attempt.operation.to_string(), intent(attempt)),
        AuditEvent::Allowed(attempt) => (who(attempt), attempt.operation.to_string(), intent(attempt)),
        AuditEvent::Denied { attempt, why } => {
            (who(attempt), format!("DENIED {}", attempt.operation), why.clone())
        }
        AuditEvent::Outcome { of, outcome, detail } => {
            (String::new(), format!("{} {of}", outcome_word(*outcome)), detail.clone())
        }
        AuditEvent::Repeated { of, times } => {
            (String::new(), format!("again {of}"), count(*times, "more time", "more times"))
        }
        AuditEvent::Audit { what, detail } => (String::new(), format!("audit {what}"), detail.clone()),
    };
    let detail = shortened(&clean(&detail), MAX_DETAIL);
    vec![record.seq.to_string(), clean(&record.at), clean(&who), clean(&what), detail]
}

fn who(attempt: &Attempt) -> String {
    let actor = &attempt.actor;
    let user = actor.user.clone().unwrap_or_else(|| actor.uid.to_string());
    let from = actor.source_ip.as_ref().map(|source| format!(" from {source}")).unwrap_or_default();
    let token = actor.token.as_ref().map(|token| format!(" with the token {token}")).unwrap_or_default();
    match actor.role {
        Some(role) => format!("{user} ({role}, {}{from}{token})", actor.transport),
        None => format!("{user} ({}{from}{token})", actor.transport),
    }
}

fn intent(attempt: &Attempt) -> String {
    [&attempt.target, &attempt.reason].into_iter().flatten().cloned().collect::<Vec<_>>().join(": ")
}

fn outcome_word(outcome: AuditOutcome) -> &'static str {
    match outcome {
        AuditOutcome::Done => "done",
        AuditOutcome::Failed => "FAILED",
        AuditOutcome::Refused => "refused",
        AuditOutcome::Unknown => "UNKNOWN",
    }
}

/// Prints what a check has found.
pub(in crate::cli) fn verdict(verdict: &AuditVerdict, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let records = count(verdict.records, "record", "records");
    let range = match (verdict.first_seq, verdict.last_seq) {
        (Some(first), Some(last)) => format!(" ({first} to {last})"),
        _ => String::new(),
    };
    let files = count(verdict.files.len() as u64, "file", "files");
    if verdict.intact {
        return writeln!(out, "{}: {records}{range} in {files}", paint.good("intact"));
    }
    let problems = count(verdict.problems.len() as u64, "problem", "problems");
    writeln!(out, "{}: {problems} in {records}{range}, {files}", paint.bad("NOT INTACT"))?;
    for problem in &verdict.problems {
        let place = match problem.line {
            0 => clean(&problem.file),
            line => format!("{}:{line}", clean(&problem.file)),
        };
        writeln!(out, "{place}: {}", clean(&problem.problem))?;
    }
    Ok(())
}

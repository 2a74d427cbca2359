//! The restarts: begun, followed, ended, and found again by the call that asked.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{Outcome, RestartError, RestartId, RestartReport};

use super::db::{Db, clipped};
use super::error::LedgerError;
use super::history::forget;
use crate::link::{ClientId, OperationId};

/// Calls that are remembered with the restart that they asked for.
const OPERATIONS_KEPT: i64 = 10_000;
/// Most restarts that are told of at once.
pub(super) const MAX_TOLD: u32 = 1000;
/// Errors and phases of one restart that are kept.
const MAX_ENTRIES: usize = 100;
/// Characters of one text that are kept.
const MAX_TEXT: usize = 4096;

/// Which call of which client: the same when it is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperationKey {
    /// Who asked.
    pub client: ClientId,
    /// The place among the client's messages.
    pub sequence: u64,
}

impl From<OperationId> for OperationKey {
    fn from(id: OperationId) -> Self {
        Self { client: id.client, sequence: id.sequence }
    }
}

impl Db {
    /// A restart has begun. One that is known already stays as it is; the call is
    /// noted all the same.
    pub(super) fn begin(
        &mut self,
        report: &RestartReport,
        operation: Option<OperationKey>,
    ) -> Result<(), LedgerError> {
        let tx = self.write()?;
        insert(&tx, report, "DO NOTHING")?;
        if let Some(operation) = operation {
            note(&tx, &report.restart_id, operation)?;
        }
        Ok(tx.commit()?)
    }

    /// Where a restart is. One that has ended stays as it ended.
    pub(super) fn update(&mut self, report: &RestartReport) -> Result<(), LedgerError> {
        let report = bounded(report);
        let json = serde_json::to_string(&report)?;
        let mut statement = self.connection.prepare_cached(
            "UPDATE restarts SET report = ?2, duration_ms = ?3 WHERE id = ?1 AND outcome IS NULL",
        )?;
        statement.execute(params![report.restart_id.0, json, report.duration_ms])?;
        Ok(())
    }

    /// Another call has joined a restart.
    pub(super) fn join(&mut self, id: &RestartId, operation: OperationKey) -> Result<(), LedgerError> {
        let tx = self.write()?;
        note(&tx, id, operation)?;
        Ok(tx.commit()?)
    }

    /// A restart has ended, whether or not its begin was recorded. The oldest make room.
    pub(super) fn finish(&mut self, report: &RestartReport) -> Result<(), LedgerError> {
        let keep = self.options.history;
        let tx = self.write()?;
        insert(
            &tx,
            report,
            "DO UPDATE SET kind = excluded.kind, outcome = excluded.outcome, report = excluded.report, \
             completed_at = excluded.completed_at, duration_ms = excluded.duration_ms",
        )?;
        forget(&tx, keep)?;
        Ok(tx.commit()?)
    }

    /// The restart that this call asked for or joined.
    pub(super) fn find_by_operation(&self, key: OperationKey) -> Result<Option<RestartReport>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT report FROM operations JOIN restarts ON restarts.seq = restart \
             WHERE client = ?1 AND sequence = ?2",
        )?;
        let found = statement
            .query_row(params![key.client.as_bytes(), key.sequence.cast_signed()], |row| {
                row.get::<_, String>(0)
            })
            .optional()?;
        Ok(found.map(|json| serde_json::from_str(&json)).transpose()?)
    }

    /// The newest restart that has ended.
    pub(super) fn last(&self) -> Result<Option<RestartReport>, LedgerError> {
        let sql = "SELECT report FROM restarts WHERE outcome IS NOT NULL ORDER BY seq DESC LIMIT 1";
        let found: Option<String> = self.connection.query_row(sql, [], |row| row.get(0)).optional()?;
        Ok(found.map(|json| serde_json::from_str(&json)).transpose()?)
    }

    /// Restarts that have begun and not ended, oldest first.
    pub(super) fn unfinished(&self) -> Result<Vec<RestartReport>, LedgerError> {
        let sql = "SELECT report FROM restarts WHERE outcome IS NULL ORDER BY seq LIMIT ?1";
        reports(&self.connection, sql, MAX_TOLD)
    }

    /// Ends what a dead front has left without an end, and tells what that was.
    pub(super) fn close_unfinished(&mut self, now: Timestamp) -> Result<Vec<RestartReport>, LedgerError> {
        let mut closed = self.unfinished()?;
        for report in &mut closed {
            let error = "the front ended during it";
            report.errors.push(RestartError {
                error_code: ErrorCode::InitializationFailed,
                error: error.to_owned(),
                phase: report.phase,
            });
            report.message = format!("failed in {}: {error}", report.phase);
            report.phase = Phase::Failed;
            report.outcome = Some(Outcome::Failed);
            report.completed_at = Some(now.to_string());
            self.finish(report)?;
        }
        Ok(closed)
    }

    /// A transaction that is going to write.
    pub(super) fn write(&mut self) -> Result<Transaction<'_>, LedgerError> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

fn insert(tx: &Transaction<'_>, report: &RestartReport, when_known: &str) -> Result<(), LedgerError> {
    let report = bounded(report);
    let mut statement = tx.prepare_cached(&format!(
        "INSERT INTO restarts (id, kind, outcome, completed_at, duration_ms, report) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) {when_known}"
    ))?;
    statement.execute(params![
        report.restart_id.0,
        report.kind.as_str(),
        report.outcome.map(name),
        report.completed_at,
        report.duration_ms,
        serde_json::to_string(&report)?,
    ])?;
    Ok(())
}

fn note(tx: &Transaction<'_>, id: &RestartId, key: OperationKey) -> Result<(), LedgerError> {
    tx.prepare_cached(
        "INSERT INTO operations (client, sequence, restart) \
         SELECT ?1, ?2, seq FROM restarts WHERE id = ?3 ON CONFLICT DO NOTHING",
    )?
    .execute(params![key.client.as_bytes(), key.sequence.cast_signed(), id.0])?;
    tx.prepare_cached("DELETE FROM operations WHERE seq <= (SELECT max(seq) FROM operations) - ?1")?
        .execute([OPERATIONS_KEPT])?;
    Ok(())
}

/// The reports that a query finds. One that an older or newer program has written
/// differently is left out, not in the way of all others.
pub(super) fn reports(
    connection: &Connection,
    sql: &str,
    limit: u32,
) -> Result<Vec<RestartReport>, LedgerError> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([limit], |row| row.get::<_, String>(0))?;
    let texts: Vec<String> = rows.collect::<Result<_, _>>()?;
    let read = |json: &String| {
        serde_json::from_str(json)
            .inspect_err(|error| tracing::warn!(%error, "the ledger has a restart that cannot be read"))
            .ok()
    };
    Ok(texts.iter().filter_map(read).collect())
}

/// A report that fits a row, with numbers that JSON and SQLite have.
fn bounded(report: &RestartReport) -> RestartReport {
    let mut report = report.clone();
    report.errors.truncate(MAX_ENTRIES);
    report.phases.truncate(MAX_ENTRIES);
    report.message = clipped(&report.message, MAX_TEXT);
    report.note = report.note.map(|note| clipped(&note, MAX_TEXT));
    for error in &mut report.errors {
        error.error = clipped(&error.error, MAX_TEXT);
    }
    for number in [&mut report.duration_ms, &mut report.downtime_ms] {
        if !number.is_finite() {
            *number = 0.0;
        }
    }
    report
}

const fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "complete",
        Outcome::Failed => "failed",
        Outcome::RolledBack => "rolled_back",
        Outcome::Cancelled => "cancelled",
    }
}

//! What the ended restarts say together: the history, its figures, and what is
//! to be expected of the next one. Must never read a report for a figure.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};
use task_orchestrator_shared::report::{History, PastRestart};
use task_orchestrator_shared::restart::{Kind, RestartError, RestartReport};

use super::db::{Db, clipped};
use super::error::LedgerError;
use super::restarts::{MAX_TOLD, reports};

/// Restarts whose durations say how long the next one will take.
const EXPECTED_FROM: u32 = 20;
/// Characters of an error that the history tells, so that a thousand fit a message.
const MAX_ERROR: usize = 500;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Db {
    /// The newest restarts, and figures over all that there ever were.
    pub(super) fn history(&self, limit: u32) -> Result<History, LedgerError> {
        let (total, successful, duration_ms): (i64, i64, f64) = self.connection.query_row(
            "SELECT total + count(outcome), successful + count(*) FILTER (WHERE outcome = 'complete'), \
             forgotten.duration_ms + total(restarts.duration_ms) FILTER (WHERE outcome = 'complete') \
             FROM forgotten LEFT JOIN restarts ON outcome IS NOT NULL",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let last_successful_restart = self.connection.query_row(
            "SELECT coalesce((SELECT completed_at FROM restarts WHERE outcome = 'complete' \
             ORDER BY seq DESC LIMIT 1), last_successful) FROM forgotten",
            [],
            |row| row.get(0),
        )?;
        #[expect(clippy::cast_precision_loss, reason = "2^53 restarts are out of reach")]
        let average_duration = (successful > 0).then(|| duration_ms / successful as f64 / 1000.0);
        let sql = "SELECT report FROM restarts WHERE outcome IS NOT NULL ORDER BY seq DESC LIMIT ?1";
        let newest = reports(&self.connection, sql, limit.min(MAX_TOLD))?;
        Ok(History {
            recent_restarts: newest.into_iter().filter_map(past).collect(),
            total_restarts: total.cast_unsigned(),
            successful_restarts: successful.cast_unsigned(),
            last_successful_restart,
            average_duration,
            success_rate_24h: self.success_rate(DAY, Timestamp::now())?,
        })
    }

    /// How long such a restart will take, from what the last ones took.
    pub(super) fn expected_duration(&self, kind: Kind) -> Result<Option<Duration>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT duration_ms FROM restarts WHERE outcome = 'complete' AND kind = ?1 ORDER BY seq DESC LIMIT ?2",
        )?;
        let rows = statement.query_map(params![kind.as_str(), EXPECTED_FROM], |row| row.get(0))?;
        let mut durations: Vec<f64> = rows.collect::<Result<_, _>>()?;
        durations.sort_by(f64::total_cmp);
        let median = durations.get(durations.len() / 2).copied();
        Ok(median.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok()))
    }
}

/// Removes the oldest restarts above the bound; their figures stay in the totals.
pub(super) fn forget(tx: &Transaction<'_>, keep: u32) -> Result<(), LedgerError> {
    let newest_gone: Option<i64> = tx
        .prepare_cached(
            "SELECT seq FROM restarts WHERE outcome IS NOT NULL ORDER BY seq DESC LIMIT 1 OFFSET ?1",
        )?
        .query_row([keep], |row| row.get(0))
        .optional()?;
    let Some(seq) = newest_gone else { return Ok(()) };
    tx.execute(
        "UPDATE forgotten SET total = forgotten.total + gone.total, \
         successful = forgotten.successful + gone.successful, \
         duration_ms = forgotten.duration_ms + gone.duration_ms, \
         last_successful = coalesce((SELECT completed_at FROM restarts WHERE outcome = 'complete' \
         AND seq <= ?1 ORDER BY seq DESC LIMIT 1), last_successful) \
         FROM (SELECT count(*) AS total, count(*) FILTER (WHERE outcome = 'complete') AS successful, \
         total(duration_ms) FILTER (WHERE outcome = 'complete') AS duration_ms \
         FROM restarts WHERE outcome IS NOT NULL AND seq <= ?1) AS gone",
        [seq],
    )?;
    let gone = "FROM restarts WHERE outcome IS NOT NULL AND seq <= ?1";
    tx.execute(&format!("DELETE FROM saga_steps WHERE restart IN (SELECT id {gone})"), [seq])?;
    tx.execute(&format!("DELETE {gone}"), [seq])?;
    Ok(())
}

fn past(report: RestartReport) -> Option<PastRestart> {
    Some(PastRestart {
        success: report.is_success(),
        outcome: report.outcome?,
        restart_id: report.restart_id,
        timestamp: report.completed_at.unwrap_or(report.started_at),
        reason: report.reason,
        kind: report.kind,
        duration: report.duration_ms / 1000.0,
        downtime_ms: report.downtime_ms,
        requested_by: report.requested_by,
        phases: report.phases,
        error: report
            .errors
            .into_iter()
            .next()
            .map(|first| RestartError { error: clipped(&first.error, MAX_ERROR), ..first }),
    })
}

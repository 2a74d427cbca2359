//! Which alerts are firing, over any number of fronts: a new front neither
//! repeats what was told nor forgets what is not over.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::db::{Db, clipped};
use super::error::LedgerError;

/// Kinds of alerts that are kept; those that are long over make room.
const KEPT: u32 = 1000;
/// Characters of a kind and of a detail that are kept.
const MAX_KIND: usize = 255;
const MAX_DETAIL: usize = 4096;

/// An alert that is firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What is wrong; there is one alert of a kind.
    pub kind: String,
    /// The newest that was said about it.
    pub detail: String,
    /// Since when, RFC 3339.
    pub raised_at: String,
    /// How often it has begun to fire, this time included.
    pub times: u32,
}

impl Db {
    /// Something is wrong; returns whether that is news.
    pub(super) fn raise(&mut self, kind: &str, detail: &str, now: Timestamp) -> Result<bool, LedgerError> {
        let (kind, detail) = (clipped(kind, MAX_KIND), clipped(detail, MAX_DETAIL));
        let tx = self.write()?;
        let firing: Option<bool> = tx
            .prepare_cached("SELECT resolved_at IS NULL FROM alerts WHERE kind = ?1")?
            .query_row([&kind], |row| row.get(0))
            .optional()?;
        if firing == Some(true) {
            tx.prepare_cached("UPDATE alerts SET detail = ?2 WHERE kind = ?1")?.execute([&kind, &detail])?;
        } else {
            tx.prepare_cached(
                "INSERT INTO alerts (kind, detail, raised_at, resolved_at, times) VALUES (?1, ?2, ?3, NULL, 1) \
                 ON CONFLICT (kind) DO UPDATE SET detail = excluded.detail, raised_at = excluded.raised_at, \
                 resolved_at = NULL, times = times + 1",
            )?
            .execute(params![kind, detail, now.to_string()])?;
            tx.prepare_cached(
                "DELETE FROM alerts WHERE kind IN (SELECT kind FROM alerts ORDER BY resolved_at IS NULL DESC, \
                 raised_at DESC LIMIT -1 OFFSET ?1)",
            )?
            .execute([KEPT])?;
        }
        tx.commit()?;
        Ok(firing != Some(true))
    }

    /// It is over; returns whether it was firing.
    pub(super) fn resolve(&mut self, kind: &str, now: Timestamp) -> Result<bool, LedgerError> {
        let sql = "UPDATE alerts SET resolved_at = ?2 WHERE kind = ?1 AND resolved_at IS NULL";
        let changed = self.connection.execute(sql, params![clipped(kind, MAX_KIND), now.to_string()])?;
        Ok(changed == 1)
    }

    /// What is firing, by kind.
    pub(super) fn alerts(&self) -> Result<Vec<Alert>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT kind, detail, raised_at, times FROM alerts WHERE resolved_at IS NULL ORDER BY kind",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Alert { kind: row.get(0)?, detail: row.get(1)?, raised_at: row.get(2)?, times: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

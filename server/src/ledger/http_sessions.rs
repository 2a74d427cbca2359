//! Sessions over HTTP, for the front that comes after this one. Must never hold a
//! session's id, which is a secret: only the digest by which it is recognised.

use rusqlite::{Row, params};

use super::db::{Db, clipped};
use super::error::LedgerError;
use crate::link::ClientId;

/// Characters of a token's name that are kept.
const MAX_NAME: usize = 255;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSession {
    /// SHA-256 of the id that the client has.
    pub digest: [u8; 32],
    /// Whose operations its requests are.
    pub client: ClientId,
    /// The name of the token that opened it; none without a token.
    pub token: Option<String>,
    /// What a front keeps of a session, unread here.
    pub record: Vec<u8>,
    /// No sequence above this one had been used when this was written.
    pub last_sequence: u64,
    /// Milliseconds since the Unix epoch.
    pub last_used: i64,
}

/// What has become of a session.
#[derive(Debug, Clone)]
pub enum HttpSessionChange {
    /// It is as this says.
    Kept(HttpSession),
    /// It has ended.
    Ended([u8; 32]),
}

impl Db {
    /// Writes what has become of sessions, all or nothing.
    pub(super) fn change_http_sessions(&mut self, changes: &[HttpSessionChange]) -> Result<(), LedgerError> {
        let transaction = self.connection.transaction()?;
        for change in changes {
            match change {
                HttpSessionChange::Kept(session) => {
                    transaction
                        .prepare_cached(
                            "INSERT INTO http_sessions (digest, client, token, record, last_sequence, last_used) \
                             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (digest) DO UPDATE SET \
                             record = ?4, last_sequence = ?5, last_used = ?6",
                        )?
                        .execute(params![
                            session.digest,
                            session.client.as_bytes(),
                            session.token.as_deref().map(|token| clipped(token, MAX_NAME)),
                            session.record,
                            session.last_sequence.cast_signed(),
                            session.last_used,
                        ])?;
                }
                HttpSessionChange::Ended(digest) => {
                    transaction
                        .prepare_cached("DELETE FROM http_sessions WHERE digest = ?1")?
                        .execute([digest])?;
                }
            }
        }
        Ok(transaction.commit()?)
    }

    /// Those that were used since this time, at most so many; what is older, or more, is
    /// forgotten.
    pub(super) fn http_sessions(&mut self, since: i64, most: u32) -> Result<Vec<HttpSession>, LedgerError> {
        self.connection.execute(
            "DELETE FROM http_sessions WHERE last_used < ?1 OR digest NOT IN \
             (SELECT digest FROM http_sessions ORDER BY last_used DESC LIMIT ?2)",
            params![since, most],
        )?;
        let sql = "SELECT digest, client, token, record, last_sequence, last_used FROM http_sessions";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<HttpSession> {
    Ok(HttpSession {
        digest: row.get(0)?,
        client: ClientId::from_bytes(row.get(1)?),
        token: row.get(2)?,
        record: row.get(3)?,
        last_sequence: row.get::<_, i64>(4)?.cast_unsigned(),
        last_used: row.get(5)?,
    })
}

//! Dead letters: requests that were answered with an error instead of being
//! carried out. Must never lose one before it is in the file of exported ones.

use bytes::Bytes;
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use task_orchestrator_shared::report::DeadLetter;

use super::db::{Db, clipped};
use super::error::LedgerError;
use super::export;

/// Most letters that are listed at once.
const MAX_LISTED: u32 = 1000;
/// Characters of a method, client or tool name that are kept.
const MAX_NAME: usize = 255;
/// Letters above the bound that are still kept while they cannot be exported.
const GRACE: u32 = 1000;

const COLUMNS: &str =
    "id, at, cause, error_code, client, sequence, method, length(message) AS bytes, retries";

/// A dead letter, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// What is told of it; its message is in it as far as it is JSON.
    pub letter: DeadLetter,
    /// The message as the client sent it.
    pub message: Bytes,
}

impl Db {
    /// Adds a letter and returns its number; the one that it came with is not looked
    /// at. The oldest make room.
    pub(super) fn add_letter(&mut self, letter: &DeadLetter, message: &[u8]) -> Result<u64, LedgerError> {
        self.connection
            .prepare_cached(
                "INSERT INTO dead_letters (at, cause, error_code, client, sequence, method, retries, message) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                letter.at,
                word(&letter.cause)?,
                word(&letter.error_code)?,
                clipped(&letter.client, MAX_NAME),
                letter.sequence.cast_signed(),
                clipped(&letter.method, MAX_NAME),
                letter.retries,
                message,
            ])?;
        let id = self.connection.last_insert_rowid().cast_unsigned();
        // The letter is kept whatever becomes of the oldest ones.
        if let Err(error) = self.make_room() {
            tracing::error!(%error, "dead letters above the bound could not be exported");
        }
        Ok(id)
    }

    /// The newest letters, without their messages.
    pub(super) fn letters(&self, limit: u32) -> Result<Vec<DeadLetter>, LedgerError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM dead_letters ORDER BY id DESC LIMIT ?1"))?;
        let rows = statement.query_map([limit.min(MAX_LISTED)], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }

    /// One letter.
    pub(super) fn letter(&self, id: u64) -> Result<Option<Letter>, LedgerError> {
        let sql = format!("SELECT {COLUMNS}, message FROM dead_letters WHERE id = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = statement
            .query_row([id.cast_signed()], |row| Ok((read(row), row.get::<_, Vec<u8>>("message")?)))
            .optional()?;
        let Some((letter, message)) = found else { return Ok(None) };
        let content = serde_json::from_slice(&message)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&message).into_owned()));
        let letter = DeadLetter { message: Some(content), ..letter? };
        Ok(Some(Letter { letter, message: message.into() }))
    }

    /// A letter is sent again; returns whether there is such a letter.
    pub(super) fn mark_retried(&mut self, id: u64) -> Result<bool, LedgerError> {
        let sql = "UPDATE dead_letters SET retries = retries + 1 WHERE id = ?1";
        Ok(self.connection.execute(sql, [id.cast_signed()])? == 1)
    }

    /// How many there are.
    pub(super) fn letter_count(&self) -> Result<u64, LedgerError> {
        let count: i64 =
            self.connection.query_row("SELECT count(*) FROM dead_letters", [], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// Forgets a letter; returns whether there was one.
    pub(super) fn discard(&mut self, id: u64) -> Result<bool, LedgerError> {
        Ok(self.connection.execute("DELETE FROM dead_letters WHERE id = ?1", [id.cast_signed()])? == 1)
    }

    /// Exports and removes the oldest letters until the rest is within its bounds.
    fn make_room(&mut self) -> Result<(), LedgerError> {
        while let Some((id, excess)) = self.one_too_many()? {
            let exported = match self.letter(id)? {
                Some(letter) => export::append(self.directory(), self.options.export_bytes, &letter.letter),
                None => Ok(()),
            };
            match exported {
                Err(error) if excess < GRACE => return Err(error),
                // The disk is not to be filled because it is full.
                Err(error) => tracing::error!(%error, id, "a dead letter is lost: it cannot be exported"),
                Ok(()) => {}
            }
            self.discard(id)?;
        }
        Ok(())
    }

    /// The oldest letter and how many there are above the bound, where that is so.
    fn one_too_many(&self) -> Result<Option<(u64, u32)>, LedgerError> {
        let sql = "SELECT min(id), count(*), total(length(message)) FROM dead_letters";
        let (oldest, count, bytes): (Option<i64>, u32, f64) =
            self.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let excess = count.saturating_sub(self.options.dead_letters);
        #[expect(clippy::cast_precision_loss, reason = "a bound need not be exact to the byte")]
        let too_large = bytes > self.options.dead_letter_bytes as f64 && count > 1;
        Ok(oldest.filter(|_| excess > 0 || too_large).map(|id| (id.cast_unsigned(), excess)))
    }
}

fn read(row: &Row<'_>) -> Result<DeadLetter, LedgerError> {
    Ok(DeadLetter {
        id: row.get::<_, i64>("id")?.cast_unsigned(),
        at: row.get("at")?,
        cause: unword(row.get("cause")?)?,
        error_code: unword(row.get("error_code")?)?,
        client: row.get("client")?,
        sequence: row.get::<_, i64>("sequence")?.cast_unsigned(),
        method: row.get("method")?,
        bytes: row.get::<_, i64>("bytes")?.cast_unsigned(),
        message: None,
        retries: row.get("retries")?,
    })
}

/// The name of a value that is one word.
fn word(value: &impl Serialize) -> Result<String, LedgerError> {
    match serde_json::to_value(value)? {
        Value::String(word) => Ok(word),
        other => Ok(other.to_string()),
    }
}

fn unword<T: DeserializeOwned>(word: String) -> Result<T, LedgerError> {
    Ok(serde_json::from_value(Value::String(word))?)
}

//! How a record is a line: its JSON, with the hash of the record before and its own
//! at the end, at places that can be found without parsing the rest.

use task_orchestrator_shared::admin::audit::AuditRecord;

use super::error::AuditError;
use super::key::{Digits, Key};

/// Longest line in bytes, its end included; a longer record is refused.
pub(super) const MAX_LINE: usize = 256 * 1024;

const BEGIN: &[u8] = b"{\"seq\":";
const PREV: &[u8] = b",\"prev\":\"";
const MAC: &[u8] = b",\"mac\":\"";
const END: &[u8] = b"\"}";

/// What of a line matters for the chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    /// The record's number.
    pub(super) seq: u64,
    /// What follows the number, up to the hash before.
    pub(super) body: &'a [u8],
    /// The hash of the record before.
    pub(super) prev: &'a [u8],
    /// What its own hash covers.
    pub(super) content: &'a [u8],
    /// Its own hash.
    pub(super) mac: &'a [u8],
}

impl Parts<'_> {
    /// Whether the holder of the key has written it.
    pub(super) fn is_proved_by(&self, key: &Key) -> bool {
        key.digits(self.content) == self.mac
    }

    /// What follows the name of the event, when it is this one. The fields before it
    /// are the server's own, so the first place is the real one.
    pub(super) fn event(&self, name: &[u8]) -> Option<&[u8]> {
        let mark = b",\"event\":\"";
        let place = memchr::memmem::find(self.body, mark)?;
        let rest = self.body.get(place + mark.len()..)?;
        rest.strip_prefix(name)?.strip_prefix(b"\"")
    }
}

/// Takes a line apart, without its end.
pub(super) fn split(line: &[u8]) -> Option<Parts<'_>> {
    let (content, mac) = last_digits(line.strip_suffix(END)?)?;
    let content = content.strip_suffix(MAC)?;
    let (before, prev) = last_digits(content.strip_suffix(b"\"")?)?;
    let rest = before.strip_suffix(PREV)?.strip_prefix(BEGIN)?;
    let (seq, body) = number(rest)?;
    Some(Parts { seq, body, prev, content, mac })
}

fn last_digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    text.split_at_checked(text.len().checked_sub(size_of::<Digits>())?)
}

/// The number at the beginning, and the rest.
pub(super) fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(digits)?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

/// Fills in the record's own hash, and adds its line. Returns the hash.
///
/// # Errors
/// A record that is too long.
pub(super) fn seal(key: &Key, record: &mut AuditRecord, lines: &mut Vec<u8>) -> Result<Digits, AuditError> {
    record.mac.clear();
    let begin = lines.len();
    let written = serde_json::to_writer(&mut *lines, record);
    if written.is_err() || lines.len() - begin + size_of::<Digits>() >= MAX_LINE {
        lines.truncate(begin);
        return Err(AuditError::TooLong(MAX_LINE));
    }
    lines.truncate(lines.len() - END.len());
    let content = lines.get(begin..lines.len() - MAC.len()).unwrap_or_default();
    let mac = key.digits(content);
    lines.extend_from_slice(&mac);
    lines.extend_from_slice(END);
    lines.push(b'\n');
    record.mac = text(&mac);
    Ok(mac)
}

/// Digits as text.
pub(super) fn text(digits: &Digits) -> String {
    String::from_utf8_lossy(digits).into_owned()
}

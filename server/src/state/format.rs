//! The snapshot's fields in their written order, and its ends. One flat JSON
//! object without white space; its last member is the hash of all before it.
//!
//! ```text
//! {"version":1,…,"active_tasks":[…]        the bulk: written first
//!  ,"client_sessions":[…],"counters":{…}   the tail: known last
//!  ,"integrity_hash":"…"}\n
//! ```

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::StateError;
use crate::link::SnapshotHeader;

/// The version of the format that is written.
pub const VERSION: u32 = 1;

/// What stands before the hash and what behind it.
pub(super) const BEFORE_HASH: &[u8] = b",\"integrity_hash\":\"";
pub(super) const BEHIND_HASH: &[u8] = b"\"}\n";
/// Hexadecimal digits of a SHA-256.
pub(super) const HASH_DIGITS: usize = 64;
/// Bytes from the end of the hashed text to the end of the file.
pub(super) const SEAL_BYTES: usize = BEFORE_HASH.len() + HASH_DIGITS + BEHIND_HASH.len();
/// What the hashed text ends with, in place of the hash.
pub(super) const HASHED_END: &[u8] = b"}";

/// What identifies the database that a snapshot is of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DatabaseState {
    /// The schema's version.
    pub schema_version: u32,
    /// SHA-256 over the definitions of all tables, indexes and triggers.
    pub schema_digest: String,
    /// How many workers had taken over.
    pub epoch: u64,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// How many tasks had ever been deleted.
    #[serde(default)]
    pub deletions: u64,
}

/// A client's connection, as it is to go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClientSession {
    /// The client's id.
    pub client: String,
    /// Its process.
    pub pid: Option<u32>,
    /// What its worker left for the next; kept byte by byte.
    pub record: Box<RawValue>,
}

/// What is known last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tail {
    /// Who is connected.
    pub client_sessions: Vec<ClientSession>,
    /// Figures that go on across a restart.
    pub counters: BTreeMap<String, u64>,
}

/// A verified snapshot without its tasks, which are streamed to who wants them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Snapshot {
    /// The format's version.
    pub version: u32,
    /// When it was taken.
    pub timestamp: Timestamp,
    /// The program that wrote it.
    pub server_version: String,
    /// The generation that it was taken of.
    pub generation: u64,
    /// The restart that it was taken for.
    pub restart_id: String,
    /// Why there was a restart.
    pub restart_reason: String,
    /// The database that it is of.
    pub database_state: DatabaseState,
    /// Calls that were suspended, with their checkpoints.
    pub suspended_tasks: Vec<Box<RawValue>>,
    /// How many work sessions it has.
    pub work_sessions: u64,
    /// How many closed tasks it has because open ones refer to them.
    pub related_tasks: u64,
    /// How many open tasks it has.
    pub active_tasks: u64,
    /// Who was connected.
    pub client_sessions: Vec<ClientSession>,
    /// Figures that go on.
    pub counters: BTreeMap<String, u64>,
    /// SHA-256 over everything before it.
    pub integrity_hash: String,
    /// Bytes of the snapshot, uncompressed.
    pub size_bytes: u64,
}

#[derive(Serialize)]
struct Head<'a> {
    version: u32,
    timestamp: String,
    server_version: &'a str,
    generation: u64,
    restart_id: &'a str,
    restart_reason: &'a str,
    database_state: &'a DatabaseState,
    suspended_tasks: &'a [serde_json::Value],
}

/// Writes the fields before the tasks, with the object left open.
pub(super) fn write_head(
    out: &mut Vec<u8>,
    header: &SnapshotHeader,
    taken: Timestamp,
    database_state: &DatabaseState,
    suspended_tasks: &[serde_json::Value],
) -> Result<(), StateError> {
    let head = Head {
        version: VERSION,
        timestamp: taken.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        server_version: env!("CARGO_PKG_VERSION"),
        generation: header.generation,
        restart_id: &header.restart_id,
        restart_reason: &header.restart_reason,
        database_state,
        suspended_tasks,
    };
    serde_json::to_writer(&mut *out, &head)?;
    // The object goes on.
    out.pop();
    Ok(())
}

/// The fields behind the tasks, before the hash.
pub(super) fn tail_text(tail: &Tail) -> Result<Vec<u8>, StateError> {
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    let _ = text.write_all(b",\"client_sessions\":");
    serde_json::to_writer(&mut text, &tail.client_sessions)?;
    let _ = text.write_all(b",\"counters\":");
    serde_json::to_writer(&mut text, &tail.counters)?;
    Ok(text)
}

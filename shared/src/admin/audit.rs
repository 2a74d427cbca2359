//! Records of the audit: who wanted what, what was decided, what came of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::role::{Operation, Role};

/// Most records that one question is answered with.
pub const MAX_AUDIT_RECORDS: usize = 1000;

/// One record, one line of a file. The fields are in the order in which they are
/// written, and the last one covers all before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRecord {
    /// Counted over all files, from one, without a gap.
    pub seq: u64,
    /// When, RFC 3339, UTC.
    pub at: String,
    /// What it tells.
    #[serde(flatten)]
    pub event: AuditEvent,
    /// The keyed hash of the record before, in hexadecimal digits.
    pub prev: String,
    /// The keyed hash (HMAC-SHA-256) of this record without this field.
    pub mac: String,
}

/// What a record tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AuditEvent {
    /// Somebody may do something that changes something, and it is about to be done.
    Intent(Box<Attempt>),
    /// What came of it.
    Outcome {
        /// The record of the intent; 0 where that is written later or was lost.
        of: u64,
        /// How it ended: `done`, `failed`, `refused`, `unknown`.
        outcome: AuditOutcome,
        /// In a sentence, with the error's code where there is one.
        detail: String,
    },
    /// Somebody may look at something, and does.
    Allowed(Box<Attempt>),
    /// Somebody may not.
    Denied {
        /// What was tried.
        attempt: Box<Attempt>,
        /// Why not.
        why: String,
    },
    /// The same decision about the same, so many times more since the record that told of it.
    Repeated {
        /// That record; 0 where its number is not known any more.
        of: u64,
        /// How often.
        times: u64,
    },
    /// The audit itself: `opened`, `rotated`, `repaired`, `removed`, `resumed` (it can be
    /// written again), `lost` (records that could not be taken), `broken` (what was there
    /// is not what the server wrote).
    Audit {
        /// Which of these.
        what: String,
        /// In a sentence.
        detail: String,
    },
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// As it was meant to.
    Done,
    /// It was tried, and did not work.
    Failed,
    /// It was not tried.
    Refused,
    /// The server ended before that was known.
    Unknown,
}

/// Who wants what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// Who.
    pub actor: Actor,
    /// What.
    pub operation: Operation,
    /// The method as it was called.
    pub method: String,
    /// What it is done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The parameters, without what a client had written.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub parameters: Value,
    /// Why, as the actor says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The key of the intention, where the actor gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// `admin` for the admin socket, `mcp` for a client's call, `front` for the server itself,
    /// `cli` for a command while no server runs.
    pub transport: String,
    /// The user.
    pub uid: u32,
    /// The user's name, where the system knows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The group.
    pub gid: u32,
    /// The process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The address it comes from, of a caller over the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// The name of the token that it has shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What the client says of itself, or the MCP client's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The role in which it is done; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// What a check of the audit has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditVerdict {
    /// Whether nothing was found.
    pub intact: bool,
    /// Records that were read.
    pub records: u64,
    /// The first of them.
    pub first_seq: Option<u64>,
    /// The last of them.
    pub last_seq: Option<u64>,
    /// Files that were read, oldest first.
    pub files: Vec<String>,
    /// What was found, at most 100.
    pub problems: Vec<AuditProblem>,
}

/// Something that is not as the server wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditProblem {
    /// The file.
    pub file: String,
    /// The line in it, from one; 0 for the file as a whole.
    pub line: u64,
    /// In a sentence.
    pub problem: String,
}

//! One client session with what it waits for: more than the view tells of each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most requests of a [`SessionDetail`]: the oldest.
pub const MAX_SESSION_REQUESTS: usize = 200;

/// Most entries of a session's history that are kept: the newest.
pub const MAX_SESSION_HISTORY: usize = 50;

/// A client session and what it waits for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionDetail {
    /// When it was looked at, RFC 3339.
    pub at: String,
    /// The client's id.
    pub client: String,
    /// The session's number at this server.
    pub number: u64,
    /// Requests that are not answered, oldest first, at most [`MAX_SESSION_REQUESTS`].
    pub requests: Vec<SessionRequest>,
    /// Such requests that are not listed.
    pub left_out: u64,
    /// What happened to the connection, oldest first, at most [`MAX_SESSION_HISTORY`].
    pub history: Vec<SessionMoment>,
}

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestPlace {
    /// In the session's buffer, without a worker.
    Buffered,
    /// With a worker.
    InFlight,
    /// With the server itself, which answers it.
    Front,
}

/// A request that is not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionRequest {
    /// Its place among the client's messages.
    pub sequence: u64,
    /// The method, and the tool's name where it is a call of one.
    pub method: String,
    /// Where it is.
    pub place: RequestPlace,
    /// The worker that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_pid: Option<u32>,
    /// Milliseconds since it came.
    pub age_ms: u64,
    /// Bytes of the message.
    pub bytes: u64,
    /// Whether an earlier worker had it.
    pub replayed: bool,
}

/// Something that happened to a session's connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionMoment {
    /// When, RFC 3339.
    pub at: String,
    /// What: `attached`, `came_back`, `went_away`, `taken_over`, `slow`, `reads_again`, `buffer_cleared`.
    pub what: String,
    /// In a sentence.
    pub detail: String,
}

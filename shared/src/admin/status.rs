//! The server at one moment, in short: what `status` prints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::phase::Phase;

/// Sessions that a status lists, so that it fits on a line.
pub const MAX_SESSIONS_LISTED: usize = 1000;

/// The server at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// The front's process id.
    pub pid: u32,
    /// The front's version.
    pub version: String,
    /// The project directory that it serves.
    pub workspace: String,
    /// Where clients on the network reach it, absent where they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
    /// Seconds since the front started.
    pub uptime_seconds: u64,
    /// The restart phase.
    pub phase: Phase,
    /// Whether new requests are held back.
    pub maintenance_mode: bool,
    /// Whether too many crashes have led to safe mode, and why.
    pub safe_mode: Option<String>,
    /// The process that stands by, where one does.
    pub standby: Option<u32>,
    /// The former worker, while it finishes what it holds.
    pub former: Option<u32>,
    /// Times a worker was activated in this workspace, over all fronts.
    pub generation: u64,
    /// The worker process, absent while there is none.
    pub worker: Option<WorkerStatus>,
    /// Why there is no worker, where the last attempt failed.
    pub worker_failure: Option<String>,
    /// Times a worker of this front has ended without being asked to.
    pub crashes: u64,
    /// Requests sent to a worker again after an earlier one had ended.
    pub replayed: u64,
    /// Requests answered with an error because two workers ended on them.
    pub quarantined: u64,
    /// Bytes held by requests that are not answered.
    pub held_bytes: u64,
    /// Client sessions.
    pub session_count: u64,
    /// Each of them, up to [`MAX_SESSIONS_LISTED`].
    pub sessions: Vec<SessionStatus>,
}

/// The worker process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerStatus {
    /// Its process id.
    pub pid: u32,
    /// Whether it serves; otherwise it is being started.
    pub ready: bool,
    /// Seconds since it was started.
    pub uptime_seconds: u64,
    /// Milliseconds since its last sign of life.
    pub last_heartbeat_ms: Option<u64>,
    /// Requests it was working on at its last sign of life.
    pub in_flight: Option<u64>,
    /// Resident memory at its last sign of life, in bytes.
    pub rss_bytes: Option<u64>,
}

/// One client session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionStatus {
    /// The client's id, drawn by its shim.
    pub client: String,
    /// The shim's process id.
    pub pid: Option<u32>,
    /// Requests that are not answered.
    pub unanswered: u64,
    /// Requests of the server that the client has not answered.
    pub asked: u64,
    /// Notifications that the client was too slow to be sent.
    pub dropped_notifications: u64,
}

//! What is said on the admin socket: JSON-RPC 2.0, one line a message.

use serde::{Deserialize, Serialize};

use crate::error_code::ErrorCode;
use crate::phase::Phase;
use crate::report::{DeadLetter, Health, Readiness, ReconnectTest, RestartStatus};
use crate::restart::{RestartReport, RestartRequest};

/// Longest line that the server sends and its caller accepts, in bytes: a thousand
/// sessions, or as many restarts with all their phases, fit.
pub const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

/// Longest line that the server accepts, in bytes: a path and a note fit.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// Sessions that a status lists, so that it fits on a line.
pub const MAX_SESSIONS_LISTED: usize = 1000;

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", content = "params", rename_all = "snake_case")]
pub enum Request {
    /// What runs, and how it is.
    Status,
    /// End the server and disconnect its clients.
    Stop,
    /// Restart the worker. Events are sent until the answer, which is the true outcome.
    Restart(Box<RestartRequest>),
    /// Call the restart that runs off, where that is still possible.
    CancelRestart,
    /// Hold new requests back, or let them through again.
    Maintenance {
        /// Which of the two.
        on: bool,
    },
    /// Measure how everything is.
    Health,
    /// Look whether a restart would go through.
    Prepare,
    /// Where a restart is, and what there was.
    RestartStatus {
        /// Newest restarts to tell of, at most 1000.
        limit: u32,
    },
    /// Send something through one connection or all.
    ReconnectTest {
        /// The client's id, or `None` for all.
        session: Option<String>,
    },
    /// The newest dead letters, without their contents, at most 1000.
    DeadLetters {
        /// How many.
        limit: u32,
    },
    /// One dead letter, whole.
    DeadLetter {
        /// Its number.
        id: u64,
    },
    /// Send a dead letter to the worker again. The reply is the worker's answer.
    RetryDeadLetter {
        /// Its number.
        id: u64,
    },
    /// Forget a dead letter.
    DiscardDeadLetter {
        /// Its number.
        id: u64,
    },
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Reply {
    /// To [`Request::Status`].
    Status(Box<Status>),
    /// To [`Request::Stop`]: the server is about to end.
    Stopping(Stopping),
    /// To [`Request::Restart`].
    Restart(Box<RestartReport>),
    /// To [`Request::Health`].
    Health(Box<Health>),
    /// To [`Request::Prepare`].
    Readiness(Box<Readiness>),
    /// To [`Request::RestartStatus`].
    RestartStatus(Box<RestartStatus>),
    /// To [`Request::ReconnectTest`].
    ReconnectTest(Box<ReconnectTest>),
    /// To [`Request::DeadLetters`].
    DeadLetters(Vec<DeadLetter>),
    /// To [`Request::DeadLetter`].
    DeadLetter(Box<DeadLetter>),
    /// To [`Request::RetryDeadLetter`]: the worker's answer.
    Retried(serde_json::Value),
    /// Done, and there is nothing more to say.
    Done(Done),
    /// Not done, with the reason.
    Refused(Refusal),
}

/// What was done, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The sentence.
    pub message: String,
}

/// Why an operation was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The stable code.
    pub error_code: ErrorCode,
    /// What is in the way.
    pub error: String,
    /// What to do next.
    pub hint: String,
}

/// The server at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The front's process id.
    pub pid: u32,
    /// The front's version.
    pub version: String,
    /// The project directory that it serves.
    pub workspace: String,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionStatus {
    /// The client's id, drawn by its shim.
    pub client: String,
    /// The shim's process id.
    pub pid: u32,
    /// Requests that are not answered.
    pub unanswered: u64,
    /// Requests of the server that the client has not answered.
    pub asked: u64,
    /// Notifications that the client was too slow to be sent.
    pub dropped_notifications: u64,
}

/// The server ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopping {
    /// The process that ends.
    pub pid: u32,
    /// Client sessions that end with it.
    pub sessions: u64,
}

//! A client session in the view, and its figures as a row.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// Nothing is in flight.
    Idle,
    /// A worker has requests of it.
    Active,
    /// Requests of it wait for a worker.
    Waiting,
    /// It does not read what it is sent.
    Slow,
}

/// A client session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionView {
    /// Its number at this server, never used twice.
    pub number: u64,
    /// The client's id, drawn by its shim.
    pub client: String,
    /// The process that holds the client's end; unknown over a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// `stdio` or `http`.
    pub transport: String,
    /// The address it comes from, of a client over a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What the client calls itself, once it has said so.
    pub name: Option<String>,
    /// The client's version, once it has said so.
    pub version: Option<String>,
    /// The revision of MCP that it speaks, once that is known.
    pub protocol: Option<String>,
    /// When it was attached to this server, RFC 3339.
    pub connected_at: String,
    /// How often it has come back to this server.
    pub reconnects: u64,
    /// What changes all the time.
    #[serde(flatten)]
    pub figures: SessionFigures,
}

impl SessionView {
    /// Where the client's end is, in a few words: the process or the address.
    pub fn place(&self) -> String {
        match (self.pid, &self.source) {
            (Some(pid), _) => format!("pid {pid}"),
            (None, Some(source)) => format!("from {source}"),
            (None, None) => "somewhere".to_owned(),
        }
    }
}

/// What changes all the time of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionFigures {
    /// How it is.
    pub state: SessionState,
    /// Requests with a worker.
    pub in_flight: u64,
    /// Requests that wait for a worker.
    pub buffered: u64,
    /// Their bytes.
    pub buffered_bytes: u64,
    /// Age of the oldest of them, in milliseconds; told about once a second while nothing
    /// else of the session changes.
    pub oldest_ms: Option<u64>,
    /// Milliseconds from the front's start (`server.started_at`) to the client's last message.
    pub last_activity_ms: u64,
    /// Requests that it has sent.
    pub requests: u64,
    /// Notifications that it was too slow to be sent.
    pub dropped_notifications: u64,
}

/// The same in a row of numbers: a thousand of them change several times a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionRow(
    /// The session's number.
    pub u64,
    /// `state`.
    pub SessionState,
    /// `in_flight`.
    pub u64,
    /// `buffered`.
    pub u64,
    /// `buffered_bytes`.
    pub u64,
    /// `oldest_ms`.
    pub Option<u64>,
    /// `last_activity_ms`.
    pub u64,
    /// `requests`.
    pub u64,
    /// `dropped_notifications`.
    pub u64,
);

impl SessionRow {
    /// The row of a session.
    pub const fn new(number: u64, figures: SessionFigures) -> Self {
        let SessionFigures {
            state,
            in_flight,
            buffered,
            buffered_bytes,
            oldest_ms,
            last_activity_ms,
            requests,
            dropped_notifications,
        } = figures;
        Self(
            number,
            state,
            in_flight,
            buffered,
            buffered_bytes,
            oldest_ms,
            last_activity_ms,
            requests,
            dropped_notifications,
        )
    }

    /// The figures of a row.
    pub const fn figures(self) -> SessionFigures {
        let Self(
            _,
            state,
            in_flight,
            buffered,
            buffered_bytes,
            oldest_ms,
            last_activity_ms,
            requests,
            dropped_notifications,
        ) = self;
        SessionFigures {
            state,
            in_flight,
            buffered,
            buffered_bytes,
            oldest_ms,
            last_activity_ms,
            requests,
            dropped_notifications,
        }
    }
}

//! Why there is no connection, and why there is no reply, each with the next step.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::admin::codec::{DENIED, Failure, SKEWED};

/// Longest text of a stranger that an error repeats, in characters.
const MAX_QUOTED: usize = 500;

/// Why there is no connection.
#[derive(Debug, Clone, Error)]
pub enum ConnectError {
    /// Nobody listens.
    #[error("no server is running for this workspace")]
    NoServer,
    /// Somebody else listens than the workspace's owner: nothing is told to him.
    #[error(
        "whoever listens on {} is user {uid}, and neither the workspace's owner nor root nor you: it is not the workspace's server. Do not use it; see who made that socket and remove it",
        .socket.display()
    )]
    Planted {
        /// The socket.
        socket: PathBuf,
        /// Who listens.
        uid: u32,
    },
    /// The caller may not connect.
    #[error("{0}")]
    Denied(String),
    /// The server did not take the greeting.
    #[error("the server refused the connection: {message} ({code})")]
    Refused {
        /// One of the codes of [`crate::admin::codec`].
        code: i32,
        /// In a sentence.
        message: String,
    },
    /// The server speaks version 1 only and knows no greeting.
    #[error(
        "the server is older than this program: upgrade the server. {}; its clients stay, and the next one starts this version",
        end_of(.pid)
    )]
    TooOld {
        /// The server's process, where the system tells it.
        pid: Option<u32>,
    },
    /// There was no welcome in time.
    #[error(
        "the server did not welcome this client within {} s; `task-orchestrator status` shows whether it answers",
        .0.as_secs_f64()
    )]
    TimedOut(Duration),
    /// The server ended the connection.
    #[error("the server closed the connection; `task-orchestrator status` shows whether it runs")]
    Lost,
    /// The socket, or what came through it.
    #[error("cannot talk to the server: {0}")]
    Io(#[source] Arc<io::Error>),
}

/// Why there is no reply.
#[derive(Debug, Clone, Error)]
pub enum CallError {
    /// Nobody listens.
    #[error("no server is running for this workspace")]
    NoServer,
    /// The server does not answer.
    #[error(
        "the server did not answer within {} s; its log may say what it does (`logs/` in `.task_orchestrator`)",
        .0.as_secs_f64()
    )]
    TimedOut(Duration),
    /// The caller may not ask.
    #[error("{0}")]
    Denied(String),
    /// The server did not take the request. That it took it and did not carry it out
    /// is [`Reply::Refused`](crate::admin::Reply::Refused).
    #[error("the server refused: {message}")]
    Refused {
        /// One of the codes of [`crate::admin::codec`].
        code: i32,
        /// In a sentence.
        message: String,
    },
    /// The versions of both sides do not meet.
    #[error("{0}")]
    Skewed(String),
    /// The server ended, or ended the connection, before it had answered.
    #[error(
        "the server closed the connection before it answered; `task-orchestrator status` shows whether it runs"
    )]
    Lost,
    /// The socket, or what came through it.
    #[error("cannot talk to the server: {0}")]
    Io(#[source] Arc<io::Error>),
}

fn end_of(pid: &Option<u32>) -> String {
    match pid {
        Some(pid) => format!("`kill {pid}` ends it"),
        None => "End its process".to_owned(),
    }
}

impl CallError {
    /// Whether it was the connection that ended, and not the request that failed.
    pub fn is_disconnection(&self) -> bool {
        matches!(self, Self::Lost | Self::Io(_))
    }
}

impl From<io::Error> for CallError {
    fn from(error: io::Error) -> Self {
        if is_end(&error) { Self::Lost } else { Self::Io(Arc::new(error)) }
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        if is_end(&error) { Self::Lost } else { Self::Io(Arc::new(error)) }
    }
}

/// Whether the other side is gone, in whichever moment that was noticed.
fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        let Failure { code, message } = failure;
        match code {
            DENIED => Self::Denied(message),
            SKEWED => Self::Skewed(message),
            _ => Self::Refused { code, message },
        }
    }
}

impl From<ConnectError> for CallError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::NoServer => Self::NoServer,
            ConnectError::Planted { .. } => Self::Denied(error.to_string()),
            ConnectError::Denied(why) => Self::Denied(why),
            ConnectError::Refused { code, message } => Self::Refused { code, message },
            ConnectError::TooOld { .. } => Self::Skewed(error.to_string()),
            ConnectError::TimedOut(limit) => Self::TimedOut(limit),
            ConnectError::Lost => Self::Lost,
            ConnectError::Io(error) => Self::Io(error),
        }
    }
}

impl From<CallError> for ConnectError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NoServer => Self::NoServer,
            CallError::TimedOut(limit) => Self::TimedOut(limit),
            CallError::Denied(why) => Self::Denied(why),
            CallError::Refused { code, message } => Self::Refused { code, message },
            CallError::Skewed(message) => Self::Refused { code: SKEWED, message },
            CallError::Lost => Self::Lost,
            CallError::Io(error) => Self::Io(error),
        }
    }
}

/// A line that is no message of this protocol.
pub(super) fn not_understood(error: &serde_json::Error) -> io::Error {
    // The reader's words repeat parts of the line, which may be long.
    let what: String = error.to_string().chars().take(MAX_QUOTED).collect();
    io::Error::new(io::ErrorKind::InvalidData, format!("the server sent what is no message: {what}"))
}

//! What the hub is told. Each event names the connection or the worker that it
//! is about, so that one from the past is recognised.

use bytes::Bytes;
use serde::Serialize;
use task_orchestrator_shared::admin;
use task_orchestrator_shared::admin::audit::AuditRecord;
use task_orchestrator_shared::report::DeadLetter;
use task_orchestrator_shared::restart::{RestartEvent, RestartRequest};
use tokio::sync::{mpsc, oneshot};

use super::ask::{Operation, ReplyTo};
use super::budget::Charge;
use super::hub::Admission;
use super::jobs::{JobOutcome, Loaded};
use super::metrics::Held;
use super::session::Session;
use crate::admin::{Answered, Asked};
use crate::envelope::{Malformed, RequestId};
use crate::link::{Frame, Goodbye};
use crate::reboot;
use crate::restart::{JobId, WorkerId};
use crate::shutdown::RequestGuard;

/// A connection's number, never used twice by one front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// Something happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A shim said hello.
    Connected { connection: ConnectionId, session: Box<Session> },
    /// Somebody without a session has posted a request: both at once, as the one is
    /// nothing without the other.
    Posted { session: Box<Session>, message: ClientMessage },
    /// It sent a message of its client.
    Message(ClientMessage),
    /// Its client has ended its input.
    InputEnded { connection: ConnectionId },
    /// The shim has answered a ping.
    Pong { connection: ConnectionId },
    /// The connection is gone.
    Disconnected { connection: ConnectionId },
    /// A worker sent frames.
    FromWorker { worker: WorkerId, frames: Vec<Frame> },
    /// A worker process has ended.
    WorkerEnded { worker: WorkerId, end: WorkerEnd },
    /// An administrator asks.
    Admin { asked: Asked, reply: oneshot::Sender<Answered> },
    /// A job of the front's own has ended.
    Job { job: JobId, outcome: JobOutcome },
    /// A line of the build command's output.
    BuildLine(String),
    /// A report is ready for who asked.
    Report { to: ReplyTo, reply: admin::Reply },
    /// Somebody wants a restart, and it is no repetition of one that there was.
    Restart {
        request: Box<RestartRequest>,
        to: ReplyTo,
        told: Option<mpsc::Sender<RestartEvent>>,
        by: String,
        operation: Operation,
        /// It is meant for this one.
        expected_generation: Option<u64>,
    },
    /// What somebody may do is written down, or cannot be.
    Admitted { admission: Box<Admission>, intent: Result<u64, String> },
    /// A backup could be restored, or could not.
    RestoreChecked { name: String, by: String, to: ReplyTo, checked: Result<(), admin::Refusal> },
    /// More records of the audit.
    Audited(Vec<AuditRecord>),
    /// The configuration was read again because somebody wanted that.
    Reloaded { to: ReplyTo, read: Result<Box<Loaded>, String> },
    /// A dead letter is to be tried again.
    Retry { letter: Box<DeadLetter>, to: ReplyTo },
    /// The program's file has changed.
    ProgramChanged,
    /// Somebody wants to know whether the server is ready.
    Probe(oneshot::Sender<Condition>),
    /// Somebody collects figures.
    Scrape(oneshot::Sender<Box<Held>>),
    /// The same, those that take time to measure.
    Survey(Box<Survey>),
    /// The front ends: every client and the worker are told, and the sender once the worker is gone.
    Stop { goodbye: Goodbye, stopped: oneshot::Sender<()> },
    /// The front cannot wait for its worker any longer.
    KillWorker,
}

/// Whether the server is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    /// What is in the way; nothing when it is ready.
    pub(crate) reasons: Vec<Reason>,
    /// Whether these are its last moments.
    pub(crate) is_ending: bool,
    /// None where nobody knows it.
    pub(crate) generation: Option<u64>,
}

/// Why the server is not ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    /// For programs.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) detail: String,
}

impl Reason {
    pub(crate) fn new(code: &'static str, detail: &str) -> Self {
        Self { code, detail: detail.to_owned() }
    }
}

/// Who is told of what takes time to measure.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) health: oneshot::Sender<admin::Reply>,
    pub(crate) backups: oneshot::Sender<admin::Reply>,
    pub(crate) letters: oneshot::Sender<u64>,
}

/// A message of a client, its envelope read.
#[derive(Debug)]
pub(crate) struct ClientMessage {
    pub(crate) connection: ConnectionId,
    pub(crate) sequence: u64,
    pub(crate) floor: u64,
    pub(crate) payload: Bytes,
    pub(crate) content: Content,
    /// Held by requests only; the rest passes through at once.
    pub(crate) charge: Option<Charge>,
    /// Makes the end of the front wait for the answer.
    pub(crate) tracked: Option<RequestGuard>,
}

/// What a client's message is.
#[derive(Debug)]
pub(crate) enum Content {
    Request {
        id: RequestId,
        is_ping: bool,
        is_initialize: bool,
    },
    /// A call of one of the tools that the front answers itself.
    Reboot(Box<reboot::Call>),
    Notification {
        cancels: Option<RequestId>,
    },
    Response {
        id: Option<RequestId>,
    },
    Malformed(Malformed),
}

/// How a worker process ended.
#[derive(Debug)]
pub(crate) struct WorkerEnd {
    /// The exit code, `None` after a signal.
    pub(crate) code: Option<i32>,
    /// The signal, where one ended it.
    pub(crate) signal: Option<i32>,
    /// The last lines it wrote to its standard error.
    pub(crate) last_words: Vec<String>,
}

impl std::fmt::Display for WorkerEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit code {code}")?,
            (None, Some(signal)) => write!(f, "signal {signal}")?,
            (None, None) => f.write_str("its link closed")?,
        }
        // What ends by a signal was not about to say why.
        match self.last_words.iter().rev().find(|line| self.signal.is_none() && !is_of_backtrace(line)) {
            Some(line) => write!(f, ": {line}"),
            None => Ok(()),
        }
    }
}

/// Whether a line only says where the program was.
fn is_of_backtrace(line: &str) -> bool {
    let line = line.trim_start();
    let number = line.split_once(": ").map_or("", |(number, _)| number);
    let is_frame = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_frame || line.starts_with("at ") || line.starts_with("note: ") || line.is_empty()
}

#[cfg(test)]
mod tests {
    use super::WorkerEnd;

    #[test]
    fn an_exit_is_explained_by_the_last_line_that_says_something() {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let said =
            lines(&["thread 'main' panicked: no room", "   1: main", "      at src/main.rs:1", "note: x"]);
        let end = WorkerEnd { code: Some(101), signal: None, last_words: said.clone() };
        assert_eq!(end.to_string(), "exit code 101: thread 'main' panicked: no room");
        let end = WorkerEnd { code: None, signal: Some(9), last_words: said };
        assert_eq!(end.to_string(), "signal 9");
    }
}

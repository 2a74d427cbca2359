//! One request to a running server, for the one-shot commands.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_shared::restart::RestartEvent;
use thiserror::Error;

use super::line_reader::LineReader;
use super::wire::{Answer, Call, DENIED, Said};

/// How long a running server may take for what it does at once.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no reply.
#[derive(Debug, Error)]
pub enum CallError {
    /// Nobody listens.
    #[error("no server is running for this workspace")]
    NoServer,
    /// The server does not answer.
    #[error("the server did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The caller may not ask.
    #[error("{0}")]
    Denied(String),
    /// The server refused the request.
    #[error("the server refused: {0}")]
    Refused(String),
    /// The server ended, or ended the connection, before it had answered.
    #[error(
        "the server closed the connection before it answered; `task-orchestrator status` shows whether it runs"
    )]
    Lost,
    /// The socket, or what came through it.
    #[error("cannot talk to the server: {0}")]
    Io(#[from] io::Error),
}

/// Asks the server that listens on this socket something that it answers at once.
///
/// # Errors
///
/// [`CallError`].
pub fn call(socket: &Path, request: &Request) -> Result<Reply, CallError> {
    call_with_events(socket, request, Some(TIMEOUT), |_| {})
}

/// Asks the server that listens on this socket, and passes on what it tells until
/// it answers. `timeout` is for all of it together.
///
/// # Errors
///
/// [`CallError`].
pub fn call_with_events(
    socket: &Path,
    request: &Request,
    timeout: Option<Duration>,
    mut on_event: impl FnMut(RestartEvent),
) -> Result<Reply, CallError> {
    let mut stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => CallError::NoServer,
        io::ErrorKind::PermissionDenied => {
            CallError::Denied(format!("the socket {} belongs to another user", socket.display()))
        }
        _ => CallError::Io(error),
    })?;
    let failed = |error: io::Error| match (error.kind(), timeout) {
        (io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut, Some(timeout)) => CallError::TimedOut(timeout),
        (io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset, _) => CallError::Lost,
        _ => CallError::Io(error),
    };
    let call = Call { jsonrpc: "2.0".to_owned(), id: 1, request: request.clone() };
    let mut line = serde_json::to_vec(&call).map_err(io::Error::other)?;
    line.push(b'\n');
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(&line).map_err(failed)?;
    let mut lines = LineReader::new(stream, timeout);
    while let Some(line) = lines.next_line().map_err(failed)? {
        match Said::read(&line).map_err(io::Error::other)? {
            Said::Event(event) => on_event(event),
            Said::Unknown => {}
            Said::Answer(answer) => return reply_of(*answer),
        }
    }
    Err(CallError::Lost)
}

fn reply_of(answer: Answer) -> Result<Reply, CallError> {
    match (answer.result, answer.error) {
        (Some(reply), _) => Ok(reply),
        (None, Some(error)) if error.code == DENIED => Err(CallError::Denied(error.message)),
        (None, Some(error)) => Err(CallError::Refused(error.message)),
        (None, None) => Err(CallError::Io(io::Error::other("an answer with neither result nor error"))),
    }
}

//! One request to a running server, for the one-shot commands.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use task_orchestrator_shared::admin::{MAX_LINE_BYTES, Reply, Request};
use thiserror::Error;

use super::wire::{Answer, Call, DENIED};

/// How long a running server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no reply.
#[derive(Debug, Error)]
pub enum CallError {
    /// Nobody listens.
    #[error("no server is running for this workspace")]
    NoServer,
    /// The server does not answer.
    #[error("the server did not answer within {} s", TIMEOUT.as_secs())]
    TimedOut,
    /// The caller may not ask.
    #[error("{0}")]
    Denied(String),
    /// The server refused the request.
    #[error("the server refused: {0}")]
    Refused(String),
    /// The socket, or what came through it.
    #[error("cannot talk to the server: {0}")]
    Io(#[from] io::Error),
}

/// Asks the server that listens on this socket.
///
/// # Errors
///
/// [`CallError`].
pub fn call(socket: &Path, request: &Request) -> Result<Reply, CallError> {
    let mut stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => CallError::NoServer,
        _ => CallError::Io(error),
    })?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let call = Call { jsonrpc: "2.0".to_owned(), id: 1, request: request.clone() };
    let mut line = serde_json::to_vec(&call).map_err(io::Error::other)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream.take(MAX_LINE_BYTES as u64)).read_line(&mut answer).map_err(|error| match error
        .kind()
    {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => CallError::TimedOut,
        _ => CallError::Io(error),
    })?;
    let answer: Answer = serde_json::from_str(&answer).map_err(io::Error::other)?;
    match (answer.result, answer.error) {
        (Some(reply), _) => Ok(reply),
        (None, Some(error)) if error.code == DENIED => Err(CallError::Denied(error.message)),
        (None, Some(error)) => Err(CallError::Refused(error.message)),
        (None, None) => Err(CallError::Io(io::Error::other("an answer with neither result nor error"))),
    }
}

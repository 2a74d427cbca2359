//! From a path to a connection that has its welcome. Says nothing to a socket of
//! which it does not know that the right user listens on it.

use std::io;
use std::path::Path;

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::error::{ConnectError, not_understood};
use super::lines::Lines;
use crate::admin::codec::{
    Answered, DENIED, Failure, FromClient, FromServer, INVALID_REQUEST, METHOD_NOT_FOUND,
};
use crate::admin::{Hello, MAX_LINE_BYTES, Welcome};

/// The id of `hello`; later requests have higher ones.
pub(super) const HELLO_ID: u64 = 1;

/// A connection after its first words.
#[derive(Debug)]
pub(super) struct Greeted {
    pub(super) welcome: Welcome,
    pub(super) lines: Lines<OwnedReadHalf>,
    pub(super) writer: OwnedWriteHalf,
}

/// The users to whom something is told.
#[derive(Debug, Clone)]
pub(super) struct Trusted(Vec<u32>);

impl Trusted {
    /// Root, whoever this is, and the one who is expected.
    pub(super) fn with(expected: Option<u32>) -> Self {
        let own = rustix::process::geteuid().as_raw();
        Self([0, own].into_iter().chain(expected).collect())
    }
}

/// Connects and says hello.
pub(super) async fn greet(socket: &Path, hello: Hello, trusted: &Trusted) -> Result<Greeted, ConnectError> {
    let stream = UnixStream::connect(socket).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ConnectError::NoServer,
        io::ErrorKind::PermissionDenied => ConnectError::Denied(format!(
            "the socket {} belongs to another user; ask the workspace's owner for a role (`access.grants`)",
            socket.display()
        )),
        _ => error.into(),
    })?;
    // Of a socket that somebody listens on, these are who called `listen`.
    let peer = stream.peer_cred()?;
    if !trusted.0.contains(&peer.uid()) {
        return Err(ConnectError::Planted { socket: socket.to_owned(), uid: peer.uid() });
    }
    let pid = peer.pid().and_then(|pid| u32::try_from(pid).ok());
    let (read, mut writer) = stream.into_split();
    let mut line = FromClient::Hello { id: HELLO_ID, hello }.line().map_err(io::Error::from)?;
    line.push('\n');
    // A server that refuses at once may have closed its end; its reason is still there to read.
    let written = writer.write_all(line.as_bytes()).await;
    let mut lines = Lines::new(read, MAX_LINE_BYTES);
    let welcome = welcome(&mut lines, pid).await;
    match (welcome, written) {
        (Err(ConnectError::Lost), Err(error)) => Err(error.into()),
        (welcome, _) => Ok(Greeted { welcome: welcome?, lines, writer }),
    }
}

async fn welcome(lines: &mut Lines<OwnedReadHalf>, pid: Option<u32>) -> Result<Welcome, ConnectError> {
    while let Some(line) = lines.next().await? {
        // Nothing else was asked for yet, so nothing else is of use.
        let said = FromServer::read(&line).map_err(|error| not_understood(&error))?;
        if let FromServer::Answer { id: HELLO_ID | 0, answer } = said {
            return match answer {
                Ok(Answered::Welcome(welcome)) => Ok(*welcome),
                Ok(Answered::Reply(_)) => Err(other_answer().into()),
                Err(failure) => Err(refused(failure, pid)),
            };
        }
    }
    Err(ConnectError::Lost)
}

/// Somebody who answers something else than was asked.
pub(super) fn other_answer() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the server answered another question than was asked")
}

fn refused(failure: Failure, pid: Option<u32>) -> ConnectError {
    let Failure { code, message } = failure;
    match code {
        DENIED => ConnectError::Denied(message),
        INVALID_REQUEST | METHOD_NOT_FOUND => ConnectError::TooOld { pid },
        _ => ConnectError::Refused { code, message },
    }
}

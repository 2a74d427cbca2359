//! Finding the front, or starting one: one shim at a time, under a lock.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use thiserror::Error;

use super::Options;
use crate::link::READY;

/// How long a front may take until it takes connections. It waits for nothing before.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// What a front that fails may say about it, in bytes.
const MAX_LAST_WORDS: usize = 16 * 1024;

/// Why there is no front.
#[derive(Debug, Error)]
pub(super) enum StartError {
    /// The socket or the lock.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The program could not be run.
    #[error("cannot run {program}: {error}")]
    Spawn {
        program: String,
        #[source]
        error: io::Error,
    },
    /// It ran and ended, or did not get ready in time.
    #[error("the server did not start: {0}")]
    Failed(String),
}

/// Connects to a front that runs.
pub(super) fn connect(options: &Options) -> io::Result<UnixStream> {
    UnixStream::connect(&options.socket)
}

/// Connects, starting a front where none runs.
pub(super) fn connect_or_start(options: &Options) -> Result<UnixStream, StartError> {
    if let Ok(stream) = connect(options) {
        return Ok(stream);
    }
    let lock =
        File::options().create(true).truncate(false).write(true).mode(0o600).open(&options.start_lock)?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).map_err(io::Error::from)?;
    // Whoever held the lock before may have started one.
    if let Ok(stream) = connect(options) {
        return Ok(stream);
    }
    start(options)?;
    Ok(connect(options)?)
}

fn start(options: &Options) -> Result<(), StartError> {
    let mut child = Command::new(&options.program)
        .args(&options.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| StartError::Spawn { program: options.program.display().to_string(), error })?;
    let stdout = child.stdout.take();
    let outcome = match stdout {
        Some(stdout) => wait_until_ready(stdout),
        None => Err(StartError::Failed("its output is not there".to_owned())),
    };
    if outcome.is_err() {
        // It may be stuck; a front that is not ready has no client yet.
        let _ = child.kill();
    }
    reap(child);
    outcome
}

/// The front outlives most shims; where it does not, it must not stay a zombie.
fn reap(mut child: Child) {
    let reaper = thread::Builder::new().name("reaper".to_owned()).spawn(move || child.wait());
    if let Err(error) = reaper {
        tracing::warn!(%error, "cannot wait for the server's end");
    }
}

/// Reads what the front says until it is ready. What else it says is why it is not.
fn wait_until_ready(mut stdout: ChildStdout) -> Result<(), StartError> {
    let deadline = Instant::now() + START_TIMEOUT;
    let mut said = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut poll = [PollFd::new(&stdout, PollFlags::IN)];
        if rustix::event::poll(&mut poll, Some(&timeout)).map_err(io::Error::from)? == 0 {
            return Err(StartError::Failed(format!("not ready after {} s", START_TIMEOUT.as_secs())));
        }
        let length = stdout.read(&mut chunk)?;
        said.extend_from_slice(chunk.get(..length).unwrap_or_default());
        let text = String::from_utf8_lossy(&said);
        if text.lines().any(|line| line == READY) {
            return Ok(());
        }
        if length == 0 || said.len() > MAX_LAST_WORDS {
            let text = text.trim();
            return Err(StartError::Failed(
                if text.is_empty() { "it said nothing" } else { text }.to_owned(),
            ));
        }
    }
}

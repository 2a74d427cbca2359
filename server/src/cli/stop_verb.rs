//! `stop`: ends a running server, and comes back when it is gone.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use anyhow::bail;
use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_shared::client::CallError;

use super::ask::{Refused, call};
use crate::cli::GlobalArgs;
use crate::clock::Backoff;
use crate::config::Process;
use crate::exit::Exit;
use crate::workspace::Workspace;

/// First and longest wait between two looks at whether the server has ended.
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LONGEST_LOOK: Duration = Duration::from_millis(200);

/// Ends the server and waits until it is gone.
///
/// # Errors
///
/// A server that does not answer, or a configuration that cannot be read.
pub(super) fn run(global: &GlobalArgs, out: &mut impl Write) -> anyhow::Result<Exit> {
    let (workspace, _) = global.find_workspace()?;
    let watched = Watched::of(global, &workspace)?;
    let stopping = match call(global, &workspace, &Request::Stop) {
        Ok(Reply::Stopping(stopping)) => stopping,
        Ok(Reply::Refused(refusal)) => return Err(Refused(refusal).into()),
        Ok(_) => bail!("the server answered another question than was asked"),
        Err(CallError::NoServer) => {
            writeln!(out, "no server is running for {}", workspace.root().display())?;
            return Ok(Exit::NoServer);
        }
        Err(error) => return Err(error.into()),
    };
    let Some(watched) = watched else {
        writeln!(out, "the server (pid {}) is ending; its end cannot be seen from here", stopping.pid)?;
        return Ok(Exit::Done);
    };
    if !ended_within(&watched)? {
        let seconds = watched.patience.as_secs();
        writeln!(out, "the server (pid {}) has not ended after {seconds} s", stopping.pid)?;
        return Ok(Exit::TimedOut);
    }
    let clients = match stopping.sessions {
        0 => "no client was attached".to_owned(),
        1 => "1 client was disconnected".to_owned(),
        many => format!("{many} clients were disconnected"),
    };
    writeln!(out, "the server (pid {}) has ended; {clients}", stopping.pid)?;
    Ok(Exit::Done)
}

/// What shows the end of the server, and how long that may take.
struct Watched {
    /// The front's lock, which goes with its process.
    lock: File,
    patience: Duration,
}

impl Watched {
    /// `None` where the lock cannot be seen: the workspace is another user's, or the
    /// socket was named by hand and may belong to any server.
    fn of(global: &GlobalArgs, workspace: &Workspace) -> anyhow::Result<Option<Self>> {
        if workspace.owner().is_none() {
            return Ok(None);
        }
        let lock = match File::open(workspace.front_lock()) {
            Ok(lock) => lock,
            Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::NotFound) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let (config, ..) = global.load_config_for(Process::Shim, workspace)?;
        // Requests, then the two clean-ups, each with its own limit.
        let patience = config.shutdown.request_timeout + config.shutdown.cleanup_timeout * 3;
        Ok(Some(Self { lock, patience }))
    }
}

/// Whether the lock becomes free in time.
fn ended_within(Watched { lock, patience }: &Watched) -> anyhow::Result<bool> {
    let deadline = Instant::now() + *patience;
    let mut backoff = Backoff::new(FIRST_LOOK, LONGEST_LOOK);
    loop {
        match rustix::fs::flock(lock, rustix::fs::FlockOperation::NonBlockingLockShared) {
            Ok(()) => return Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline => {
                std::thread::park_timeout(backoff.next_delay());
            }
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}

//! What happens to the worker while a suite runs.

use std::fmt::{self, Display};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_shared::restart::RestartRequest;

use crate::{Workspace, process};

/// From one handover to the next, where the server is as fast.
const HANDOVER_EVERY: Duration = Duration::from_millis(50);

/// From one kill to the next.
const KILL_EVERY: Duration = Duration::from_millis(300);

/// How soon a killer looks again for somebody to kill.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// What happens underneath.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Storm {
    /// Nothing.
    Plain,
    /// The worker hands over to the next one, every 50 ms.
    Handover,
    /// The worker is killed, every 300 ms, or as soon as there is one again.
    Kill,
}

impl Display for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Handover => "handover",
            Self::Kill => "kill -9",
        })
    }
}

impl Storm {
    /// Runs the body with the storm underneath; says how often it struck.
    ///
    /// # Errors
    ///
    /// The body's own, or a blow that failed: a storm that does not blow proves nothing.
    pub fn during<R>(self, workspace: &Workspace, body: impl FnOnce() -> Result<R>) -> Result<(R, u32)> {
        let (calm, ended) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let storm = scope.spawn(move || self.blow(workspace, &ended));
            let result = body();
            drop(calm);
            let blows = storm.join().map_err(|_| anyhow::anyhow!("the storm panicked"))??;
            Ok((result?, blows))
        })
    }

    /// Strikes until it is to end.
    fn blow(self, workspace: &Workspace, ended: &mpsc::Receiver<()>) -> Result<u32> {
        let mut blows = 0;
        loop {
            let begun = Instant::now();
            let every = match self {
                Self::Plain => {
                    // Nobody sends: this waits for the end.
                    let _ = ended.recv();
                    return Ok(blows);
                }
                Self::Handover => {
                    hand_over(workspace).context("a handover of the storm")?;
                    HANDOVER_EVERY
                }
                Self::Kill if kill(workspace)? => KILL_EVERY,
                Self::Kill => LOOK_AGAIN,
            };
            blows += u32::from(every != LOOK_AGAIN);
            let rest = every.saturating_sub(begun.elapsed());
            if ended.recv_timeout(rest) == Err(RecvTimeoutError::Disconnected) {
                return Ok(blows);
            }
        }
    }
}

fn hand_over(workspace: &Workspace) -> Result<()> {
    // Without a snapshot: what is tested is the relay, as often as can be.
    let request = RestartRequest { preserve_state: false, ..RestartRequest::default() };
    match workspace.ask_server(Request::Restart(Box::new(request)))? {
        Reply::Restart(report) if report.is_success() => Ok(()),
        other => bail!("{other:?}"),
    }
}

fn kill(workspace: &Workspace) -> Result<bool> {
    let worker = workspace.told_status()?.worker.filter(|worker| worker.ready);
    // None serves: the last kill is being recovered from. A successor that never gets to
    // serve is another failure than this storm is about.
    if let Some(worker) = &worker {
        process::kill(worker.pid);
    }
    Ok(worker.is_some())
}

//! SIGKILL and restarts at random moments, and never two without progress in between.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::{Front, Plan, Progress, Watched};
use crate::random::Random;
use crate::{Workspace, process, wait};

/// What is done to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Victim {
    /// The active worker is killed.
    Worker,
    /// The front is killed.
    Front,
    /// Now the one, now the other.
    Both,
    /// A graceful restart.
    Restart,
    /// An emergency restart.
    Emergency,
    /// Any of the four.
    Mixed,
}

impl Victim {
    /// Whether a front may die: over HTTP that breaks connections.
    pub(super) fn may_be_the_front(self) -> bool {
        matches!(self, Self::Front | Self::Both | Self::Mixed)
    }

    fn chosen(self, random: &mut Random) -> Self {
        let all = [Self::Worker, Self::Front, Self::Restart, Self::Emergency];
        let choice = match self {
            Self::Both => random.below(2),
            Self::Mixed => random.below(4),
            one => return one,
        };
        usize::try_from(choice).ok().and_then(|choice| all.get(choice)).copied().unwrap_or(self)
    }
}

/// Disturbs as often as planned; gives how often it was.
pub(super) fn kill_as_planned(
    workspace: &Workspace,
    plan: &Plan,
    progress: &Progress,
    watched: &Watched,
    front: &mut Front,
) -> Result<u32> {
    let mut random = Random::new(plan.seed);
    let end = Instant::now() + plan.limit;
    let callers = u64::try_from(plan.clients * plan.window)?;
    let mut last = None;
    let mut kills = 0;
    let mut before = progress.counts();
    while kills < plan.kills {
        let more = 2 * callers + random.below(callers * 4);
        let deadline = end.min(Instant::now() + wait::DEADLINE);
        if !progress.wait(&before, more, deadline) {
            anyhow::ensure!(Instant::now() >= end, "no progress after kill {kills}: {:?}", progress.counts());
            break;
        }
        let victim = plan.victim.chosen(&mut random);
        let pid = victim_pid(workspace, victim, last)?;
        moment(&mut random);
        match victim {
            Victim::Restart => restart(workspace, &[], kills)?,
            Victim::Emergency => restart(workspace, &["--emergency", "--yes"], kills)?,
            Victim::Front => {
                process::kill(pid);
                front.again(workspace, plan.transport)?;
            }
            Victim::Worker | Victim::Both | Victim::Mixed => process::kill(pid),
        }
        before = progress.counts();
        last = Some(pid);
        kills += 1;
        watched.after(kills);
    }
    // Whatever the last kill broke shows now.
    progress.wait(&before, callers, Instant::now() + wait::DEADLINE);
    let nothing = vec![0; before.len()];
    progress.wait(&nothing, plan.replies, end);
    Ok(kills)
}

/// A restart that was asked for is to be complete, whatever was killed before it.
fn restart(workspace: &Workspace, arguments: &[&str], number: u32) -> Result<()> {
    let restarted = workspace.restart(arguments)?;
    restarted.complete().map(drop).with_context(|| format!("restart after {number} disturbances"))
}

/// The process id of the victim, once there is one that has not been killed already.
fn victim_pid(workspace: &Workspace, victim: Victim, last: Option<u32>) -> Result<u32> {
    wait::until("somebody to kill", || {
        let status = workspace.status().ok()?;
        let pid = if victim == Victim::Front { status.pid } else { status.worker_pid() };
        pid.filter(|pid| Some(*pid) != last && process::lives(*pid))
    })
    .with_context(|| format!("{victim:?}"))
}

/// Spins for up to two milliseconds, so that kills do not keep step with replies.
/// This spreads the moments; nothing depends on its length.
fn moment(random: &mut Random) {
    let end = Instant::now() + Duration::from_micros(random.below(2000));
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

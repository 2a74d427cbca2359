//! SIGKILL at random moments, and never twice without progress in between.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::{Plan, Progress};
use crate::random::Random;
use crate::{Workspace, process, wait};

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Victim {
    /// The active worker.
    Worker,
    /// The front.
    Front,
    /// Now the one, now the other.
    Both,
}

impl Victim {
    fn chosen(self, random: &mut Random) -> Self {
        match self {
            Self::Both if random.below(2) == 0 => Self::Worker,
            Self::Both => Self::Front,
            one => one,
        }
    }
}

/// Kills as often as planned; gives how often it was.
pub(super) fn kill_as_planned(workspace: &Workspace, plan: &Plan, progress: &Progress) -> Result<u32> {
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
        let victim = victim_pid(workspace, plan.victim.chosen(&mut random), last)?;
        moment(&mut random);
        process::kill(victim);
        before = progress.counts();
        last = Some(victim);
        kills += 1;
    }
    // Whatever the last kill broke shows now.
    progress.wait(&before, callers, Instant::now() + wait::DEADLINE);
    let nothing = vec![0; before.len()];
    progress.wait(&nothing, plan.replies, end);
    Ok(kills)
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

//! `wait`: comes back when something holds.

mod condition;
mod limit;
mod tell;
mod until;

use std::time::Duration;

use clap::Args;

pub use condition::Condition;

use super::GlobalArgs;
use super::following::following;
use super::screen::Screen;
use crate::exit::Exit;
use until::until;

/// Arguments of `wait`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Conditions:
  ready           a worker serves, and requests are neither held back nor refused
  idle            no restart runs, and nothing is in flight or waits
  safe-mode       too many crashes have led to safe mode
  no-clients      no client is connected
  restart-done    no restart runs (any more)
  phase=NAME      the restart that runs, or the last one, is in this phase
  generation=N    this generation serves, or a later one

Examples:
  task-orchestrator wait --for ready --timeout 30s    for a server that is being started too
  task-orchestrator wait --for no-clients --timeout 10min && task-orchestrator stop --yes
  task-orchestrator wait --for generation=8 --json | jq .waited_ms

Exit code 0 when it holds, 5 when it does not in time, 3 denied, 4 if no server runs; for
`ready` it waits for one to come.")]
pub struct WaitArgs {
    /// What has to hold
    #[arg(long = "for", value_name = "CONDITION")]
    pub condition: Condition,
    /// How long to wait, as in 500ms, 30s, 5min, 2h
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = limit::limit)]
    pub timeout: Duration,
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

impl WaitArgs {
    /// Waits, and says what is now.
    ///
    /// # Errors
    /// A server that may not be followed, or no way to print.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let waited = following(global, async |hearing| {
            until(self.condition, &mut async || hearing.next().await, self.timeout).await
        })??;
        tell::tell(self.condition, &waited, self.json, screen)
    }
}

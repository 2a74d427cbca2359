//! `watch`: one line as each thing happens.

mod missed;
mod print;
mod told;
mod watching;

use clap::Args;

use super::GlobalArgs;
use super::following::following;
use super::screen::Screen;
use crate::exit::Exit;
use print::print_until;

/// Arguments of `watch`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Restarts with their phases, workers and clients that come and go, maintenance, safe mode,
backups, dead letters, alerts, what was denied, and whether the server is there. It goes on
when the server is away, and ends with Ctrl-C.

Examples:
  task-orchestrator watch
  task-orchestrator watch --json | jq \".changes[].topic\"

With --json it prints one object a line: the view, then each delta, and what becomes of the
connection as `link`.")]
pub struct WatchArgs {
    /// Print one JSON object a line, for programs
    #[arg(long)]
    pub json: bool,
}

impl WatchArgs {
    /// Prints until it is interrupted, or until nobody reads any more.
    ///
    /// # Errors
    /// A server that may not be followed, or no way to print.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        following(global, async |hearing| {
            let interrupted = async {
                // Without a handler the signal ends the process, which is as well.
                if tokio::signal::ctrl_c().await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            print_until(interrupted, &mut async || hearing.next().await, self.json, screen).await
        })?
    }
}

//! `history`: where a restart is, and what there was.

use clap::Args;
use task_orchestrator_shared::admin::{Reply, Request};

use super::GlobalArgs;
use super::ask::{WrongReply, ask};
use super::render::history::history;
use super::screen::Screen;
use crate::exit::Exit;

/// Arguments of `history`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Crashes are restarts too and are listed with those that were asked for.

Examples:
  task-orchestrator history
  task-orchestrator history --limit 100 --json | jq \".history.recent_restarts[].duration\"")]
pub struct HistoryArgs {
    /// How many restarts to list, newest first, 1 to 1000
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

impl HistoryArgs {
    /// Asks and prints.
    ///
    /// # Errors
    /// No server, or a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let request = Request::RestartStatus { limit: self.limit };
        let Reply::RestartStatus(status) = ask(global, &request, self.json, screen)? else {
            return Err(WrongReply.into());
        };
        if self.json {
            screen.print_json(&status)?;
        } else {
            history(&status, screen.paint, screen.out)?;
        }
        Ok(Exit::Done)
    }
}

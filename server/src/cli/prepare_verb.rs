//! `prepare`: says whether a restart would go through, without doing one.

use clap::Args;
use task_orchestrator_shared::admin::{Reply, Request};

use super::GlobalArgs;
use super::ask::{WrongReply, ask};
use super::render::readiness::readiness;
use super::screen::Screen;
use crate::exit::Exit;

/// Arguments of `prepare`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Looks at work in progress, the database, the clients and the disk. Changes nothing.

Examples:
  task-orchestrator prepare
  task-orchestrator prepare --json | jq .blocking_issues

Exit code 0 if a restart would go through, 1 if not, 4 no server.")]
pub struct PrepareArgs {
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

impl PrepareArgs {
    /// Looks and prints.
    ///
    /// # Errors
    /// No server, or a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let Reply::Readiness(found) = ask(global, &Request::Prepare, self.json, screen)? else {
            return Err(WrongReply.into());
        };
        if self.json {
            screen.print_json(&found)?;
        } else {
            readiness(&found, screen.paint, screen.out)?;
        }
        Ok(if found.ready_for_shutdown { Exit::Done } else { Exit::Failed })
    }
}

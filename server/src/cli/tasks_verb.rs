//! `tasks`: the work in the database, as the worker that serves reads it.

use clap::Args;
use task_orchestrator_shared::admin::{Reply, Request};

use super::GlobalArgs;
use super::ask::{WrongReply, ask};
use super::render::tasks::tree;
use super::screen::Screen;
use crate::exit::Exit;

/// Arguments of `tasks`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Sessions, the plans in them and their tasks: open ones first, the latest change before
others. Where there are more than a thousand, open tasks are listed before ended ones.

Examples:
  task-orchestrator tasks
  task-orchestrator tasks --json | jq \".rows[] | select(.status == \\\"blocked\\\") | .title\"")]
pub struct TasksArgs {
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

impl TasksArgs {
    /// Asks and prints.
    ///
    /// # Errors
    /// No server, or a refusal: there may be no worker at present.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let Reply::Tasks(found) = ask(global, &Request::Tasks, self.json, screen)? else {
            return Err(WrongReply.into());
        };
        if self.json {
            screen.print_json(&found)?;
        } else {
            tree(&found, screen.paint, screen.out)?;
        }
        Ok(Exit::Done)
    }
}

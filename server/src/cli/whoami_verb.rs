//! `whoami`: who the caller is for the server, and what may be done.

use clap::Args;
use task_orchestrator_shared::admin::{Reply, Request};

use super::GlobalArgs;
use super::ask::{WrongReply, ask};
use super::render::access::who;
use super::screen::Screen;
use crate::exit::Exit;

/// Arguments of `whoami`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Who you are is what the kernel says, and your role is the best that the configuration's
section `access` grants to you or to one of your groups.

Examples:
  task-orchestrator whoami
  task-orchestrator whoami --json | jq .may")]
pub struct WhoAmIArgs {
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

impl WhoAmIArgs {
    /// Asks and prints.
    ///
    /// # Errors
    /// No server, or a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let Reply::WhoAmI(you) = ask(global, &Request::WhoAmI, self.json, screen)? else {
            return Err(WrongReply.into());
        };
        if self.json {
            screen.print_json(&you)?;
        } else {
            who(&you, screen.paint, screen.out)?;
        }
        Ok(Exit::Done)
    }
}

//! `roles`: who may do what.

use clap::Args;
use task_orchestrator_shared::admin::{Reply, Request};

use super::GlobalArgs;
use super::ask::{WrongReply, ask};
use super::render::access::roles;
use super::screen::Screen;
use crate::exit::Exit;

/// Arguments of `roles`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
What nobody grants is denied. What is marked as audited is done only once it is written in
the audit.

Examples:
  task-orchestrator roles
  task-orchestrator roles --json | jq \".grants[]\"")]
pub struct RolesArgs {
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

impl RolesArgs {
    /// Asks and prints.
    ///
    /// # Errors
    /// No server, or a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let Reply::Roles(found) = ask(global, &Request::Roles, self.json, screen)? else {
            return Err(WrongReply.into());
        };
        if self.json {
            screen.print_json(&found)?;
        } else {
            roles(&found, screen.paint, screen.out)?;
        }
        Ok(Exit::Done)
    }
}

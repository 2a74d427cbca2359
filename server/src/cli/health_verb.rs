//! `health`: measures every part of the server.

use clap::Args;
use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_shared::report::Level;

use super::GlobalArgs;
use super::ask::{WrongReply, ask};
use super::render::health::health;
use super::screen::Screen;
use crate::exit::Exit;

/// Arguments of `health`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Every figure is measured at the call, or said with its age.

Examples:
  task-orchestrator health
  task-orchestrator health --json | jq -e .healthy

Exit code 0 if it works (healthy or degraded), 1 if it does not, 4 no server.")]
pub struct HealthArgs {
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

impl HealthArgs {
    /// Measures and prints.
    ///
    /// # Errors
    /// No server, or a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let Reply::Health(measured) = ask(global, &Request::Health, self.json, screen)? else {
            return Err(WrongReply.into());
        };
        if self.json {
            screen.print_json(&measured)?;
        } else {
            health(&measured, screen.paint, screen.out)?;
        }
        Ok(match measured.status {
            Level::Healthy | Level::Degraded => Exit::Done,
            Level::Unhealthy => Exit::Failed,
        })
    }
}

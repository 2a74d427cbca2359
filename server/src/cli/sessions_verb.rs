//! `sessions`: the clients that are connected, and which of them somebody means.

mod clients;

use clap::Args;

pub(super) use clients::{Clients, name, short};

use super::GlobalArgs;
use super::render::sessions::sessions;
use super::screen::Screen;
use crate::exit::Exit;

/// Arguments of `sessions`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
A session is named by its number, by its short id (the end of its id), or by its whole id,
which --json shows.

Examples:
  task-orchestrator sessions
  task-orchestrator sessions --json | jq \".sessions[].client\"")]
pub struct SessionsArgs {
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

impl SessionsArgs {
    /// Asks and prints.
    ///
    /// # Errors
    /// No server, or a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let clients = Clients::of_server(global, self.json, screen)?;
        if self.json {
            screen.print_json_as("sessions", &clients)?;
        } else {
            sessions(&clients, screen.paint, screen.out)?;
        }
        Ok(Exit::Done)
    }
}

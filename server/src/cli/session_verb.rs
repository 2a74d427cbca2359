//! `session`: one client with what it waits for, and what happened to its connection.

use clap::Args;
use task_orchestrator_shared::admin::{Reply, Request};

use super::GlobalArgs;
use super::ask::{WrongReply, ask};
use super::render::session::detail;
use super::screen::Screen;
use super::sessions_verb::Clients;
use crate::exit::Exit;

/// Arguments of `session`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
A session is named by its number, by its short id (the end of its id), or by its whole id,
as `task-orchestrator sessions` shows them.

Examples:
  task-orchestrator session 3
  task-orchestrator session 3 --json | jq \".requests[] | select(.place == \\\"buffered\\\")\"")]
pub struct SessionArgs {
    /// Which one
    #[arg(value_name = "SESSION")]
    pub session: String,
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

impl SessionArgs {
    /// Asks and prints.
    ///
    /// # Errors
    /// No server, or a refusal: an unknown session among them.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        // Who is not in the list is the server's to refuse.
        let named = Clients::of_server(global, self.json, screen)?.named(&self.session);
        let session = named.map_or_else(|| self.session.clone(), |named| named.client);
        let Reply::Session(found) = ask(global, &Request::Session { session }, self.json, screen)? else {
            return Err(WrongReply.into());
        };
        if self.json {
            screen.print_json(&found)?;
        } else {
            detail(&found, screen.paint, screen.out)?;
        }
        Ok(Exit::Done)
    }
}

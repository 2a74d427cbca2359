//! `disconnect`: ends a client's session.

use anyhow::bail;
use clap::Args;
use task_orchestrator_shared::admin::Request;

use super::ask::ask_in;
use super::confirm::{confirm, somebody_there};
use super::screen::Screen;
use super::sessions_verb::Clients;
use super::{GlobalArgs, PrivilegedArgs, done};
use crate::exit::Exit;

/// Arguments of `disconnect`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
What the client waits for is answered with an error. Its process is left alone: a client
that wants to go on starts a new connection.

Examples:
  task-orchestrator disconnect 3                      its number, as `sessions` shows it
  task-orchestrator disconnect 9a1c5d77 --yes --reason \"it floods the server\"")]
pub struct DisconnectArgs {
    /// Which: its number, its short id or its whole id
    #[arg(value_name = "SESSION")]
    pub session: String,
    /// Confirm it without being asked
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
    /// What goes with it.
    #[command(flatten)]
    pub privileged: PrivilegedArgs,
}

impl DisconnectArgs {
    /// Ends it.
    ///
    /// # Errors
    /// No server, no such session, no confirmation, or a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        if !self.yes {
            somebody_there("disconnecting a client", screen)?;
        }
        let Some(named) = Clients::of_server(global, self.json, screen)?.named(&self.session) else {
            bail!("there is no session {}: `task-orchestrator sessions` lists them", self.session);
        };
        if !self.yes {
            let (who, waiting) = (&named.described, named.unanswered());
            let consequences =
                format!("This ends {who}. It has {waiting} without an answer: they get an error.");
            confirm("disconnecting a client", &consequences, &named.short(), screen)?;
        }
        let request = Request::DisconnectSession { session: named.client };
        done::tell(ask_in(global, &request, self.privileged.context(), self.json, screen)?, self.json, screen)
    }
}

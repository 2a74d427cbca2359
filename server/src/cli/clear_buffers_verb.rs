//! `clear-buffers`: answers what waits for a worker with a retryable error.

use anyhow::bail;
use clap::Args;
use task_orchestrator_shared::admin::Request;

use super::ask::ask_in;
use super::confirm::{confirm, somebody_there};
use super::render::text::count;
use super::restart_verb::name_of;
use super::screen::Screen;
use super::sessions_verb::Clients;
use super::{GlobalArgs, PrivilegedArgs, done};
use crate::exit::Exit;

/// Arguments of `clear-buffers`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Requests wait in the server while no worker can take them. Each of those is answered with an
error that says it may be sent again; what a worker has already is left alone.

Examples:
  task-orchestrator clear-buffers                     of all clients
  task-orchestrator clear-buffers --session 3 --yes   of one, by its number in `sessions`")]
pub struct ClearBuffersArgs {
    /// Only of this session: its number, its short id or its whole id
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
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

impl ClearBuffersArgs {
    /// Clears them.
    ///
    /// # Errors
    /// No server, no such session, no confirmation, or a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        if !self.yes {
            somebody_there(WHAT, screen)?;
        }
        let session = match &self.session {
            Some(typed) => Some(self.one(typed, global, screen)?),
            None => {
                self.all(global, screen)?;
                None
            }
        };
        let request = Request::ClearBuffers { session };
        done::tell(ask_in(global, &request, self.privileged.context(), self.json, screen)?, self.json, screen)
    }

    /// The id of the session that is meant, once it is confirmed.
    fn one(&self, typed: &str, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<String> {
        let Some(named) = Clients::of_server(global, self.json, screen)?.named(typed) else {
            bail!("there is no session {typed}: `task-orchestrator sessions` lists them");
        };
        if !self.yes {
            let (who, waiting) = (&named.described, named.unanswered());
            let consequences =
                format!("What waits of {who} is answered with an error. It has {waiting} without an answer.");
            confirm(WHAT, &consequences, &named.short(), screen)?;
        }
        Ok(named.client)
    }

    fn all(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        let (workspace, _) = global.find_workspace()?;
        let unanswered = Clients::of_server(global, self.json, screen)?.unanswered();
        let waiting = count(unanswered, "request", "requests");
        let consequences =
            format!("What waits of any client is answered with an error. {waiting} have no answer yet.");
        confirm(WHAT, &consequences, &name_of(workspace.root()), screen)
    }
}

const WHAT: &str = "clearing the buffers";

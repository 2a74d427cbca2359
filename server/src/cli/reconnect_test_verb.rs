//! `reconnect-test`: really sends something through the clients' connections.

use clap::Args;
use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_shared::report::TestStatus;

use super::GlobalArgs;
use super::ask::{WrongReply, ask};
use super::render::reconnect::reconnect;
use super::screen::Screen;
use crate::exit::Exit;

/// Arguments of `reconnect-test`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Sends something through each connection and waits for it to come back. The clients behind
them notice nothing. `task-orchestrator status --json` lists the ids of the sessions.

Examples:
  task-orchestrator reconnect-test
  task-orchestrator reconnect-test --session 0191f2a4-6b1e-7c3d-8000-3f2b9a1c5d77
  task-orchestrator reconnect-test --json | jq .overall_status

Exit code 0 if everything was reached, 1 if not, 4 no server.")]
pub struct ReconnectTestArgs {
    /// Only this session
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

impl ReconnectTestArgs {
    /// Tests and prints.
    ///
    /// # Errors
    /// No server, no such session, or a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let request = Request::ReconnectTest { session: self.session.clone() };
        let Reply::ReconnectTest(test) = ask(global, &request, self.json, screen)? else {
            return Err(WrongReply.into());
        };
        if self.json {
            screen.print_json(&test)?;
        } else {
            reconnect(&test, screen.paint, screen.out)?;
        }
        Ok(match test.overall_status {
            TestStatus::Pass => Exit::Done,
            TestStatus::Partial | TestStatus::Fail => Exit::Failed,
        })
    }
}

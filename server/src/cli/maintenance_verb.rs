//! `maintenance`: holds new requests back, or lets them through again.

use clap::{Args, ValueEnum};
use task_orchestrator_shared::admin::Request;

use super::ask::ask_in;
use super::screen::Screen;
use super::{GlobalArgs, PrivilegedArgs, done};
use crate::exit::Exit;

/// Arguments of `maintenance`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
While it is on, requests wait in the server for as long as buffer.expiry says, and clients
stay connected. A restart does not need it: it holds requests by itself, for milliseconds.

Examples:
  task-orchestrator maintenance on                    for example to copy the database
  task-orchestrator maintenance on --reason \"moving the disk\"
  task-orchestrator maintenance off")]
pub struct MaintenanceArgs {
    /// Hold them back, or let them through
    #[arg(value_enum)]
    pub state: Switch,
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
    /// What goes with it.
    #[command(flatten)]
    pub privileged: PrivilegedArgs,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Hold new requests back
    On,
    /// Let them through
    Off,
}

impl MaintenanceArgs {
    /// Switches and says so.
    ///
    /// # Errors
    /// No server, or a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let request = Request::Maintenance { on: self.state == Switch::On };
        let context = self.privileged.context();
        done::tell(ask_in(global, &request, context, self.json, screen)?, self.json, screen)
    }
}

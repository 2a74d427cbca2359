//! `log-level`: how much the running server writes to its log files.

use clap::Args;
use clap::builder::PossibleValuesParser;
use task_orchestrator_shared::admin::Request;
use task_orchestrator_shared::admin::log::LogLevel;

use super::ask::ask_in;
use super::screen::Screen;
use super::{GlobalArgs, PrivilegedArgs, done};
use crate::exit::Exit;

/// Arguments of `log-level`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
It holds until the server is restarted or the configuration is read again. To change it for
good, set log.level in the configuration and use `config reload`.

Examples:
  task-orchestrator log-level debug --reason \"looking for a slow call\"
  task-orchestrator log-level info")]
pub struct LogLevelArgs {
    /// How much
    #[arg(value_name = "LEVEL", ignore_case = true, value_parser = levels())]
    pub level: String,
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
    /// What goes with it.
    #[command(flatten)]
    pub privileged: PrivilegedArgs,
}

fn levels() -> PossibleValuesParser {
    LogLevel::ALL.map(LogLevel::as_str).into()
}

impl LogLevelArgs {
    /// Changes it.
    ///
    /// # Errors
    /// No server, or a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let request = Request::LogLevel { level: self.level.to_lowercase() };
        done::tell(ask_in(global, &request, self.privileged.context(), self.json, screen)?, self.json, screen)
    }
}

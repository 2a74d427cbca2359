//! The command line: every verb, every flag, and the help that teaches them.
//!
//! Each verb has a file. Nothing here may print while a process verb runs: its
//! standard output belongs to MCP.

mod config_verb;
mod global;
mod install_verb;
mod serve_verb;
mod status_verb;
mod stdio_verb;
mod stop_verb;
mod worker_verb;

pub use worker_verb::run_worker;

use std::io;

use anyhow::Error;
use clap::{Args, Parser, Subcommand};

pub use config_verb::{ConfigArgs, ConfigVerb};
pub use global::{GlobalArgs, KeyValue};
pub use install_verb::{EntryArgs, InstallArgs, UninstallArgs};

use crate::client_setup::SetupError;
use crate::config::ConfigErrors;
use crate::exit::Exit;
use crate::workspace::WorkspaceError;

/// A task orchestrator for MCP clients, whose server can be replaced while its
/// clients stay connected.
#[derive(Debug, Parser)]
#[command(name = "task-orchestrator", version, about, long_about = None, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  task-orchestrator install --client claude-code      set up Claude Code for you
  task-orchestrator install --client cursor --scope project --dry-run
  task-orchestrator status                            is a server running here?
  task-orchestrator config show                       what is set, and where

The workspace is --workspace, else $MCP_TASK_ORCHESTRATOR_WORKSPACE, else the nearest
directory upwards with a .task_orchestrator, else the git root, else this directory.

Exit codes: 0 done, 1 failed, 2 usage, 3 denied, 4 no server, 5 timed out, 75 try again
later, 78 wrong configuration.")]
pub struct Cli {
    /// Flags that every verb takes.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Connect an MCP client over standard input and output (clients launch this)
    #[command(after_help = "\
Starts the server of the workspace if none runs, and joins it otherwise. Standard output
carries MCP messages only; log lines go to standard error.

Example of a client's configuration:
  {\"mcpServers\": {\"task-orchestrator\": {
     \"command\": \"/usr/local/bin/task-orchestrator\", \"args\": [\"stdio\", \"--workspace\", \"/my/project\"]}}}

`task-orchestrator install` writes this for you.")]
    Stdio(StdioArgs),
    /// Run the server of the workspace in the foreground
    #[command(after_help = "\
Not needed for MCP clients: `stdio` starts a server by itself. A server that was started
with `serve` stays when its last client leaves, so this is for service managers and for
watching. One server runs in a workspace; where one runs already, this says so and ends.

Example:
  task-orchestrator serve --workspace /my/project --set log.stderr=info")]
    Serve(ServeArgs),
    /// Say whether a server runs for the workspace, and how it is
    #[command(after_help = "\
Exit code 0 if one runs, 4 if none does.

Example:
  task-orchestrator status --json | jq .")]
    Status(StatusArgs),
    /// Stop the server of the workspace gracefully
    #[command(after_help = "\
Requests in progress may finish first, for as long as shutdown.request_timeout says.
Then every client is disconnected. A server that is ended by a signal instead tells its
clients to stay: they join the next server, and start one with their next request.")]
    Stop(StopArgs),
    /// Show, check or write the configuration
    Config(ConfigArgs),
    /// Enter this server into an MCP client's configuration
    Install(InstallArgs),
    /// Take this server out of an MCP client's configuration
    Uninstall(UninstallArgs),
    /// The part of the server that runs the tools; started by the server itself
    #[command(hide = true)]
    Worker(WorkerArgs),
}

/// Arguments of `stdio`.
#[derive(Debug, Clone, Args)]
pub struct StdioArgs {}

/// Arguments of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Started by a shim: ends itself when nobody is attached for a while.
    #[arg(long, hide = true)]
    pub detached: bool,
}

/// Arguments of `status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `stop`.
#[derive(Debug, Clone, Args)]
pub struct StopArgs {}

/// Arguments of the hidden `worker`.
#[derive(Debug, Clone, Args)]
pub struct WorkerArgs {}

impl Cli {
    /// Does what the command line asks.
    ///
    /// # Errors
    ///
    /// Whatever the verb could not do; [`exit_of`] makes an exit code of it.
    pub fn run(&self) -> anyhow::Result<Exit> {
        let global = &self.global;
        let (out, err) = (&mut io::stdout(), &mut io::stderr());
        match &self.command {
            Command::Stdio(_) => stdio_verb::run(global),
            Command::Serve(args) => serve_verb::run(global, args),
            Command::Status(args) => status_verb::run(global, args, out),
            Command::Stop(_) => stop_verb::run(global, out),
            Command::Config(args) => args.run(global, out, err),
            Command::Install(args) => args.run(global, out),
            Command::Uninstall(args) => args.run(global, out),
            Command::Worker(_) => worker_verb::run(global),
        }
    }
}

/// The exit code that an error stands for, wherever in the chain its cause is.
pub fn exit_of(error: &Error) -> Exit {
    for cause in error.chain() {
        if cause.is::<ConfigErrors>() || cause.is::<WorkspaceError>() {
            return Exit::Configuration;
        }
        if let Some(SetupError::Scope { .. } | SetupError::Name(_)) = cause.downcast_ref() {
            return Exit::Usage;
        }
    }
    Exit::Failed
}

#[cfg(test)]
mod tests;

//! The command line: every verb, every flag, and the help that teaches them.
//!
//! Each verb has a file. Nothing here may print while a process verb runs: its
//! standard output belongs to MCP.

mod ask;
mod audit_verb;
mod clear_buffers_verb;
mod completions_verb;
mod config_verb;
mod confirm;
mod dead_letters_verb;
mod disconnect_verb;
mod done;
mod explain_verb;
mod following;
mod global;
mod health_verb;
mod heard;
mod history_verb;
mod install_verb;
mod log_level_verb;
mod logs_verb;
mod maintenance_verb;
mod man_verb;
mod output;
mod prepare_verb;
mod privileged;
mod reconnect_test_verb;
mod render;
mod restart_verb;
mod roles_verb;
mod screen;
mod serve_verb;
mod session_verb;
mod sessions_verb;
mod state_verb;
mod status_verb;
mod stdio_verb;
mod stop_verb;
mod tasks_verb;
mod token_verb;
mod unfollowed;
mod visible;
mod wait_verb;
mod watch_verb;
mod whoami_verb;
mod worker_verb;

pub use worker_verb::run_worker;

use std::io;
use std::net::SocketAddr;

use anyhow::Error;
use clap::{Args, Parser, Subcommand};

pub use audit_verb::{AuditArgs, AuditVerb};
pub use clear_buffers_verb::ClearBuffersArgs;
pub use completions_verb::CompletionsArgs;
pub use config_verb::{ConfigArgs, ConfigVerb};
pub use dead_letters_verb::{DeadLettersArgs, DeadLettersVerb};
pub use disconnect_verb::DisconnectArgs;
pub use explain_verb::ExplainArgs;
pub use global::{GlobalArgs, KeyValue};
pub use health_verb::HealthArgs;
pub use history_verb::HistoryArgs;
pub use install_verb::{EntryArgs, InstallArgs, UninstallArgs};
pub use log_level_verb::LogLevelArgs;
pub use logs_verb::LogsArgs;
pub use maintenance_verb::{MaintenanceArgs, Switch};
pub use man_verb::ManArgs;
pub use prepare_verb::PrepareArgs;
pub use privileged::{FenceArgs, PrivilegedArgs};
pub use reconnect_test_verb::ReconnectTestArgs;
pub use restart_verb::{ReasonArg, RestartArgs};
pub use roles_verb::RolesArgs;
pub use session_verb::SessionArgs;
pub use sessions_verb::SessionsArgs;
pub use state_verb::{StateArgs, StateVerb};
pub use stop_verb::StopArgs;
pub use tasks_verb::TasksArgs;
pub use token_verb::{TokenArgs, TokenVerb};
pub use wait_verb::{Condition, WaitArgs};
pub use watch_verb::WatchArgs;
pub use whoami_verb::WhoAmIArgs;

use ask::{Refused, exit_of_call};
use confirm::Unconfirmed;
use global::NothingToAsk;
use screen::Screen;
use task_orchestrator_shared::client::CallError;
use unfollowed::Unfollowed;

use crate::client_setup::SetupError;
use crate::config::ConfigErrors;
use crate::exit::Exit;
use crate::front::ListenError;
use crate::logging::follow::FollowError;
use crate::tokens::TokenError;
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
  task-orchestrator restart                           put the new build in, clients stay
  task-orchestrator health                            every part of it, measured now
  task-orchestrator explain RESTART_006               what a code means, what to do
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
  task-orchestrator serve --workspace /my/project --set log.stderr=info
  task-orchestrator serve --http 127.0.0.1:8765")]
    Serve(ServeArgs),
    /// Say whether a server runs for the workspace, and how it is
    #[command(after_help = "\
Exit code 0 if one runs, 4 if none does.

Example:
  task-orchestrator status --json | jq .")]
    Status(StatusArgs),
    /// Stop the server of the workspace gracefully
    Stop(StopArgs),
    /// Put a new worker in the place of the one that serves, while clients stay connected
    Restart(RestartArgs),
    /// Measure how every part of the server is
    Health(HealthArgs),
    /// Say whether a restart would go through, and what is in the way
    Prepare(PrepareArgs),
    /// Say where a restart is, and list earlier ones
    History(HistoryArgs),
    /// Send something through the clients' connections
    ReconnectTest(ReconnectTestArgs),
    /// Look at requests that were not carried out, try them again, or forget them
    DeadLetters(DeadLettersArgs),
    /// Hold new requests back, or let them through again
    Maintenance(MaintenanceArgs),
    /// Read the log, and go on reading it
    Logs(LogsArgs),
    /// List the clients that are connected
    Sessions(SessionsArgs),
    /// Show one client: the requests that it waits for, and what happened to its connection
    Session(SessionArgs),
    /// Show the work: sessions, plans and tasks, and long calls at a checkpoint
    Tasks(TasksArgs),
    /// Come back when something holds: ready, idle, a phase, a generation
    Wait(WaitArgs),
    /// Print one line as each thing happens
    Watch(WatchArgs),
    /// End a client's session
    Disconnect(DisconnectArgs),
    /// Answer requests that wait for a worker with an error
    ClearBuffers(ClearBuffersArgs),
    /// Change how much the running server writes to its log files
    LogLevel(LogLevelArgs),
    /// Say who you are for the server, and what you may do
    #[command(name = "whoami")]
    WhoAmI(WhoAmIArgs),
    /// Say who may do what
    Roles(RolesArgs),
    /// Say what an error code means and what to do about it
    Explain(ExplainArgs),
    /// Show, check or write the configuration
    Config(ConfigArgs),
    /// List, check, compare and restore snapshots and backups
    State(StateArgs),
    /// Show, check and export the record of who did what with the server
    Audit(AuditArgs),
    /// Make, list and revoke the tokens of clients on the network
    Token(TokenArgs),
    /// Enter this server into an MCP client's configuration
    Install(InstallArgs),
    /// Take this server out of an MCP client's configuration
    Uninstall(UninstallArgs),
    /// Print what a shell needs to complete this command line
    Completions(CompletionsArgs),
    /// Print the manual page, or write a page for each verb
    Man(ManArgs),
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
    /// Also serve MCP over HTTP at this address, such as 127.0.0.1:8765 (the key http.address)
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<SocketAddr>,
}

/// Arguments of `status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
}

/// Arguments of the hidden `worker`.
#[derive(Debug, Clone, Args)]
pub struct WorkerArgs {}

impl Cli {
    /// Does what the command line asks.
    ///
    /// # Errors
    ///
    /// Whatever the verb could not do; [`exit_of`] makes an exit code of it. That nobody
    /// reads what it prints is none.
    pub fn run(&self) -> anyhow::Result<Exit> {
        match self.run_verb() {
            Err(error) if output::has_no_reader(&error) => Ok(Exit::Done),
            ended => ended,
        }
    }

    fn run_verb(&self) -> anyhow::Result<Exit> {
        let global = &self.global;
        let out = &mut output::Output(io::stdout());
        let asks_nobody = matches!(&self.command, Command::Stdio(_) | Command::Serve(_) | Command::Worker(_));
        if global.socket.is_some() && asks_nobody {
            return Err(NothingToAsk.into());
        }
        match &self.command {
            Command::Stdio(_) => stdio_verb::run(global),
            Command::Serve(args) => serve_verb::run(global, args),
            Command::Status(args) => Screen::with(|screen| status_verb::run(global, args, screen)),
            Command::Stop(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Restart(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Health(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Prepare(args) => Screen::with(|screen| args.run(global, screen)),
            Command::History(args) => Screen::with(|screen| args.run(global, screen)),
            Command::ReconnectTest(args) => Screen::with(|screen| args.run(global, screen)),
            Command::DeadLetters(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Maintenance(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Logs(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Sessions(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Session(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Tasks(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Wait(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Watch(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Disconnect(args) => Screen::with(|screen| args.run(global, screen)),
            Command::ClearBuffers(args) => Screen::with(|screen| args.run(global, screen)),
            Command::LogLevel(args) => Screen::with(|screen| args.run(global, screen)),
            Command::WhoAmI(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Roles(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Explain(args) => Screen::with(|screen| args.run(screen)),
            Command::Config(args) => Screen::with(|screen| args.run(global, screen)),
            Command::State(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Audit(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Token(args) => Screen::with(|screen| args.run(global, screen)),
            Command::Install(args) => args.run(global, out),
            Command::Uninstall(args) => args.run(global, out),
            Command::Completions(args) => Screen::with(|screen| args.run(screen)),
            Command::Man(args) => Screen::with(|screen| args.run(screen)),
            Command::Worker(_) => worker_verb::run(global),
        }
    }
}

/// The exit code that an error stands for, wherever in the chain its cause is.
pub fn exit_of(error: &Error) -> Exit {
    for cause in error.chain() {
        if cause.downcast_ref().is_some_and(ListenError::is_configuration) {
            return Exit::Configuration;
        }
        if let Some(TokenError::Name(_)) = cause.downcast_ref() {
            return Exit::Usage;
        }
        if cause.is::<ConfigErrors>() || cause.is::<WorkspaceError>() {
            return Exit::Configuration;
        }
        if let Some(SetupError::Scope { .. } | SetupError::Name(_)) = cause.downcast_ref() {
            return Exit::Usage;
        }
        if cause.is::<NothingToAsk>() {
            return Exit::Usage;
        }
        if let Some(FollowError::Pattern(_) | FollowError::Session(_)) = cause.downcast_ref() {
            return Exit::Usage;
        }
        if let Some(Unconfirmed::NobodyThere { .. }) = cause.downcast_ref() {
            return Exit::Usage;
        }
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return refused.exit();
        }
        if let Some(unfollowed) = cause.downcast_ref::<Unfollowed>() {
            return unfollowed.exit();
        }
        if let Some(error) = cause.downcast_ref::<CallError>() {
            return exit_of_call(error);
        }
    }
    Exit::Failed
}

#[cfg(test)]
mod tests;

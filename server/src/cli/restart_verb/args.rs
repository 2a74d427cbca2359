//! The flags of `restart` and the help that teaches them.

use std::path::PathBuf;

use clap::builder::RangedI64ValueParser;
use clap::{Args, ValueEnum};
use task_orchestrator_shared::restart::{Reason, TIMEOUT_SECONDS};

use crate::cli::privileged::{FenceArgs, reason};

/// Arguments of `restart`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The successor is started and proved before the worker that serves is touched. Clients stay
connected; what they ask in between waits and is answered. If anything goes wrong, the old
worker serves on, or the previous build is brought back.

Examples:
  task-orchestrator restart                           the program as it is now on disk
  task-orchestrator restart --binary ./target/release/task-orchestrator
  task-orchestrator restart --reason configuration_update --note \"more readers\"
  task-orchestrator restart --drain --timeout 120     let everything in flight finish first
  task-orchestrator restart --rollback                back to the previous build
  task-orchestrator restart --cancel                  call off the one that runs
  task-orchestrator restart --expect-generation 7     only if generation 7 still serves
  task-orchestrator restart --emergency --yes         the worker hangs: end it at once
  task-orchestrator restart --json | jq .downtime_ms

Exit code 0 if the successor serves, 1 if not (failed, rolled back, cancelled), 3 denied,
4 no server, 5 if it took longer than it may.")]
pub struct RestartArgs {
    /// End the worker at once, without proving a successor and without a snapshot
    #[arg(long, conflicts_with_all = ["drain", "rollback"])]
    pub emergency: bool,
    /// Let everything in flight finish first instead of leaving it with the old worker
    #[arg(long)]
    pub drain: bool,
    /// The program to run from now on
    #[arg(long, value_name = "PATH", conflicts_with = "rollback")]
    pub binary: Option<PathBuf>,
    /// Why; error_recovery also answers waiting requests with an error
    #[arg(long, value_enum, value_name = "REASON")]
    pub reason: Option<ReasonArg>,
    /// What to remember about it in the history and the audit
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub note: Option<String>,
    /// How long it may take, 10 to 300 (default: the key restart.timeout)
    #[arg(long, value_name = "SECONDS", value_parser = timeout())]
    pub timeout: Option<u32>,
    /// Take no snapshot of the state
    #[arg(long)]
    pub no_snapshot: bool,
    /// Do not run the configured build command first
    #[arg(long)]
    pub no_build: bool,
    /// Answer requests that wait with an error instead of sending them on
    #[arg(long)]
    pub clear_buffers: bool,
    /// Go back to the previous build
    #[arg(long)]
    pub rollback: bool,
    /// Call off the restart that runs, where that is still possible
    #[arg(long, conflicts_with_all = [
        "emergency", "drain", "binary", "reason", "timeout", "no_snapshot", "no_build", "clear_buffers",
        "rollback",
    ])]
    pub cancel: bool,
    /// Confirm --emergency without being asked
    #[arg(long)]
    pub yes: bool,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
    /// Print the report as one JSON object, for programs
    #[arg(long)]
    pub json: bool,
    /// What keeps it from being done twice or too late.
    #[command(flatten)]
    pub fence: FenceArgs,
}

/// Why, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum ReasonArg {
    /// The configuration is read again
    ConfigurationUpdate,
    /// The database moves to a newer schema
    SchemaMigration,
    /// Something is wrong: waiting requests are answered with an error
    ErrorRecovery,
    /// Somebody wants it (the default)
    #[value(alias = "manual_restart")]
    ManualRequest,
    /// At once, without a snapshot (the default with --emergency)
    EmergencyShutdown,
}

impl From<ReasonArg> for Reason {
    fn from(reason: ReasonArg) -> Self {
        match reason {
            ReasonArg::ConfigurationUpdate => Self::ConfigurationUpdate,
            ReasonArg::SchemaMigration => Self::SchemaMigration,
            ReasonArg::ErrorRecovery => Self::ErrorRecovery,
            ReasonArg::ManualRequest => Self::ManualRequest,
            ReasonArg::EmergencyShutdown => Self::EmergencyShutdown,
        }
    }
}

fn timeout() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(i64::from(*TIMEOUT_SECONDS.start())..=i64::from(*TIMEOUT_SECONDS.end()))
}

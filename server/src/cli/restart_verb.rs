//! `restart`: puts a new worker in the place of the one that serves, and comes back
//! with the true outcome.

mod binary;
mod request;

use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueEnum};
use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::{Outcome, Reason, RestartReport, TIMEOUT_SECONDS};

use super::GlobalArgs;
use super::ask::{WrongReply, accepted, ask, ask_with_events, exit_of_code};
use super::confirm::confirm;
use super::render::progress::{Detail, ProgressLine};
use super::render::report::report;
use super::render::text::{clean, count};
use super::screen::Screen;
use crate::exit::Exit;
use crate::workspace::Workspace;

/// What the server may take longer than it said, for work that has no limit of its
/// own: the answer comes after files were put in order.
const GRACE: Duration = Duration::from_secs(30);

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
    pub binary: Option<std::path::PathBuf>,
    /// Why; error_recovery also answers waiting requests with an error
    #[arg(long, value_enum, value_name = "REASON")]
    pub reason: Option<ReasonArg>,
    /// What to remember about it in the history
    #[arg(long, value_name = "TEXT", value_parser = note)]
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
        "emergency", "drain", "binary", "reason", "note", "timeout", "no_snapshot", "no_build",
        "clear_buffers", "rollback",
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

fn timeout() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(i64::from(*TIMEOUT_SECONDS.start())..=i64::from(*TIMEOUT_SECONDS.end()))
}

/// A note is for the history, where it must fit.
fn note(text: &str) -> Result<String, String> {
    const MOST: usize = 1000;
    let length = text.chars().count();
    if length <= MOST { Ok(text.to_owned()) } else { Err(format!("{length} characters; at most {MOST}")) }
}

impl RestartArgs {
    /// Restarts the worker, or calls a restart off.
    ///
    /// # Errors
    /// No server, no confirmation, a program that cannot be run, a refusal.
    pub(super) fn run(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        if self.cancel {
            return self.cancel(global, screen);
        }
        let (workspace, _) = global.find_workspace()?;
        let request = self.request(&std::env::current_dir()?)?;
        if self.emergency && !self.yes {
            self.confirm(global, &workspace, screen)?;
        }
        let patience = self.patience(global, &workspace);
        let mut progress = ProgressLine::new(screen.err, self.detail(screen.draws));
        let request = Request::Restart(Box::new(request));
        let reply = ask_with_events(global, &request, patience, |event| progress.show(&event));
        progress.finish();
        match accepted(reply?, self.json, screen)? {
            Reply::Restart(report) => self.tell(&report, screen),
            _ => Err(WrongReply.into()),
        }
    }

    fn cancel(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let Reply::Done(done) = ask(global, &Request::CancelRestart, self.json, screen)? else {
            return Err(WrongReply.into());
        };
        if self.json {
            screen.print_json(&done)?;
        } else {
            writeln!(screen.out, "{}", clean(&done.message))?;
        }
        Ok(Exit::Done)
    }

    /// Has the project's name typed, after having said whom it will hit.
    fn confirm(
        &self,
        global: &GlobalArgs,
        workspace: &Workspace,
        screen: &mut Screen<'_>,
    ) -> anyhow::Result<()> {
        let mut consequences =
            "The worker is ended at once, without a snapshot. What it works on is sent to the next one."
                .to_owned();
        if screen.asks {
            // Nobody should type a name only to learn that nothing runs there.
            let Reply::Status(status) = ask(global, &Request::Status, false, screen)? else {
                return Err(WrongReply.into());
            };
            let waiting = status.sessions.iter().map(|session| session.unanswered).sum();
            consequences.push_str(&format!(
                "\n{} connected, {} in flight.",
                count(status.session_count, "client is", "clients are"),
                count(waiting, "request", "requests")
            ));
        }
        confirm("an emergency restart", &consequences, &name_of(workspace.root()), screen)
    }

    /// How long to wait for the outcome. Only a server that hangs takes longer.
    fn patience(&self, global: &GlobalArgs, workspace: &Workspace) -> Duration {
        let longest = Duration::from_secs((*TIMEOUT_SECONDS.end()).into());
        let asked = self.timeout.map(|seconds| Duration::from_secs(seconds.into()));
        // A configuration with mistakes must not be in the way of a restart.
        let Ok((config, ..)) = global.load_config(workspace) else {
            return asked.unwrap_or(longest) + GRACE;
        };
        let builds = config.restart.build_command.is_some() && !self.no_build;
        let build = if builds { config.restart.build_timeout } else { Duration::ZERO };
        asked.unwrap_or(config.restart.timeout) + build + GRACE
    }

    fn detail(&self, draws: bool) -> Detail {
        match (self.quiet, draws, self.json) {
            (true, ..) | (false, false, true) => Detail::Silent,
            (false, true, _) => Detail::Live,
            (false, false, false) => Detail::Lines,
        }
    }

    fn tell(&self, outcome: &RestartReport, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        if self.json {
            screen.print_json(outcome)?;
        } else {
            report(outcome, screen.paint, screen.out)?;
        }
        Ok(exit_of(outcome))
    }
}

/// What the outcome means for the shell.
fn exit_of(report: &RestartReport) -> Exit {
    match report.outcome {
        Some(Outcome::Complete) => Exit::Done,
        // A restart that was given up for its time is told from one that went wrong.
        Some(Outcome::Failed) => report.errors.last().map_or(Exit::Failed, |error| match error.error_code {
            code @ (ErrorCode::TimeoutExceeded | ErrorCode::PermissionDenied) => exit_of_code(code),
            _ => Exit::Failed,
        }),
        Some(Outcome::RolledBack | Outcome::Cancelled) | None => Exit::Failed,
    }
}

/// What has to be typed: the directory's own name.
fn name_of(root: &Path) -> String {
    let name = root.file_name().unwrap_or(root.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;

//! `restart`: puts a new worker in the place of the one that serves, and comes back
//! with the true outcome.

mod args;
mod binary;
mod request;

use std::path::Path;
use std::time::Duration;

use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::{Outcome, RestartReport, TIMEOUT_SECONDS};

pub use args::{ReasonArg, RestartArgs};

use super::ask::{WrongReply, accepted, ask, ask_in, ask_with_events_in, exit_of_code};
use super::confirm::confirm;
use super::render::progress::{Detail, ProgressLine};
use super::render::report::report;
use super::render::text::count;
use super::screen::Screen;
use super::{GlobalArgs, done};
use crate::exit::Exit;
use crate::workspace::Workspace;

/// What the server may take longer than it said, for work that has no limit of its
/// own: the answer comes after files were put in order.
const GRACE: Duration = Duration::from_secs(30);

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
        let context = self.fence.context(self.note.as_deref());
        let reply = ask_with_events_in(global, &request, context, patience, |event| progress.show(&event));
        progress.finish();
        match accepted(reply?, self.json, screen)? {
            Reply::Restart(report) => self.tell(&report, screen),
            _ => Err(WrongReply.into()),
        }
    }

    fn cancel(&self, global: &GlobalArgs, screen: &mut Screen<'_>) -> anyhow::Result<Exit> {
        let context = self.fence.context(self.note.as_deref());
        let reply = ask_in(global, &Request::CancelRestart, context, self.json, screen)?;
        done::tell(reply, self.json, screen)
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
pub(super) fn name_of(root: &Path) -> String {
    let name = root.file_name().unwrap_or(root.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;

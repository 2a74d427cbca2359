//! Restarts as an operator asks for them, and what the history says of them.

use std::fmt::{self, Display};
use std::process::{Child, Output, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::{Health, PastRestart, RestartStatus};
use task_orchestrator_shared::restart::RestartReport;

use super::Workspace;

/// What `restart --json` came back with.
#[derive(Debug)]
pub struct Restarted {
    /// The exit code.
    pub code: Option<i32>,
    /// The report, where it came to a restart.
    pub report: Option<RestartReport>,
    /// What was printed for people.
    pub text: String,
}

impl Restarted {
    /// Reads what the command has printed.
    pub fn of(output: &Output) -> Self {
        let printed = String::from_utf8_lossy(&output.stdout);
        let text = format!("{printed}{}", String::from_utf8_lossy(&output.stderr));
        Self { code: output.status.code(), report: serde_json::from_str(&printed).ok(), text }
    }

    /// The report of a restart whose successor serves.
    ///
    /// # Errors
    ///
    /// When it ended in another way.
    pub fn complete(self) -> Result<RestartReport> {
        ensure!(self.code == Some(0), "exit {self}");
        let report = self.report.context("a report")?;
        ensure!(report.is_success() && report.errors.is_empty(), "exit 0 with {report:?}");
        Ok(report)
    }

    /// The report of a restart that did not come about, for this reason among others.
    ///
    /// # Errors
    ///
    /// When it ended well, or for no such reason.
    pub fn failed_with(self, code: ErrorCode) -> Result<RestartReport> {
        // A restart that was given up for its time is told from one that went wrong.
        let exit = if code == ErrorCode::TimeoutExceeded { 5 } else { 1 };
        ensure!(self.code == Some(exit), "exit {self}");
        let report = self.report.as_ref().with_context(|| format!("no report: {self}"))?;
        ensure!(!report.is_success(), "exit {exit} with {report:?}");
        ensure!(report.errors.iter().any(|error| error.error_code == code), "no {code:?}: {report:?}");
        self.report.context("a report")
    }
}

impl Display for Restarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.code, self.text)
    }
}

/// A `restart` that runs.
#[derive(Debug)]
pub struct Underway(Child);

impl Underway {
    /// What came of it.
    ///
    /// # Errors
    ///
    /// When its output cannot be read.
    pub fn end(self) -> Result<Restarted> {
        Ok(Restarted::of(&self.0.wait_with_output()?))
    }
}

impl Workspace {
    /// Begins a restart and returns while it runs.
    ///
    /// # Errors
    ///
    /// When it cannot be run.
    pub fn begin_restart(&self, arguments: &[&str]) -> Result<Underway> {
        let mut command = self.command("restart");
        command.args(["--json", "--quiet"]).args(arguments).stdin(Stdio::null());
        Ok(Underway(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("restart")?))
    }

    /// Runs `restart` with these arguments to its end.
    ///
    /// # Errors
    ///
    /// When it cannot be run.
    pub fn restart(&self, arguments: &[&str]) -> Result<Restarted> {
        let mut all = vec!["--json", "--quiet"];
        all.extend(arguments);
        Ok(Restarted::of(&self.run("restart", &all)?))
    }

    /// The newest restarts, newest first.
    ///
    /// # Errors
    ///
    /// When there is no server.
    pub fn history(&self) -> Result<Vec<PastRestart>> {
        let told: RestartStatus = self.told("history")?;
        Ok(told.history.context("a history")?.recent_restarts)
    }

    /// How everything is.
    ///
    /// # Errors
    ///
    /// When there is no server.
    pub fn health(&self) -> Result<Health> {
        self.told("health")
    }

    fn told<T: serde::de::DeserializeOwned>(&self, verb: &str) -> Result<T> {
        let output = self.run(verb, &["--json"])?;
        let shown: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{verb}: {}", String::from_utf8_lossy(&output.stderr)))?;
        serde_json::from_value(shown).context(verb.to_owned())
    }
}

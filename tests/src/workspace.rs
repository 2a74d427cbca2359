//! A workspace for one test, with everything that runs in it gone at the end.

mod ask;
mod restart;
mod status;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

pub use restart::{Restarted, Underway};
pub use status::{Status, WorkerStatus};

use crate::admin::User;
use crate::{process, program, wait};

/// The configuration of a test that kills workers in a row: there that is no reason for safe mode.
pub const MANY_CRASHES: &str = "[restart]\ncrashes_in_10_seconds = 1000\ncrashes_in_10_minutes = 100000\n";

/// Beside it where clients over the network call as fast as they can: their calls are limited otherwise.
pub const UNLIMITED: &str = "[limits]\nread_burst = 1000000\nwrite_burst = 1000000\nheavy_burst = 1000000\n";

/// Exit code of `status` when nothing runs.
pub const NOT_RUNNING: i32 = 4;

/// A directory with a `.task_orchestrator` in it. Dropping it ends every process that it started.
#[derive(Debug)]
pub struct Workspace {
    directory: PathBuf,
    binary: PathBuf,
    /// Whose everything is, where not this process's user's.
    user: Option<User>,
    _owned: Option<TempDir>,
}

impl Workspace {
    /// A new one with the defaults of the program.
    ///
    /// # Errors
    ///
    /// When the program is not built or the directory cannot be made.
    pub fn new() -> Result<Self> {
        Self::configured("")
    }

    /// A new one with this `config.toml`.
    ///
    /// # Errors
    ///
    /// As [`Workspace::new`].
    pub fn configured(config: &str) -> Result<Self> {
        let owned = tempfile::Builder::new().prefix("to-").tempdir()?;
        let mut workspace = Self::at(owned.path(), config)?;
        workspace._owned = Some(owned);
        Ok(workspace)
    }

    /// One in a directory of the caller's, who also removes it.
    ///
    /// # Errors
    ///
    /// As [`Workspace::new`].
    pub fn at(directory: &Path, config: &str) -> Result<Self> {
        let state = directory.join(".task_orchestrator");
        fs::create_dir_all(&state)?;
        if !config.is_empty() {
            fs::write(state.join("config.toml"), config)?;
        }
        Ok(Self { directory: directory.canonicalize()?, binary: program::path()?, user: None, _owned: None })
    }

    /// Gives it to another user, as whom this copy of the program runs from here on.
    /// Only root can.
    ///
    /// # Errors
    ///
    /// When it cannot be given away.
    pub fn of_user(mut self, user: User, binary: PathBuf) -> Result<Self> {
        let state = self.state("");
        for place in [self.directory.clone(), state.clone(), state.join("config.toml")] {
            if place.exists() {
                std::os::unix::fs::chown(&place, Some(user.uid), Some(user.gid))?;
            }
        }
        (self.user, self.binary) = (Some(user), binary);
        Ok(self)
    }

    /// The project directory.
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// The program.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// A file or directory of the program's state.
    pub fn state(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.join(".task_orchestrator").join(name)
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.state("task_orchestrator.db")
    }

    /// The program with this verb, for this workspace, untouched by the environment of the test.
    pub fn command(&self, verb: impl AsRef<OsStr>) -> Command {
        let mut command =
            self.user.map_or_else(|| Command::new(&self.binary), |user| user.command(&self.binary));
        command.arg(verb).arg("--workspace").arg(&self.directory).current_dir(&self.directory);
        // A front starts workers from copies: one that stands in for the real one finds it by this.
        command.env(program::OVERRIDE, &self.binary);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"MCP_TASK_ORCHESTRATOR_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs a verb to its end.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn run(&self, verb: &str, arguments: &[&str]) -> Result<Output> {
        self.command(verb).args(arguments).stdin(Stdio::null()).output().with_context(|| verb.to_owned())
    }

    /// What `status --json` says; not running is an answer, not an error.
    ///
    /// # Errors
    ///
    /// When the output is no JSON, or disagrees with the exit code.
    pub fn status(&self) -> Result<Status> {
        let output = self.run("status", &["--json"])?;
        let text = String::from_utf8_lossy(&output.stdout);
        let problems = String::from_utf8_lossy(&output.stderr);
        let status: Status = serde_json::from_str(&text)
            .with_context(|| format!("status --json printed {text:?}, {problems:?}"))?;
        let expected = if status.running { 0 } else { NOT_RUNNING };
        ensure!(output.status.code() == Some(expected), "exit {:?} with {text}", output.status);
        Ok(status)
    }

    /// The status once it satisfies the predicate.
    ///
    /// # Errors
    ///
    /// When it never does.
    pub fn status_when(&self, what: &str, wanted: impl Fn(&Status) -> bool) -> Result<Status> {
        wait::until(what, || self.status().ok().filter(|status| wanted(status)))
    }

    /// Kills the active worker and gives its process id.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn kill_worker(&self) -> Result<u32> {
        let status = self.status_when("an active worker", |status| status.worker_pid().is_some())?;
        let pid = status.worker_pid().context("a worker")?;
        process::kill(pid);
        Ok(pid)
    }

    /// Kills the front and gives its process id.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn kill_front(&self) -> Result<u32> {
        let pid = self.status_when("a front", |status| status.pid.is_some())?.pid.context("a front")?;
        process::kill(pid);
        Ok(pid)
    }

    /// Every living process of this workspace.
    pub fn processes(&self) -> Vec<u32> {
        process::naming(&self.directory)
    }

    /// Ends everything politely and checks that it went.
    ///
    /// # Errors
    ///
    /// When a process stays.
    pub fn finish(self) -> Result<()> {
        self.run("stop", &[])?;
        wait::until("every process of the workspace to end", || self.processes().is_empty().then_some(()))
            .with_context(|| format!("still there: {:?}", self.processes()))
    }

    /// Everything that this kind of process has logged.
    pub fn logs(&self, process: &str) -> String {
        let Ok(entries) = fs::read_dir(self.state("logs")) else { return String::new() };
        let is_its = |name: &OsStr| name.to_string_lossy().starts_with(process);
        let own = entries.flatten().filter(|entry| is_its(&entry.file_name()));
        own.map(|entry| String::from_utf8_lossy(&fs::read(entry.path()).unwrap_or_default()).into_owned())
            .collect()
    }

    /// The last lines of every log and of what shims wrote to stderr.
    pub fn log_tails(&self) -> String {
        let mut tails = String::new();
        for directory in [self.state("logs"), self.state("test_stderr")] {
            let Ok(entries) = fs::read_dir(directory) else { continue };
            for entry in entries.flatten() {
                let text = fs::read(entry.path()).unwrap_or_default();
                let text = String::from_utf8_lossy(&text);
                let lines: Vec<&str> = text.lines().collect();
                let tail = lines.iter().rev().take(40).rev().copied().collect::<Vec<_>>().join("\n");
                tails.push_str(&format!("--- {}\n{tail}\n", entry.path().display()));
            }
        }
        tails
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_tails();
        }
        let _ = self.run("stop", &[]);
        // Whoever did not obey: a hung front, shims of a client that is still in scope.
        for pid in self.processes() {
            process::kill(pid);
        }
    }
}

impl Workspace {
    /// Prints [`Workspace::log_tails`], for a test that fails without a panic.
    #[expect(clippy::print_stderr, reason = "a failing test shows what the program logged")]
    pub fn print_tails(&self) {
        eprintln!("{}", self.log_tails());
    }

    /// Runs the test's body; when it fails, the logs are printed before the error is handed on.
    ///
    /// # Errors
    ///
    /// The body's own, or a process that outlives the test.
    pub fn check<R>(self, body: impl FnOnce(&Self) -> Result<R>) -> Result<R> {
        match body(&self) {
            Ok(value) => self.finish().map(|()| value),
            Err(error) => {
                self.print_tails();
                Err(error)
            }
        }
    }
}

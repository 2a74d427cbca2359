//! A project with a file to edit, and the program in the search path as people have it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use task_orchestrator_tests::{Client, Workspace, process, wait};

/// Set to `required`, an editor that is missing fails its test.
const EDITORS: &str = "TASK_ORCHESTRATOR_EDITORS";

/// The file of this snippet.
pub(crate) fn snippet(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/editors").join(name)
}

/// Everything that was printed.
pub(crate) fn text_of(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

/// Whether this program can be tested; that it is missing is a failure where [`EDITORS`] says so.
#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
pub(crate) fn installed(program: &str) -> Result<bool> {
    let directories = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&directories).any(|directory| directory.join(program).is_file()) {
        return Ok(true);
    }
    if env::var_os(EDITORS).is_some_and(|wanted| wanted == "required") {
        bail!("{program} is not installed, and {EDITORS}=required");
    }
    println!("{program} is not installed: its test is left out");
    Ok(false)
}

/// A workspace that is edited.
pub(crate) struct Place {
    workspace: Workspace,
    client: Option<Client>,
}

impl Place {
    /// One whose server runs.
    pub(crate) fn served() -> Result<Self> {
        let mut place = Self::unserved()?;
        place.client = Some(Client::open(&place.workspace)?);
        place.workspace.status_when("a worker", |status| status.worker_pid().is_some())?;
        Ok(place)
    }

    /// One without a server.
    pub(crate) fn unserved() -> Result<Self> {
        let place = Self { workspace: Workspace::new()?, client: None };
        fs::create_dir_all(place.deep())?;
        fs::write(place.file(), "fn main() {}\n")?;
        fs::create_dir(place.path().join("bin"))?;
        symlink(place.workspace.binary(), place.path().join("bin/task-orchestrator"))?;
        Ok(place)
    }

    pub(crate) fn path(&self) -> &Path {
        self.workspace.path()
    }

    /// The directory of the edited file, below that of the workspace.
    pub(crate) fn deep(&self) -> PathBuf {
        self.path().join("src/deep er")
    }

    /// The edited file.
    pub(crate) fn file(&self) -> PathBuf {
        self.deep().join("main.rs")
    }

    /// A command in another directory than the file's, that finds the program.
    pub(crate) fn command(&self, program: &str) -> Result<Command> {
        let own = self.path().join("bin");
        let others = env::var_os("PATH").unwrap_or_default();
        let all: OsString = env::join_paths(std::iter::once(own.clone()).chain(env::split_paths(&others)))?;
        // A child is looked for in this process's search path, not in its own.
        let own = own.join(program);
        let mut command = Command::new(if own.exists() { own } else { program.into() });
        command.env("PATH", all).env("SHELL", "/bin/sh").env("TERM", "xterm").current_dir("/");
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"MCP_TASK_ORCHESTRATOR_") || name == "TMUX" {
                command.env_remove(name);
            }
        }
        Ok(command)
    }

    /// Runs an editor until it ends by itself.
    pub(crate) fn run_to_end(&self, command: &mut Command) -> Result<()> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let ended = wait::until("the editor to end", || child.try_wait().ok().flatten());
        if ended.is_err() {
            process::kill(child.id());
            child.wait()?;
        }
        ended.map(drop)
    }

    /// Checks that one restart comes of this, complete and shown so.
    pub(crate) fn is_restarted_by(&self, body: impl FnOnce(&Self) -> Result<String>) -> Result<String> {
        let before = self.workspace.status()?.worker_pid().context("a worker")?;
        let shown = body(self)?;
        ensure!(shown.contains("complete in"), "it is not shown: {shown}");
        let history = self.workspace.history()?;
        ensure!(history.len() == 1, "{history:?}");
        self.workspace
            .status_when("another worker", |status| status.worker_pid().is_some_and(|pid| pid != before))?;
        Ok(shown)
    }

    /// Ends everything.
    pub(crate) fn finish(self) -> Result<()> {
        if let Some(client) = self.client {
            client.quit()?;
        }
        self.workspace.finish()
    }
}

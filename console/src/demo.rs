//! `--demo`: a workspace that is not there for long, a real server, and twenty real MCP
//! clients at work, so that a newcomer sees living data.
//!
//! Server, clients and directory belong to a process of their own (the hidden verb
//! [`VERB`]). It ends with its standard input, which is a pipe from the console: so
//! whichever way the console ends, nothing of the demo stays.

mod cast;
mod clients;
mod company;
mod script;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use task_orchestrator_shared::workspace::DIRECTORY_NAME;
use thiserror::Error;
use tokio::sync::mpsc;

pub use company::{DemoEnd, run_clients};

use crate::msg::Msg;
use crate::start::{self, NoProgram};

/// The verb of the process that has server and clients.
pub const VERB: &str = "demo-clients";

/// How its directory's name begins; it removes no other.
const PREFIX: &str = "task-orchestrator-demo-";

/// How the names of the variables begin that set something for servers and commands.
const SETTINGS: &str = "MCP_TASK_ORCHESTRATOR_";

/// The project that is played: short, for it may have to be typed.
const PROJECT: &str = "webshop";

/// Most of what the process may say about its failure, in bytes.
const MAX_WORDS: u64 = 4096;

/// Why there is no demonstration.
#[derive(Debug, Error)]
pub enum DemoError {
    /// There is no server to start.
    #[error("{0}")]
    NoProgram(#[from] NoProgram),
    /// The directory cannot be made, or a process not be started.
    #[error("cannot begin the demonstration: {0}")]
    Io(#[from] io::Error),
}

/// A demonstration that runs. Dropped, it ends: within a second or so nothing of it is left.
#[derive(Debug)]
pub struct Demo {
    workspace: PathBuf,
    company: Child,
}

impl Demo {
    /// Makes the workspace and starts its process, and does not wait for either.
    ///
    /// # Errors
    ///
    /// [`DemoError`].
    pub fn begin() -> Result<Self, DemoError> {
        let own = std::env::current_exe()?;
        Self::begin_with(&own, start::program()?)
    }

    fn begin_with(own: &Path, program: PathBuf) -> Result<Self, DemoError> {
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        let workspace = directory.path().join(PROJECT);
        prepare(&workspace, &program)?;
        let mut command = Command::new(own);
        command.arg(VERB).arg("--workspace").arg(&workspace).arg("--server").arg(program);
        // What the user has set is for the user's own servers: with the variable that names an
        // admin socket, the end of the demonstration would be the end of one of them.
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(SETTINGS.as_bytes()) {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        // No signal of the terminal reaches it: it has to tidy up behind the console.
        let company = command.process_group(0).spawn()?;
        // From here on the directory is the other process's to remove.
        let _ = directory.keep();
        Ok(Self { workspace, company })
    }

    /// The project directory.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Has `out` told when server or clients fail.
    pub(crate) fn tell(&mut self, out: mpsc::Sender<Msg>) {
        let Some(words) = self.company.stderr.take() else { return };
        // Ends with the process. Without it only its reason is missing.
        let _ = thread::Builder::new().name("demo".to_owned()).spawn(move || {
            let mut text = Vec::new();
            let _ = words.take(MAX_WORDS).read_to_end(&mut text);
            let text = String::from_utf8_lossy(&text);
            if !text.trim().is_empty() {
                // The console has ended: then nobody needs it.
                let _ = out.blocking_send(Msg::Said(Err(format!("the demonstration: {}", text.trim()))));
            }
        });
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Closed, the pipe is the order to end; nobody waits for it here.
        drop(self.company.stdin.take());
    }
}

/// The directory, and a configuration with which there is something to see.
fn prepare(workspace: &Path, program: &Path) -> io::Result<()> {
    let state = workspace.join(DIRECTORY_NAME);
    fs::DirBuilder::new().mode(0o700).recursive(true).create(&state)?;
    fs::write(state.join("config.toml"), configuration(program)).map(drop)
}

fn configuration(program: &Path) -> String {
    let quoted = format!("'{}'", program.display().to_string().replace('\'', r"'\''"));
    let build = format!(
        "echo 'this demonstration builds nothing: it looks whether the program is there and well'; {quoted} --version && {quoted} config check"
    );
    // Whatever happens to the processes of the demonstration, its server does not stay; and
    // nobody waits at its end for what a client wanted.
    format!(
        "[front]\nidle_timeout = \"1 min\"\n\n[log]\nlevel = \"debug\"\n\n[restart]\nbuild_command = {}\n\n[shutdown]\nrequest_timeout = \"300 ms\"\ncleanup_timeout = \"2 s\"\n",
        toml::Value::String(build)
    )
}

//! The process that has server and clients: begins them, and ends and removes all of it
//! when its input ends.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use task_orchestrator_shared::start::StartError;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::cast::CLIENTS;
use super::{PREFIX, clients};
use crate::start;

/// How long the clients' processes may take to end by themselves.
const CLIENTS_END: Duration = Duration::from_millis(500);

/// How often the directory is tried to be removed, and how long between: a process that
/// ends may still write a last line.
const REMOVALS: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(100);

/// Why the company has ended before it was told to.
#[derive(Debug, Error)]
pub enum DemoEnd {
    /// The system refuses what it needs.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server does not start.
    #[error("{0}")]
    Start(#[from] StartError),
    /// It would have to remove what is not of a demonstration.
    #[error("{} is no directory of a demonstration", .0.display())]
    Foreign(PathBuf),
}

/// Starts server and clients, and ends and removes all of it when `input` ends.
///
/// # Errors
///
/// [`DemoEnd`].
pub fn run_clients(
    program: &Path,
    workspace: &Path,
    input: impl Read + Send + 'static,
) -> Result<(), DemoEnd> {
    let directory = workspace.parent().filter(|directory| is_of_a_demo(directory));
    let directory = directory.ok_or_else(|| DemoEnd::Foreign(workspace.to_owned()))?;
    let ended = end_of(input)?;
    let outcome = play(program, workspace, ended);
    stop(program, workspace);
    remove(directory);
    outcome
}

fn is_of_a_demo(directory: &Path) -> bool {
    directory.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
}

/// Resolves when nothing more can come of it.
fn end_of(mut input: impl Read + Send + 'static) -> io::Result<oneshot::Receiver<()>> {
    let (tell, ended) = oneshot::channel();
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        let _ = io::copy(&mut input, &mut io::sink());
        // Whoever waited has ended by itself.
        let _ = tell.send(());
    })?;
    Ok(ended)
}

fn play(program: &Path, workspace: &Path, ended: oneshot::Receiver<()>) -> Result<(), DemoEnd> {
    // Before the clients, each of which would start one as well: so it is there first.
    start::run(program.to_owned(), workspace, start::Stays::WhileUsed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut company = JoinSet::new();
        for number in 0..CLIENTS.len() {
            let (program, workspace) = (program.to_owned(), workspace.to_owned());
            company.spawn(async move { clients::work(number, &program, &workspace).await });
        }
        // An error says the same: nobody is there who could tell.
        let _ = ended.await;
        company.shutdown().await;
    });
    // Their processes are killed by who waits for them in the background.
    runtime.shutdown_timeout(CLIENTS_END);
    Ok(())
}

fn stop(program: &Path, workspace: &Path) {
    let mut command = Command::new(program);
    command.arg("stop").arg("--workspace").arg(workspace);
    // Whether it went: the directory goes in any case, and the server without clients soon too.
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

fn remove(directory: &Path) {
    for _ in 0..REMOVALS {
        match fs::remove_dir_all(directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => thread::sleep(BETWEEN),
            _ => return,
        }
    }
}

//! Starting a server for a workspace. It outlives the console, and no signal of the
//! console's terminal reaches it.

use std::env;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use task_orchestrator_shared::start::{Start, StartError};
use task_orchestrator_shared::workspace::{Surroundings, Workspace};
use thiserror::Error;
use tokio::sync::oneshot;

/// Environment variable that names the server's program.
pub const PROGRAM_VARIABLE: &str = "TASK_ORCHESTRATOR_BIN";

/// The server's program.
pub const PROGRAM: &str = "task-orchestrator";

/// Why there is no program to start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoProgram {
    /// What the variable names is no program.
    #[error("{PROGRAM_VARIABLE} names {}, which is no program", .0.display())]
    Named(PathBuf),
    /// It is in no place where it is looked for.
    #[error(
        "the server's program {PROGRAM} is neither beside this one nor in PATH: `cargo build` makes it, or name it by {PROGRAM_VARIABLE}"
    )]
    NotFound,
}

/// The server's program: what the variable names, else the one beside this program,
/// for they are made together, else the first in `PATH`.
///
/// # Errors
///
/// [`NoProgram`].
pub fn program() -> Result<PathBuf, NoProgram> {
    let named = env::var_os(PROGRAM_VARIABLE).filter(|named| !named.is_empty());
    find(named, env::current_exe().ok(), env::var_os("PATH"))
}

fn find(named: Option<OsString>, own: Option<PathBuf>, path: Option<OsString>) -> Result<PathBuf, NoProgram> {
    if let Some(named) = named.map(PathBuf::from) {
        return if is_program(&named) { Ok(named) } else { Err(NoProgram::Named(named)) };
    }
    let beside = own.as_deref().and_then(Path::parent).map(Path::to_owned);
    let path = path.unwrap_or_default();
    let places = beside.into_iter().chain(env::split_paths(&path).filter(|place| place.is_absolute()));
    places.map(|place| place.join(PROGRAM)).find(|program| is_program(program)).ok_or(NoProgram::NotFound)
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Starts a server for this project directory, and waits until it takes connections:
/// ten seconds at most. One that runs already is as good.
///
/// # Errors
///
/// Why there is none, with the server's last words.
pub async fn start(workspace: PathBuf) -> Result<(), String> {
    let program = program().map_err(|error| error.to_string())?;
    let (done, outcome) = oneshot::channel();
    // A thread that nobody joins: the end of the console does not wait for a server.
    let waiting = std::thread::Builder::new().name("start".to_owned()).spawn(move || {
        // The console may have ended meanwhile; the server goes on.
        let _ =
            done.send(run(program, &workspace, Stays::Always).map(drop).map_err(|error| error.to_string()));
    });
    waiting.map_err(|error| format!("cannot start a thread: {error}"))?;
    outcome.await.unwrap_or_else(|_| Err("the thread that starts the server has ended".to_owned()))
}

/// How long a server stays that nobody ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    /// Until then: a person has started it, and not a client.
    Always,
    /// Some time after its last client, as the configuration says.
    WhileUsed,
}

/// The same on this thread; gives the process id of one that was started here.
///
/// # Errors
///
/// [`StartError`].
pub fn run(program: PathBuf, workspace: &Path, stays: Stays) -> Result<Option<u32>, StartError> {
    let mut arguments: Vec<OsString> = vec!["serve".into(), "--detached".into()];
    arguments.extend(["--workspace".into(), workspace.into()]);
    if stays == Stays::Always {
        arguments.extend(["--set".into(), "front.idle_timeout=never".into()]);
    }
    match (Start { program, arguments, own_group: true }).run() {
        Ok(pid) => Ok(Some(pid)),
        // A client was faster: two servers for one workspace are refused.
        Err(StartError::Failed(_)) if is_served(workspace) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_served(workspace: &Path) -> bool {
    let found =
        Surroundings::of_process().ok().and_then(|around| Workspace::discover(Some(workspace), &around).ok());
    found.is_some_and(|found| UnixStream::connect(found.admin_socket()).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(directory: &Path, mode: u32) -> PathBuf {
        std::fs::create_dir_all(directory).unwrap();
        let file = directory.join(PROGRAM);
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn the_program_is_what_is_named_then_the_one_beside_then_the_first_in_the_path() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        let own = Some(at("own").join("task-orchestrator-console"));
        let path = || Some(env::join_paths([at("one"), at("two")]).unwrap());
        assert_eq!(find(None, own.clone(), path()), Err(NoProgram::NotFound));
        assert_eq!(find(None, None, None), Err(NoProgram::NotFound));
        let two = made(&at("two"), 0o755);
        made(&at("one"), 0o644);
        assert_eq!(find(None, own.clone(), path()), Ok(two.clone()), "a file is no program");
        let beside = made(&at("own"), 0o755);
        assert_eq!(find(None, own.clone(), path()), Ok(beside));
        assert_eq!(find(Some(two.clone().into()), own.clone(), path()), Ok(two));
        let missing = at("missing");
        let named = find(Some(missing.clone().into()), own, path());
        assert_eq!(named, Err(NoProgram::Named(missing)), "nothing else takes its place");
    }
}

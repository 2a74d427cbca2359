//! Starts a server that outlives its starter, and waits until it takes connections.
//! Blocks; needs no runtime. Who may start one, and when, is the caller's to know.

use std::ffi::OsString;
use std::io::{self, PipeReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use thiserror::Error;

/// The line that a detached server prints once it takes connections.
pub const READY: &str = "ready";

/// How long a server may take until it takes connections. It waits for nothing before.
pub const START_TIMEOUT: Duration = Duration::from_secs(10);

/// What a server that fails may say about it, in bytes.
pub const MAX_LAST_WORDS: usize = 16 * 1024;

/// Why there is no server.
#[derive(Debug, Error)]
pub enum StartError {
    /// The pipe to it.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The program could not be run.
    #[error("cannot run {program}: {error}")]
    Spawn {
        /// The program.
        program: String,
        /// The system's reason.
        #[source]
        error: io::Error,
    },
    /// It ran and ended, or did not get ready in time.
    #[error("the server did not start: {0}")]
    Failed(String),
}

/// What to start.
#[derive(Debug, Clone)]
pub struct Start {
    /// The program.
    pub program: PathBuf,
    /// Its arguments: among them the one that has it print [`READY`] and leave its starter.
    pub arguments: Vec<OsString>,
    /// In a process group of its own from the first moment, so that no signal of the
    /// starter's terminal reaches it.
    pub own_group: bool,
}

impl Start {
    /// Starts it, waits until it is ready, and gives its process id. One that is not
    /// ready in time is killed.
    ///
    /// # Errors
    ///
    /// [`StartError`], with its last words.
    pub fn run(&self) -> Result<u32, StartError> {
        let (said, words) = io::pipe()?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(words.try_clone()?).stderr(words);
        if self.own_group {
            command.process_group(0);
        }
        let spawned = command.spawn();
        // Holds the writing ends, at whose last one the pipe ends.
        drop(command);
        let mut child = spawned.map_err(|error| {
            let program = self.program.display().to_string();
            StartError::Spawn { program, error }
        })?;
        let outcome = wait_until_ready(said);
        if outcome.is_err() {
            // It may be stuck; a server that is not ready has no client yet.
            let _ = child.kill();
        }
        let pid = child.id();
        reap(child);
        outcome.map(|()| pid)
    }
}

/// The server outlives most starters; where it does not, it must not stay a zombie.
fn reap(mut child: Child) {
    // Without a thread it stays one until this process ends: no reason to fail.
    let _ = thread::Builder::new().name("reaper".to_owned()).spawn(move || child.wait());
}

/// Reads what the server says until it is ready. What else it says is why it is not.
fn wait_until_ready(mut said: PipeReader) -> Result<(), StartError> {
    let deadline = Instant::now() + START_TIMEOUT;
    let mut words = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        match rustix::event::poll(&mut [PollFd::new(&said, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => {
                let late = format!("not ready after {} s", START_TIMEOUT.as_secs());
                return Err(StartError::Failed(late));
            }
            Ok(_) => {}
            // A terminal that changed its size, say.
            Err(Errno::INTR) => continue,
            Err(error) => return Err(io::Error::from(error).into()),
        }
        let length = said.read(&mut chunk)?;
        words.extend_from_slice(chunk.get(..length).unwrap_or_default());
        let text = String::from_utf8_lossy(&words);
        if text.lines().any(|line| line == READY) {
            return Ok(());
        }
        if length == 0 || words.len() > MAX_LAST_WORDS {
            return Err(StartError::Failed(last_words(&text)));
        }
    }
}

fn last_words(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix("error: ").unwrap_or(text);
    if text.is_empty() { "it said nothing" } else { text }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, own_group: bool) -> Result<u32, StartError> {
        let arguments = vec!["-c".into(), script.into()];
        Start { program: "/bin/sh".into(), arguments, own_group }.run()
    }

    #[test]
    fn a_server_is_ready_when_it_says_so_and_lives_on() {
        for own_group in [false, true] {
            let pid = shell("echo warming up; echo ready; exec sleep 60", own_group).unwrap();
            // In a container the starter's own group may have the number 0.
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            let group = stat.rsplit(')').next().unwrap().split_whitespace().nth(2).unwrap();
            assert_eq!(group == pid.to_string(), own_group);
            let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
    }

    #[test]
    fn one_that_ends_first_is_quoted_from_wherever_it_said_it() {
        let failed = |script| shell(script, true).unwrap_err().to_string();
        let said = "the server did not start:";
        assert_eq!(failed("echo 'error: no such key' >&2; exit 78"), format!("{said} no such key"));
        assert_eq!(failed("echo already there"), format!("{said} already there"));
        assert_eq!(failed("exit 1"), format!("{said} it said nothing"));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let start = Start { program: "/no/such".into(), arguments: Vec::new(), own_group: true };
        let error = start.run().unwrap_err().to_string();
        assert!(error.starts_with("cannot run /no/such: "), "{error}");
    }
}

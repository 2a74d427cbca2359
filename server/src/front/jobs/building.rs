//! The build command: run, listened to, ended, and left alone for a while when it
//! cannot do its work. Must never put anything of a request into the command.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::BreakerCheck;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::JobOutcome;
use crate::breaker::{Breaker, FAILURES};
use crate::front::event::Event;
use crate::restart::{JobId, Trouble};

/// Longest line of a build's output that is passed on; the rest of it is dropped.
const MAX_LINE_BYTES: u64 = 4096;

/// The last lines of a failed build that its error repeats.
const LAST_LINES: usize = 30;

/// Why there is no new build.
#[derive(Debug)]
pub(crate) enum Unbuilt {
    /// The command has run and says no, as a compiler does about a mistake. That is an
    /// answer: the next attempt, with the mistake corrected, must not be held up.
    Refused(Trouble),
    /// The command could not do its work: it could not be started, or was killed.
    Broken(Trouble),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Building {
    running: Option<(JobId, JoinHandle<()>)>,
    breaker: Breaker,
}

impl Building {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// When it could not do its work so often that it is left alone for a while.
    pub(super) fn begin(
        &mut self,
        job: JobId,
        command: String,
        root: PathBuf,
        events: mpsc::Sender<Event>,
        now: Instant,
    ) -> Result<(), Trouble> {
        self.breaker.ask(now).map_err(left_alone)?;
        let running = tokio::spawn(async move {
            let outcome = JobOutcome::Built(run_build(&command, &root, &events).await);
            let _ = events.send(Event::Job { job, outcome }).await;
        });
        self.running = Some((job, running));
        Ok(())
    }

    /// The command has ended.
    pub(crate) fn ended(
        &mut self,
        job: JobId,
        result: Result<(), Unbuilt>,
        now: Instant,
    ) -> Result<(), Trouble> {
        // One that was given up meanwhile says nothing any more.
        if self.running.take_if(|(running, _)| *running == job).is_some() {
            match result {
                Ok(()) | Err(Unbuilt::Refused(_)) => self.breaker.succeeded(),
                Err(Unbuilt::Broken(_)) => self.breaker.failed(now),
            }
        }
        result.map_err(|(Unbuilt::Refused(trouble) | Unbuilt::Broken(trouble))| trouble)
    }

    /// Nobody waits for it any more: because its time is over, or for other reasons.
    pub(crate) fn end(&mut self, is_late: bool, now: Instant) {
        if let Some((_, running)) = self.running.take() {
            running.abort();
            if is_late {
                self.breaker.failed(now);
            } else {
                self.breaker.given_up(now);
            }
        }
    }

    /// How its breaker is.
    pub(super) fn check(&self, now: Instant) -> BreakerCheck {
        self.breaker.check(now)
    }
}

/// Runs the command in the project's directory, in a process group of its own.
async fn run_build(command: &str, root: &Path, events: &mpsc::Sender<Event>) -> Result<(), Unbuilt> {
    let failed = |text: String| Trouble::new(ErrorCode::NotReady, text);
    let broken = |text: String| Unbuilt::Broken(failed(text));
    // The command is the owner's and is run as it is: nothing is ever put into it.
    let script = format!("exec 2>&1; {command}");
    let mut child = Command::new("/bin/sh")
        .args(["-c", &script])
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| broken(format!("the build command cannot be run: {error}")))?;
    let group = GroupGuard(child.id());
    let mut last = VecDeque::new();
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut lines).take(MAX_LINE_BYTES).read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(text.clone());
            let _ = events.send(Event::BuildLine(text)).await;
        }
    }
    let status = child.wait().await.map_err(|error| broken(format!("the build command: {error}")))?;
    group.disarm();
    if status.success() {
        return Ok(());
    }
    let last = Vec::from(last).join("\n");
    let trouble =
        failed(format!("the build command failed ({status}); the worker serves on. Its last words:\n{last}"));
    Err(if has_run(status) { Unbuilt::Refused(trouble) } else { Unbuilt::Broken(trouble) })
}

/// Whether the command has come to an end of its own.
fn has_run(status: ExitStatus) -> bool {
    // The shell says with these that there is no such command, or that it may not be
    // run; above them it adds 128 to the signal that has killed the command.
    const NOT_RUN: [i32; 2] = [126, 127];
    const LAST_SIGNAL: i32 = 64;
    status.code().is_some_and(|code| !NOT_RUN.contains(&code) && !(129..=128 + LAST_SIGNAL).contains(&code))
}

/// The command is not run now.
fn left_alone(wait: Duration) -> Trouble {
    let seconds = wait.as_secs_f64().ceil();
    let at = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs_f64(seconds));
    let at = at.ok().and_then(|at| at.round(jiff::Unit::Second).ok());
    let at = at.map(|at| format!(" at {at}")).unwrap_or_default();
    let text = format!(
        "the build command could not be run {FAILURES} times in a row, so it is left alone; it is tried again in \
         {seconds} s{at}. A restart without building goes through (`task-orchestrator restart --no-build`)"
    );
    Trouble::new(ErrorCode::Overloaded, text)
}

/// Ends everything that a build has started, unless it is over.
struct GroupGuard(Option<u32>);

impl GroupGuard {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for GroupGuard {
    fn drop(&mut self) {
        let pid = self.0.and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // It may be gone already.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(command: &str) -> Result<(), Unbuilt> {
        let (events, _heard) = mpsc::channel(100);
        run_build(command, Path::new("/"), &events).await
    }

    #[tokio::test]
    async fn what_has_run_and_said_no_is_told_from_what_could_not_run() {
        for refused in ["exit 1", "exit 101", "false", "exit 255"] {
            assert!(matches!(run(refused).await, Err(Unbuilt::Refused(_))), "{refused}");
        }
        for broken in ["./no-such-program", "/etc/passwd", "kill -KILL $$", "sh -c 'kill -TERM $$'"] {
            assert!(matches!(run(broken).await, Err(Unbuilt::Broken(_))), "{broken}");
        }
        assert!(run("true").await.is_ok());
    }

    #[tokio::test]
    async fn what_exceeds_its_time_counts_and_what_was_called_off_does_not() {
        let (events, _heard) = mpsc::channel(100);
        let (mut building, now) = (Building::default(), Instant::now());
        let mut once = |job, is_late| {
            let begun = building.begin(JobId(job), "read never".to_owned(), "/".into(), events.clone(), now);
            building.end(is_late, now);
            begun
        };
        for job in 0..20 {
            once(job, false).unwrap();
        }
        for job in 20..25 {
            once(job, true).unwrap();
        }
        let refused = once(25, true).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Overloaded);
        assert!(refused.text.contains("tried again in 60 s"), "{}", refused.text);
    }
}

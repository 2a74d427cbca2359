//! Who follows the log goes on seeing it whatever part of the server dies, and ends
//! it with Ctrl-C.

use std::fs::{self, File};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use task_orchestrator_shared::admin::log::LogLine;
use task_orchestrator_tests::{Client, Workspace, process, wait};

/// Whole lines of what was printed so far.
fn lines(printed: &str) -> Result<Vec<LogLine>> {
    let whole = printed.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

#[test]
fn following_the_log_survives_worker_and_front_and_ends_with_an_interrupt() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        let output = workspace.path().join("followed");
        let mut command = workspace.command("logs");
        command.args(["--follow", "--json", "--tail", "1000"]).stdin(Stdio::null());
        let mut following = command.stdout(File::create(&output)?).spawn()?;
        let seen = |what: &str, wanted: &dyn Fn(&LogLine) -> bool| {
            wait::until(what, || {
                let lines = lines(&fs::read_to_string(&output).ok()?).ok()?;
                lines.iter().any(wanted).then_some(())
            })
        };
        let first = workspace.status()?.pid.context("a front")?;
        seen("the first front", &|line| line.process == "front" && line.pid == Some(first))?;

        workspace.kill_worker()?;
        seen("the worker's end", &|line| line.text.contains("the worker ended") && line.pid == Some(first))?;
        let restart = workspace.restart(&[])?.complete()?;
        seen("the restart", &|line| line.text.contains(&restart.restart_id.to_string()))?;
        workspace.kill_front()?;
        client.still_answers()?;
        let second =
            workspace.status_when("another front", |status| status.pid.is_some_and(|pid| pid != first))?;
        seen("the second front", &|line| line.process == "front" && line.pid == second.pid)?;

        process::signal(following.id(), Signal::INT);
        let end = wait::until("the command to end", || following.try_wait().ok().flatten())?;
        ensure!(end.code() == Some(0), "{end}");
        client.quit()
    })
}

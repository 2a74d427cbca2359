//! The console while its server is killed, hangs, comes back, or was never there; beside
//! another workspace; and what it recorded, shown again.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use task_orchestrator_console::start::{self, Stays};
use task_orchestrator_tests::console::{self, has_row, is_live, row};
use task_orchestrator_tests::pty::Started;
use task_orchestrator_tests::{Client, Pty, Workspace, process};
use vt100::Screen;

/// A server that no client starts anew.
fn start(workspace: &Workspace) -> Result<u32> {
    start::run(workspace.binary().to_owned(), workspace.path(), Stays::Always)?.context("it was started here")
}

/// How long until the attempt that is waited for, in whole seconds.
fn waits(screen: &str) -> Option<u32> {
    let head = screen.lines().next()?;
    let (_, wait) = head.split_once("Reconnecting, attempt ")?.1.split_once(" in ")?;
    wait.split_whitespace().next()?.parse().ok()
}

fn attempt(screen: &str) -> Option<u32> {
    screen.lines().next()?.split_once("Reconnecting, attempt ")?.1.split_whitespace().next()?.parse().ok()
}

/// Whether every cell of this row that shows something is dimmed.
fn is_dim(screen: &Screen, words: &[&str]) -> bool {
    let (_, columns) = screen.size();
    let contents = screen.contents();
    let Some(at) = contents.lines().position(|line| words.iter().all(|word| line.contains(word))) else {
        return false;
    };
    let Ok(at) = u16::try_from(at) else { return false };
    (0..columns.get())
        .filter_map(|column| screen.cell(at, column))
        .all(|cell| !cell.has_contents() || cell.contents().trim().is_empty() || cell.dim())
}

#[test]
fn a_killed_server_is_shown_as_such_and_one_that_is_back_as_live() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let front = start(workspace)?;
        let mut pty = console::live(workspace, &[])?;
        pty.shows("pid")?;
        let since = Instant::now();
        process::kill(front);
        pty.until("that it is gone", |screen| has_row(screen, &["Reconnecting, attempt"]))?;
        let took = since.elapsed();
        ensure!(took < Duration::from_secs(1), "shown after {took:?}");
        pty.until("what was so, dimmed and with its time", |screen| {
            has_row(screen, &["No connection: no server is running", "what is shown was so at"])
                && has_row(screen, &["was gen 1", "was idle"])
                && is_dim(screen, &["front", &format!("pid {front}")])
        })?;
        // No key moves the time of the next attempt.
        pty.until("a long wait", |screen| waits(&screen.contents()).is_some_and(|wait| wait >= 3))?;
        let (at, begun) = (attempt(&pty.screen()), Instant::now());
        let wait = Duration::from_secs(waits(&pty.screen()).unwrap_or(0).into());
        for (key, shown) in [("2 ", "FROZEN"), ("?", "Keys on Connections")] {
            pty.keys(key)?;
            pty.shows(shown)?;
        }
        pty.keys("q")?;
        pty.until("the help to be gone", |screen| !has_row(screen, &["Keys on"]))?;
        let in_time = begun.elapsed() + Duration::from_secs(1) < wait;
        ensure!(attempt(&pty.screen()) == at || !in_time, "{at:?}: {}", pty.screen());
        pty.keys(" 1")?;
        // One key does.
        let next = start(workspace)?;
        ensure!(next != front);
        pty.keys("\x12")?;
        pty.until("the next server", |screen| is_live(screen) && has_row(screen, &[&format!("pid {next}")]))?;
        ensure!(row(&pty.screen(), &["No connection"]).is_none(), "{}", pty.screen());
        console::quits(pty)
    })
}

#[test]
fn a_server_that_hangs_is_stale_until_it_goes_on() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let front = start(workspace)?;
        let mut pty = console::live(workspace, &[])?;
        process::signal(front, Signal::STOP);
        let stale = pty.until("that it is silent", |screen| {
            has_row(screen, &["Stale"]) && has_row(screen, &["The server is silent since"])
        });
        let frozen = pty.keys("r").and_then(|()| pty.shows("the server is silent: nothing is ordered"));
        process::signal(front, Signal::CONT);
        stale.and(frozen)?;
        pty.until("that it goes on", is_live)?;
        console::quits(pty)
    })
}

#[test]
fn without_a_server_it_says_what_it_tries_and_starts_one() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let mut pty = console::open(workspace, &[])?;
        pty.until("what it tries", |screen| {
            has_row(screen, &["no server is running for this workspace"])
                && has_row(screen, &["S", "starts a server here"])
        })?;
        ensure!(!workspace.status()?.running);
        pty.keys("S")?;
        pty.until("a server", is_live)?;
        let front = workspace.status()?.pid.context("a front")?;
        // It outlives the console that has started it.
        console::quits(pty)?;
        ensure!(process::lives(front));

        let mut pty = console::live(workspace, &["--start"])?;
        ensure!(workspace.status()?.pid == Some(front), "there was one already");
        pty.keys("Q")?;
        let name = console::name(workspace)?;
        pty.until("the dialog", |screen| has_row(screen, &["STOP the server of"]))?;
        pty.until("what has to be typed", |screen| has_row(screen, &["○ the word is not typed yet"]))?;
        // A note is not needed; behind it stands the word.
        pty.keys(&format!("\t{name}\t\t\r"))?;
        pty.until("that none runs", |screen| has_row(screen, &["Reconnecting, attempt"]))?;
        ensure!(!process::lives(front));
        // It does not start what was stopped.
        ensure!(!workspace.status()?.running);
        console::quits(pty)?;

        let pty = console::live(workspace, &["--start"])?;
        console::quits(pty)
    })
}

#[test]
fn what_was_recorded_ends_in_the_same_state_when_it_is_shown_again() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        let file = workspace.path().join("recorded.jsonl").display().to_string();
        let mut pty = console::live(workspace, &["--record", &file, "--screen", "connections"])?;
        pty.until("the client", |screen| has_row(screen, &["proof"]))?;
        workspace.restart(&[])?.complete()?;
        pty.until("the next generation", |screen| has_row(screen, &["Live", "gen 2", "idle"]))?;
        let told = |screen: &str| {
            // When, how it ended, how long it took: what stands to the right depends on the room.
            let row = row(screen, &["● complete", "graceful"])?;
            Some(row.split_whitespace().take(7).map(str::to_owned).collect::<Vec<_>>())
        };
        pty.keys("3")?;
        pty.until("the restart", |screen| told(&screen.contents()).is_some())?;
        let seen = told(&pty.screen()).context("the restart's row")?;
        console::quits(pty)?;
        client.quit()?;
        workspace.run("stop", &[])?;

        let started = Started::program(
            &task_orchestrator_tests::program::beside("task-orchestrator-console")?,
            workspace.path(),
        );
        let started = ["--replay", &file, "--speed", "max", "--screen", "restarts"]
            .iter()
            .fold(started, |started, argument| started.arg(argument));
        let pty = Pty::start(started, console::WIDE)?;
        pty.until("the same restart", |screen| told(&screen.contents()) == Some(seen.clone()))?;
        console::quits(pty)
    })
}

#[test]
fn another_workspace_is_switched_to_while_the_one_at_hand_is_down() -> Result<()> {
    let other = Workspace::new()?;
    start(&other)?;
    let name = console::name(&other)?;
    Workspace::new()?.check(|workspace| {
        let mut pty = console::open(workspace, &[])?;
        pty.shows("no server is running for this workspace")?;
        pty.keys("w")?;
        pty.until("the other one", |screen| {
            has_row(screen, &["Workspaces with a running server"]) && has_row(screen, &[&name])
        })?;
        // There may be others on this machine.
        let count = pty.screen().lines().filter(|line| line.contains("generation ")).count();
        for _ in 0..count {
            if row(&pty.screen(), &["❯", &name]).is_none() {
                let before = pty.screen();
                pty.keys("j")?;
                pty.until("the cursor to move", |screen| screen.contents() != before)?;
            }
        }
        pty.keys("\r")?;
        pty.until("the other server", |screen| is_live(screen) && has_row(screen, &["Live", &name]))?;
        console::quits(pty)
    })?;
    other.finish()
}

//! The console leaves the terminal as it was, on every way out, and costs nothing
//! while nothing happens.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use task_orchestrator_tests::pty::Started;
use task_orchestrator_tests::{Client, Pty, Workspace, process, program, wait};

const SIZE: (u16, u16) = (80, 24);

/// How long nothing happens.
const IDLE: Duration = Duration::from_secs(4);

/// A console where no server is.
fn alone() -> Result<(tempfile::TempDir, Pty)> {
    let directory = tempfile::Builder::new().prefix("to-").tempdir()?;
    let pty = Pty::start(Started::console(directory.path())?, SIZE)?;
    pty.shows("Reconnecting, attempt")?;
    Ok((directory, pty))
}

#[test]
fn it_starts_without_a_server_and_gives_the_terminal_back_once() -> Result<()> {
    let (directory, mut pty) = alone()?;
    let name = directory.path().file_name().context("a name")?.to_string_lossy().into_owned();
    pty.shows(&name)?;
    let first = pty.raw();
    let frame = first.split("\x1b[?2026l").next().context("a first frame")?;
    ensure!(frame.contains("Connecting") && frame.contains(&name), "the first frame: {frame:?}");
    ensure!(!pty.count("\x1b[?1000h") > 0, "the mouse is left to the terminal");
    pty.keys("q")?;
    ensure!(pty.ends()? == 0);
    pty.is_restored()?;
    ensure!(pty.count("\x1b[?25h") == 1, "the cursor is shown once");
    Ok(())
}

#[test]
fn signals_end_it_with_the_terminal_restored() -> Result<()> {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130), (Signal::QUIT, 131)] {
        let (_directory, mut pty) = alone()?;
        pty.signal(signal)?;
        let exit = pty.ends()?;
        ensure!(exit == code, "{signal:?}: {exit}");
        pty.is_restored().with_context(|| format!("{signal:?}"))?;
    }
    Ok(())
}

#[test]
fn a_panic_on_any_thread_restores_the_terminal_and_then_says_where_the_report_is() -> Result<()> {
    for thread in ["main", "other"] {
        let directory = tempfile::tempdir()?;
        let panics = program::beside("console_panics")?;
        let mut pty = Pty::start(Started::program(&panics, directory.path()).arg(thread), SIZE)?;
        ensure!(pty.ends()? == 70);
        pty.is_restored()?;
        let raw = pty.raw();
        let (_, after) = raw.split_once("\x1b[?1049l").context("the screen from before")?;
        let crashes = directory.path().join("state/task-orchestrator/crashes");
        let reports: Vec<_> = fs::read_dir(&crashes)?.collect::<Result<_, _>>()?;
        ensure!(reports.len() == 1, "{reports:?}");
        for report in reports {
            let path = report.path();
            ensure!(after.contains(&path.display().to_string().replace('\n', "")), "{after:?}");
            ensure!(fs::metadata(&path)?.permissions().mode() & 0o777 == 0o600);
            let text = fs::read_to_string(&path)?;
            for part in ["planned", "console_panics.rs", thread, "last messages: connecting live key"] {
                ensure!(text.contains(part), "{part} in {text}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_terminal_that_is_closed_ends_it() -> Result<()> {
    let (_directory, mut pty) = alone()?;
    let pid = pty.pid()?;
    pty.close();
    wait::until("the console to end", || (!process::lives(pid)).then_some(()))
}

/// Nothing is read of what it writes, so that a write waits for ever.
#[test]
fn a_terminal_that_takes_nothing_keeps_it_neither_from_ending_nor_from_small_memory() -> Result<()> {
    let (_directory, mut pty) = alone()?;
    let pid = pty.pid()?;
    pty.hold();
    let mut looks_in_a_row = 0;
    wait::until("its writer to be kept waiting", || {
        pty.keys("\x0c").ok()?;
        looks_in_a_row = if is_writing(pid) { looks_in_a_row + 1 } else { 0 };
        (looks_in_a_row == 100).then_some(())
    })?;
    let before = process::resident_bytes(pid)?;
    for round in 0..1000u16 {
        pty.resize(100 + round % 100, 40)?;
        pty.keys("\x0c")?;
    }
    let grown = process::resident_bytes(pid)?.saturating_sub(before);
    ensure!(grown < 2 * 1024 * 1024, "{grown} bytes more");
    pty.signal(Signal::TERM)?;
    ensure!(pty.ends()? == 143);
    Ok(())
}

/// Whether the thread that writes to the terminal is in a write.
fn is_writing(pid: u32) -> bool {
    threads(pid).iter().any(|thread| {
        let read = |file: &str| fs::read_to_string(thread.join(file)).unwrap_or_default();
        // A thread that waits in the kernel for the terminal sleeps there, and nowhere else.
        read("comm").trim() == "terminal" && matches!(read("wchan").as_str(), "wait_woken" | "n_tty_write")
    })
}

fn threads(pid: u32) -> Vec<PathBuf> {
    let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// How often any of its threads was woken.
fn wakeups(pid: u32) -> u64 {
    let of = |thread: &PathBuf| {
        let status = fs::read_to_string(thread.join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse::<u64>().ok()
    };
    threads(pid).iter().filter_map(of).sum()
}

#[test]
fn any_size_is_drawn_and_the_usual_one_again() -> Result<()> {
    let (_directory, mut pty) = alone()?;
    for (columns, rows) in [(40, 10), (20, 3), (2, 2), (1, 1), (300, 100), (1, 50), (80, 24)] {
        let frames = pty.count("\x1b[2J");
        pty.resize(columns, rows)?;
        pty.wrote("\x1b[2J", frames + 1)?;
    }
    pty.shows("ends the console")?;
    pty.keys("q")?;
    ensure!(pty.ends()? == 0);
    pty.is_restored()
}

#[test]
fn while_nothing_happens_nothing_is_written() -> Result<()> {
    let workspace = Workspace::new()?;
    workspace.check(|workspace| {
        let client = Client::open(workspace)?;
        let mut pty = Pty::start(Started::console(workspace.path())?, (120, 40))?;
        pty.shows("Live")?;
        // The overview draws figures over time, which move on for a while.
        pty.keys("2")?;
        pty.quiet(Duration::from_secs(3))?;
        // On a starved machine the server is heard late, which is worth a word on the screen:
        // of three times, once must be without.
        let mut seen = Vec::new();
        let is_idle = |(written, woken): &(usize, u64)| *written == 0 && *woken <= 3 * IDLE.as_secs();
        while seen.len() < 3 && !seen.last().is_some_and(is_idle) {
            let (woken, written) = (wakeups(pty.pid()?), pty.raw().len());
            let written = pty.quiet(IDLE)? - written;
            // What the server says of itself now and then, and the timers of the runtime, which
            // come in two steps.
            seen.push((written, wakeups(pty.pid()?) - woken));
        }
        ensure!(seen.last().is_some_and(is_idle), "bytes and wakeups in {IDLE:?}: {seen:?}");
        pty.keys("q")?;
        ensure!(pty.ends()? == 0);
        pty.is_restored()?;
        drop(client);
        Ok(())
    })
}

/// A shell with job control, in which the console is a job.
#[test]
fn the_shell_is_returned_to_and_fg_returns() -> Result<()> {
    let directory = tempfile::Builder::new().prefix("to-").tempdir()?;
    let console = program::beside("task-orchestrator-console")?;
    let script = format!(
        "set -m; {} --workspace {}; echo back in the shell; read line; fg; echo ended with $?; read line",
        console.display(),
        directory.path().display()
    );
    let shell = Started::program("/bin/bash".as_ref(), directory.path()).arg("-c").arg(script);
    let mut pty = Pty::start(shell, SIZE)?;
    pty.shows("Reconnecting, attempt")?;
    pty.keys("\x1a")?;
    pty.shows("back in the shell")?;
    ensure!(!pty.screen().contains("Reconnecting"), "the screen from before");
    pty.is_restored()?;
    pty.keys("\r")?;
    pty.wrote("\x1b[?1049h", 2)?;
    pty.shows("Reconnecting, attempt")?;
    pty.keys("q")?;
    pty.shows("ended with 0")?;
    pty.is_restored_after(2)
}

#[test]
fn stopped_from_outside_it_draws_everything_anew_when_it_goes_on() -> Result<()> {
    let (_directory, mut pty) = alone()?;
    let pid = pty.pid()?;
    pty.signal(Signal::STOP)?;
    wait::until("it to stop", || is_stopped(pid).then_some(()))?;
    let frames = pty.count("\x1b[2J");
    pty.signal(Signal::CONT)?;
    pty.wrote("\x1b[2J", frames + 1)?;
    // There is no shell here to return to, and it says so instead of stopping for ever.
    pty.keys("\x1a")?;
    pty.shows("there is no shell here")?;
    pty.keys("q")?;
    ensure!(pty.ends()? == 0);
    Ok(())
}

fn is_stopped(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
}

#[test]
fn where_nothing_can_be_drawn_it_says_what_to_do() -> Result<()> {
    let console = program::beside("task-orchestrator-console")?;
    let output = Command::new(console).stdin(Stdio::null()).output()?;
    ensure!(output.status.code() == Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(said.contains("is no terminal") && said.contains("--linear"), "{said}");
    ensure!(output.stdout.is_empty());

    let directory = tempfile::tempdir()?;
    let mut pty = Pty::start(Started::console(directory.path())?.env("TERM", "dumb"), SIZE)?;
    // A terminal that can only show lines gets lines.
    pty.keys("quit\r")?;
    ensure!(pty.ends()? == 0);
    ensure!(!pty.raw().contains('\x1b'), "{}", pty.raw());
    Ok(())
}

//! The demonstration from end to end: a newcomer sees living data, restarts the server,
//! ends the console, and nothing of it stays.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use task_orchestrator_tests::console::{self, has_row, is_live, row};
use task_orchestrator_tests::pty::Started;
use task_orchestrator_tests::{Caller, Pty, Workspace, process, program, wait};

/// The demonstration's project, as a process of the console names it.
fn project(console: u32) -> Option<PathBuf> {
    let children = std::fs::read_to_string(format!("/proc/{console}/task/{console}/children")).ok()?;
    children.split_whitespace().find_map(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let mut words = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
        words.find(|word| word == "--workspace")?;
        words.next().map(PathBuf::from)
    })
}

#[test]
fn a_newcomer_sees_life_restarts_it_and_leaves_nothing_behind() -> Result<()> {
    let home = tempfile::tempdir()?;
    let console = program::beside("task-orchestrator-console")?;
    // A server of the user's own, which the environment names: the demonstration has its own.
    let own = Workspace::new()?;
    let _client = Caller::start(&own)?;
    let before = own.told_status()?.pid;
    let demo = Started::program(&console, home.path()).arg("--demo");
    let demo = demo.env("MCP_TASK_ORCHESTRATOR_ADMIN_SOCKET", own.admin_socket()?);
    let mut pty = Pty::start(demo, console::WIDE)?;
    pty.until("a server", is_live)?;
    let project = project(pty.pid()?).context("the demonstration's project")?;
    pty.until("twenty clients", |screen| has_row(screen, &["Clients: 20 of"]))?;
    pty.until("requests", |screen| {
        row(&screen.contents(), &["requests/s"]).is_some_and(|row| {
            let (_, figure) = row.rsplit_once("requests/s").unwrap_or_default();
            figure
                .split_whitespace()
                .next()
                .is_some_and(|figure| figure.starts_with(|digit| ('1'..='9').contains(&digit)))
        })
    })?;
    console::confirm(&mut pty, "r", "Restart webshop?")?;
    pty.until("the outcome", |screen| {
        has_row(screen, &["restart complete in"]) && has_row(screen, &["Live", "gen 2"])
    })?;
    pty.keys("2")?;
    pty.shows("Connections 1/20")?;
    console::quits(pty)?;
    wait::until("every process to end and the directory to be gone", || {
        (process::naming(&project).is_empty() && !project.exists()).then_some(())
    })
    .with_context(|| format!("{:?}", process::naming(&project)))?;
    let parent = project.parent().context("its directory")?;
    ensure!(!parent.exists(), "{} is still there", parent.display());
    ensure!(own.told_status()?.pid == before, "the user's own server was not left alone");
    Ok(())
}

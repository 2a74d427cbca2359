//! From what happens at the server to the cell that says so.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use task_orchestrator_shared::admin::{Context, Request};
use task_orchestrator_shared::client::{Client, Target};

use super::real::runtime;
use super::{SESSIONS, SIZE};
use crate::bench::Scale;
use crate::bench::simulated::Simulated;
use crate::bench::steering::Server;
use crate::bench::table::{Figure, Goal, Table};
use crate::measure::Sample;
use crate::pty::Started;
use crate::{Pty, Workspace};

const GOAL: Duration = Duration::from_millis(50);

/// A client comes and goes, a thousand others being at work: the number of sessions changes.
pub(super) fn events(scale: &Scale, table: &mut Table, workspace: &Workspace, server: &Server) -> Result<()> {
    let console = Pty::start(Started::console(workspace.path())?.arg("--screen").arg("connections"), SIZE)?;
    // The sessions at work, and the one that keeps the server.
    let (without, with) =
        (format!("Connections 1/{}", SESSIONS + 1), format!("Connections 1/{}", SESSIONS + 2));
    console.shows(&without)?;
    let runtime = runtime()?;
    let Target { socket, hello, options } = server.admins().clone();
    let asking = runtime.block_on(Client::connect(&socket.path(), hello, options))?;
    let (mut times, mut asked) = (Vec::new(), Vec::new());
    for _ in 0..scale.events / 10 {
        let begun = Instant::now();
        let client = runtime.block_on(Simulated::open(server.clients()))?;
        console.shows(&with)?;
        times.push(begun.elapsed());
        let begun = Instant::now();
        drop(client);
        console.shows(&without)?;
        times.push(begun.elapsed());
        let begun = Instant::now();
        runtime.block_on(asking.call(Request::WhoAmI, Context::default()))?;
        asked.push(begun.elapsed());
    }
    let (times, asked) = (Sample::of(times), Sample::of(asked));
    for (percent, goal) in [(50, Goal::None), (95, Goal::Within(GOAL))] {
        table.row(
            &format!("console: a client comes or goes until a cell says so, {SESSIONS} at work, p{percent}"),
            goal,
            Figure::Time(times.percentile(percent)),
            ("the server's answer to whoami meanwhile", Figure::Time(asked.percentile(percent))),
        );
    }
    Ok(())
}

/// The server is killed.
pub(super) fn death(table: &mut Table, workspace: &Workspace) -> Result<()> {
    let console = Pty::start(Started::console(workspace.path())?, SIZE)?;
    console.shows("Live")?;
    let front = workspace.status()?.pid.context("a front")?;
    let begun = Instant::now();
    crate::process::kill(front);
    console.until("that there is no server", |screen| {
        let text = screen.contents();
        !text.lines().next().is_some_and(|first| first.contains("Live"))
    })?;
    table.row(
        "console: a killed server is shown as such",
        Goal::Within(Duration::from_secs(1)),
        Figure::Time(begun.elapsed()),
        ("", Figure::None),
    );
    Ok(())
}

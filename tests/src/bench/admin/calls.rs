//! A question over an open connection, and an order that is written down before it
//! is carried out.

use std::fs::File;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use task_orchestrator_shared::admin::{Context, Reply, Request};
use task_orchestrator_shared::client::Client;
use tokio::runtime::Runtime;

use super::{Echo, connect, runtime};
use crate::Workspace;
use crate::bench::audit::append;
use crate::bench::speaker::Shim;
use crate::bench::steering::Server;
use crate::bench::table::{Figure, Goal, Table};
use crate::bench::{Scale, timed};
use crate::measure::Sample;

/// In turns with the control: neither machine nor disk is equally fast all the time.
const TURNS: usize = 5;

/// A question as it stands on the wire.
const QUESTION: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":1000,\"method\":\"status\"}\n";

pub(super) fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let workspace = Workspace::new()?;
    let keeper = Shim::opened(&workspace)?;
    let server = Server::of(&workspace)?;
    let runtime = runtime()?;
    let client = runtime.block_on(connect(&server))?;
    reads(scale, &runtime, &client, table)?;
    orders(scale, &workspace, &runtime, &client, table)?;
    drop((client, keeper));
    workspace.finish()
}

fn reads(scale: &Scale, runtime: &Runtime, client: &Client, table: &mut Table) -> Result<()> {
    let status = || runtime.block_on(client.call(Request::Status, Context::default()));
    let length = serde_json::to_vec(&status()?)?.len();
    let mut echo = Echo::answering(length)?;
    let (mut asked, mut echoed) = (Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let answers = timed(scale.calls / TURNS, |_| {
            let reply = status()?;
            ensure!(matches!(reply, Reply::Status(_)), "to a status: {reply:?}");
            Ok(())
        })?;
        let echoes = echo.asked(QUESTION, scale.calls / TURNS)?;
        // The first turn only warms up.
        if turn > 0 {
            asked.push(answers);
            echoed.push(echoes);
        }
    }
    echo.finish()?;
    let (asked, echoed) = (Sample::joined(asked), Sample::joined(echoed));
    for (percent, goal) in [(50, Goal::Within(Duration::from_micros(200))), (99, Goal::None)] {
        table.row(
            &format!("admin: status over an open connection, p{percent}"),
            goal,
            Figure::Time(asked.percentile(percent)),
            (&format!("an echo that answers {length} bytes"), Figure::Time(echoed.percentile(percent))),
        );
    }
    Ok(())
}

/// Maintenance is the order that does least: what is measured is that it is written down.
fn orders(
    scale: &Scale,
    workspace: &Workspace,
    runtime: &Runtime,
    client: &Client,
    table: &mut Table,
) -> Result<()> {
    // On the disk of the audit.
    let mut control = File::options().create(true).append(true).open(workspace.state("control"))?;
    let (mut ordered, mut appended) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        appended.push(append(&mut control, scale.commits / TURNS)?);
        ordered.push(timed(scale.commits / TURNS, |number| {
            let order = Request::Maintenance { on: number.is_multiple_of(2) };
            let reply = runtime.block_on(client.call(order, Context::default()))?;
            ensure!(matches!(reply, Reply::Done(_)), "to a maintenance: {reply:?}");
            Ok(())
        })?);
    }
    let off = Request::Maintenance { on: false };
    runtime.block_on(client.call(off, Context::default())).context("the end of the maintenance")?;
    let (ordered, appended) = (Sample::joined(ordered), Sample::joined(appended));
    for (percent, goal) in [(50, Goal::Times(1.5)), (99, Goal::None)] {
        table.row(
            &format!("admin: an order that is written down first, p{percent}"),
            goal,
            Figure::Time(ordered.percentile(percent)),
            ("append of 600 bytes and fdatasync", Figure::Time(appended.percentile(percent))),
        );
    }
    Ok(())
}

//! The whole state of a big server: how long it takes, and how big it is.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use task_orchestrator_shared::admin::view::View;

use super::{Echo, ROOM, SESSIONS, connect, runtime};
use crate::Workspace;
use crate::bench::simulated::Simulated;
use crate::bench::speaker::Shim;
use crate::bench::steering::Server;
use crate::bench::table::{Figure, Goal, Table};
use crate::bench::{Scale, timed};
use crate::measure::Sample;

const QUESTION: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":1000,\"method\":\"subscribe\"}\n";

pub(super) fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let workspace = Workspace::configured(ROOM)?;
    let keeper = Shim::opened(&workspace)?;
    let server = Server::of(&workspace)?;
    let runtime = runtime()?;
    let (view, asked) = runtime.block_on(asked(&server, scale.subscriptions))?;
    ensure!(view.sessions.len() > usize::try_from(SESSIONS)?, "{} sessions", view.sessions.len());
    drop(keeper);
    workspace.finish()?;
    let text = serde_json::to_vec(&view)?;
    let mut echo = Echo::answering(text.len())?;
    let sent = echo.asked(QUESTION, scale.subscriptions)?;
    echo.finish()?;
    let understood = timed(scale.subscriptions, |_| Ok(serde_json::from_slice::<View>(&text).map(drop)?))?;
    table.row(
        &format!("admin: whole state of {SESSIONS} sessions for the first subscriber, less the control, p50"),
        Goal::Within(Duration::from_millis(5)),
        Figure::Time(asked.median().saturating_sub(sent.median())),
        ("as many bytes through a socket", Figure::Time(sent.median())),
    );
    table.row(
        "of that, the client's understanding of the JSON, p50",
        Goal::None,
        Figure::Time(understood.median()),
        ("", Figure::None),
    );
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
    let size = text.len() as f64 / 1024.0 / 1024.0;
    table.row("admin: its size", Goal::Mebibytes(1.0), Figure::Mebibytes(size), ("", Figure::None));
    Ok(())
}

/// The last whole state, and the times from the question until the client has it. Each
/// time nobody watches before: the server builds it anew.
async fn asked(server: &Server, count: usize) -> Result<(View, Sample)> {
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(Simulated::open(server.clients()).await?);
    }
    let (mut last, mut times) = (View::default(), Vec::new());
    for _ in 0..count {
        let client = connect(server).await?;
        let begun = Instant::now();
        let (view, _updates) = client.subscribe().await?;
        times.push(begun.elapsed());
        last = *view;
    }
    Ok((last, Sample::of(times)))
}

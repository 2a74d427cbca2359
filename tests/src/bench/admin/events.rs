//! From a cause to the change that tells a subscriber of it, on a big server at work.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use task_orchestrator_shared::admin::view::Change;
use task_orchestrator_shared::admin::{Context, Request};
use task_orchestrator_shared::client::{Client, Update, Updates};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{ROOM, SESSIONS, connect, runtime};
use crate::Workspace;
use crate::bench::Scale;
use crate::bench::load::{Load, Pace};
use crate::bench::simulated::Simulated;
use crate::bench::speaker::Shim;
use crate::bench::steering::Server;
use crate::bench::table::{Figure, Goal, Table};
use crate::measure::Sample;

/// Longer than a change may ever take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Requests of all sessions together in a second, as many as the machine answers
/// without a queue.
const REQUESTS_PER_SECOND: u32 = 2000;

pub(super) fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    let workspace = Workspace::configured(ROOM)?;
    let keeper = Shim::opened(&workspace)?;
    let server = Server::of(&workspace)?;
    let clients = usize::try_from(SESSIONS)?;
    let pause = Duration::from_secs(1) * SESSIONS / REQUESTS_PER_SECOND;
    let load =
        Load::begin(server.clients(), Pace { clients, pause, with_long_call: false, only_reads: false })?;
    let times = runtime()?.block_on(caused(&server, scale.events))?;
    load.finish()?;
    drop(keeper);
    workspace.finish()?;
    let Times { came, went, asked } = times;
    for (what, sample) in [("attaches", came), ("is gone", went)] {
        for (percent, goal) in [(50, Goal::None), (99, Goal::Within(Duration::from_millis(10)))] {
            table.row(
                &format!(
                    "admin: until a subscriber knows that a client {what}, {SESSIONS} at work, p{percent}"
                ),
                goal,
                Figure::Time(sample.percentile(percent)),
                ("whoami at the same time", Figure::Time(asked.percentile(percent))),
            );
        }
    }
    Ok(())
}

/// What was found.
struct Times {
    came: Sample,
    went: Sample,
    /// The control: a question to the same server over the same kind of connection.
    asked: Sample,
}

/// A session that came or went, and when the subscriber was told.
enum Seen {
    Came(u64, Instant),
    Went(u64, Instant),
}

async fn caused(server: &Server, count: usize) -> Result<Times> {
    let (watching, asking) = (connect(server).await?, connect(server).await?);
    let (view, updates) = watching.subscribe().await?;
    let (tell, mut seen) = mpsc::unbounded_channel();
    let watch = tokio::spawn(watch(updates, tell));
    let mut newest = view.sessions.last().map_or(0, |session| session.number);
    let (mut came, mut went, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..count {
        let begun = Instant::now();
        let client = Simulated::open(server.clients()).await?;
        let told = until(&mut seen, |seen| match seen {
            Seen::Came(number, at) if number > newest => Some((number, at)),
            _ => None,
        });
        let (number, at) = told.await.context("a client attached")?;
        newest = number;
        came.push(at.duration_since(begun));
        let begun = Instant::now();
        drop(client);
        let told = until(&mut seen, |seen| match seen {
            Seen::Went(gone, at) if gone == number => Some(at),
            _ => None,
        });
        went.push(told.await.context("a client went")?.duration_since(begun));
        asked.push(question(&asking).await?);
    }
    drop(watching);
    watch.await??;
    Ok(Times { came: Sample::of(came), went: Sample::of(went), asked: Sample::of(asked) })
}

async fn question(client: &Client) -> Result<Duration> {
    let begun = Instant::now();
    client.call(Request::WhoAmI, Context::default()).await?;
    Ok(begun.elapsed())
}

/// Notes when each session came and went, until the connection ends.
async fn watch(mut updates: Updates, tell: mpsc::UnboundedSender<Seen>) -> Result<()> {
    while let Some(update) = updates.next().await {
        let at = Instant::now();
        let Update::Delta(delta) = update else { bail!("the subscriber has fallen behind") };
        for change in delta.changes {
            let seen = match change {
                Change::Session(session) => Seen::Came(session.number, at),
                Change::SessionEnded(number) => Seen::Went(number, at),
                _ => continue,
            };
            // At the end nobody asks any more.
            let _ = tell.send(seen);
        }
    }
    Ok(())
}

async fn until<T>(seen: &mut mpsc::UnboundedReceiver<Seen>, wanted: impl Fn(Seen) -> Option<T>) -> Result<T> {
    let found = async {
        while let Some(next) = seen.recv().await {
            if let Some(found) = wanted(next) {
                return Ok(found);
            }
        }
        bail!("nothing more is told")
    };
    timeout(PATIENCE, found).await.context("the subscriber was not told")?
}

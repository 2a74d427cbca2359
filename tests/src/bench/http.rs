//! Calls over HTTP, beside the SDK's own HTTP service; what many sessions hold; what their
//! clients notice of a handover, and of other clients that are slow.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::handover::{nothing_for, pace, under};
use super::load::{Asked, Load, Pace};
use super::sdk_server::SdkServer;
use super::steering::Server;
use super::table::{Figure, Goal, Table};
use super::web::{Era, Web, call};
use super::{Scale, seed};
use crate::http::Served;
use crate::measure::Sample;
use crate::{Workspace, process};

/// What a thousand clients from one address need.
const CONFIG: &str = "[front]\nmax_sessions = 3000\n[limits]\nread_burst = 1000000\nwrite_burst = 1000000\n";

/// Sessions whose memory is measured.
const SESSIONS: usize = 1000;

/// Clients that read nothing or say half of something, and those who are at work beside them.
const SLOW: usize = 200;
const OTHERS: u32 = 800;

/// Tasks in the database.
const TASKS: usize = 10_000;

/// Fills in the rows of HTTP.
///
/// # Errors
///
/// When a call or a restart fails.
pub fn measure(scale: &Scale, table: &mut Table) -> Result<()> {
    calls(scale, table)?;
    sessions(table)?;
    let (workspace, served) = thousand()?;
    let server = Server::of(&workspace)?;
    let found = under(&server, address(&served)?, pace(scale, 1000)?, scale.restarts)?;
    table.row(
        "longest wait of a read in a graceful restart, 1000 clients over HTTP, p99",
        Goal::Within(Duration::from_millis(50)),
        Figure::Time(found.reads.with.percentile(99)),
        ("without a restart", Figure::Time(found.reads.without.percentile(99))),
    );
    slow(scale, table, address(&served)?)?;
    drop(served);
    workspace.finish()
}

fn thousand() -> Result<(Workspace, Served)> {
    let workspace = Workspace::configured(CONFIG)?;
    seed::tasks(&workspace, TASKS)?;
    let served = Served::start(&workspace, &[])?;
    Ok((workspace, served))
}

fn address(served: &Served) -> Result<SocketAddr> {
    let address = served.url.trim_start_matches("http://").trim_end_matches("/mcp");
    address.parse().with_context(|| served.url.clone())
}

/// What a call costs more than at the SDK's own service.
fn calls(scale: &Scale, table: &mut Table) -> Result<()> {
    let (ours, theirs) = (Workspace::configured(CONFIG)?, Workspace::new()?);
    let served = Served::start(&ours, &[])?;
    let control = SdkServer::start(&theirs)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for (era, what) in [(Era::Legacy, "in a session"), (Era::Modern, "stateless")] {
        let (through, past) = runtime.block_on(async {
            let mut through = Web::open(address(&served)?, era).await?;
            let mut past = Web::open(control.address, era).await?;
            let request = call(era, "orchestrator_get_status", &json!({}));
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            // In turns, so that whatever else the machine does falls on both.
            for _ in 0..10 {
                ours.push(repeated(&mut through, scale.calls / 10, &request).await?);
                theirs.push(repeated(&mut past, scale.calls / 10, &request).await?);
            }
            Ok::<_, anyhow::Error>((Sample::joined(ours), Sample::joined(theirs)))
        })?;
        table.row(
            &format!("a call over HTTP, {what}: more than the SDK's own service takes, p50"),
            Goal::Within(Duration::from_micros(60)),
            Figure::Time(through.median().saturating_sub(past.median())),
            ("that service", Figure::Time(past.median())),
        );
    }
    drop((served, control));
    ours.finish()
}

async fn repeated(client: &mut Web, count: usize, request: &[u8]) -> Result<Sample> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = std::time::Instant::now();
        client.request(request).await?;
        times.push(begun.elapsed());
    }
    Ok(Sample::of(times))
}

/// What sessions with open streams hold, in front and worker together.
fn sessions(table: &mut Table) -> Result<()> {
    let workspace = Workspace::configured(CONFIG)?;
    let served = Served::start(&workspace, &[])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Everything that is loaded when first used has been used.
        let _first = open(address(&served)?, 10).await?;
        let before = resident(&workspace)?;
        let _held = open(address(&served)?, SESSIONS).await?;
        let more = resident(&workspace)?.saturating_sub(before);
        table.row(
            &format!("{SESSIONS} sessions with open streams, over all processes"),
            Goal::Mebibytes(SESSIONS as f64 * 32.0 / 1024.0),
            Figure::Mebibytes(more as f64 / (1024.0 * 1024.0)),
            ("before", Figure::Mebibytes(before as f64 / (1024.0 * 1024.0))),
        );
        Ok::<_, anyhow::Error>(())
    })?;
    drop(served);
    workspace.finish()
}

async fn open(address: SocketAddr, count: usize) -> Result<Vec<(Web, super::web::Listening)>> {
    let mut held = Vec::new();
    for _ in 0..count {
        let mut client = Web::open(address, Era::Legacy).await?;
        client.request(&call(Era::Legacy, "orchestrator_get_status", &json!({}))).await?;
        let stream = client.listen().await?;
        held.push((client, stream));
    }
    Ok(held)
}

fn resident(workspace: &Workspace) -> Result<u64> {
    let status = workspace.status()?;
    let (front, worker) = (status.pid.context("a front")?, status.worker_pid().context("a worker")?);
    Ok(process::resident_bytes(front)? + process::resident_bytes(worker)?)
}

/// What others notice of clients that read nothing, say nothing, or say it letter by letter.
fn slow(scale: &Scale, table: &mut Table, address: SocketAddr) -> Result<()> {
    let load = Load::begin(address, Pace { only_reads: true, ..pace(scale, OTHERS)? })?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..scale.pairs {
        alone.push(nothing_for(scale.stretch));
        let held = Slow::begin(address)?;
        beside.push(nothing_for(scale.stretch));
        drop(held);
    }
    let waits = load.finish()?;
    let p99 = |windows: Vec<_>| {
        let all = windows.into_iter().map(|window| waits.all_in(window, Asked::Read)).collect();
        Sample::joined(all).percentile(99)
    };
    table.row(
        &format!("wait of a read of {OTHERS} clients beside {SLOW} slow or silent ones, p99"),
        Goal::Times(2.0),
        Figure::Time(p99(beside)),
        ("without them", Figure::Time(p99(alone))),
    );
    Ok(())
}

/// Slow clients, on a thread of their own. Dropped, they are gone.
struct Slow {
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Slow {
    /// Returns once all are connected.
    fn begin(address: SocketAddr) -> Result<Self> {
        let (end, ended) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut streams = Vec::new();
                for _ in 0..SLOW {
                    streams.push(TcpStream::connect(address).await?);
                }
                let clients: JoinSet<()> = streams.into_iter().enumerate().map(be_slow).collect();
                // Nobody is there to be told when the beginning was given up.
                let _ = tell.send(());
                let _ = ended.await;
                drop(clients);
                Ok(())
            })
        });
        told.recv().context("the slow clients could not connect")?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "slowness is what these clients are for")]
async fn be_slow((number, mut stream): (usize, TcpStream)) {
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n";
    let said = match number % 3 {
        // Nothing at all.
        0 => String::new(),
        // Half a head, and a whole one with a body that comes letter by letter.
        1 => head.to_owned(),
        _ => format!("{head}Content-Type: application/json\r\n\r\n{{"),
    };
    let mut is_taken = stream.write_all(said.as_bytes()).await.is_ok();
    while is_taken {
        tokio::time::sleep(Duration::from_millis(50)).await;
        is_taken = number % 3 == 0 || stream.write_all(b"x").await.is_ok();
    }
}

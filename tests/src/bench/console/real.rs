//! What is measured with a real server and a thousand sessions.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use task_orchestrator_shared::admin::config::ConfigEntry;
use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::admin::{Context, Reply, Request};
use task_orchestrator_shared::client::{Client, Target};
use tokio::runtime::{Builder, Runtime};

use super::{SESSIONS, first, idle, told};
use crate::Workspace;
use crate::bench::Scale;
use crate::bench::load::{Load, Pace};
use crate::bench::simulated::Simulated;
use crate::bench::speaker::Shim;
use crate::bench::steering::Server;
use crate::bench::table::Table;

/// Room for the sessions, and for those that come and go.
const ROOM: &str = "[front]\nmax_sessions = 2000\n";

/// Requests of all sessions together in a second, as many as the machine answers
/// without a queue.
const REQUESTS_PER_SECOND: u32 = 1000;

/// What a real server says of itself.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) view: View,
    pub(super) config: Vec<ConfigEntry>,
}

pub(super) fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// The rows, and what the server says.
pub(super) fn measure(scale: &Scale, table: &mut Table) -> Result<Told> {
    let workspace = Workspace::configured(ROOM)?;
    let keeper = Shim::opened(&workspace)?;
    let server = Server::of(&workspace)?;
    let runtime = runtime()?;
    let told = runtime.block_on(async {
        let sessions = opened(&server).await?;
        let told = asked(&server).await?;
        first::measure(scale, table, workspace.path())?;
        let front = workspace.status()?.pid.context("a front")?;
        idle::measure(table, workspace.path(), front)?;
        drop(sessions);
        anyhow::Ok(told)
    })?;
    let load = at_work(server.clients())?;
    told::events(scale, table, &workspace, &server)?;
    load.finish()?;
    drop(keeper);
    told::death(table, &workspace)?;
    workspace.finish()?;
    Ok(told)
}

async fn opened(server: &Server) -> Result<Vec<Simulated>> {
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(Simulated::open(server.clients()).await?);
    }
    Ok(sessions)
}

fn at_work(clients: &Path) -> Result<Load> {
    let pause = Duration::from_secs(1) * SESSIONS / REQUESTS_PER_SECOND;
    let pace = Pace { clients: usize::try_from(SESSIONS)?, pause, with_long_call: false, only_reads: true };
    Load::begin(clients, pace)
}

async fn asked(server: &Server) -> Result<Told> {
    let Target { socket, hello, options } = server.admins().clone();
    let client = Client::connect(&socket.path(), hello, options).await?;
    let (view, _updates) = client.subscribe().await?;
    let Reply::Config(config) = client.call(Request::ShowConfig, Context::default()).await? else {
        anyhow::bail!("something else than the configuration")
    };
    Ok(Told { view: *view, config })
}

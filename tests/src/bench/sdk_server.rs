//! The control for calls over HTTP: the SDK's own HTTP service with the same tools, in one
//! process, without anything that could be replaced under its clients.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use task_orchestrator::link::{ClientId, FrontState, TakeOver};
use task_orchestrator::roles::Roles;
use task_orchestrator::store::{Store, StoreOptions};
use task_orchestrator::worker::service::TaskService;
use task_orchestrator::worker::session::{RecordSink, Session, SessionRecord};
use task_orchestrator::worker::shared::Shared;
use tokio::net::TcpListener;

use crate::Workspace;

/// Nobody goes on from what a session leaves.
struct Nowhere;

impl RecordSink for Nowhere {
    fn save(&self, _record: &SessionRecord) {}
}

/// The process, and where it serves.
#[derive(Debug)]
pub struct SdkServer {
    child: Child,
    /// Where.
    pub address: SocketAddr,
}

impl SdkServer {
    /// Starts this program again as the server of a workspace that nobody else serves.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start(workspace: &Workspace) -> Result<Self> {
        use std::io::{BufRead, BufReader};
        let mut command = std::process::Command::new(std::env::current_exe()?);
        command.arg("--sdk-server").arg(workspace.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output")?).read_line(&mut line)?;
        let address = line.trim().parse().with_context(|| format!("it said {line:?}"));
        Ok(Self { child, address: address? })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for SdkServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is that server, until killed. Prints its address.
///
/// # Errors
///
/// When the workspace cannot be opened.
#[expect(clippy::print_stdout, reason = "whoever starts this reads the address there")]
pub fn serve(directory: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let shared = Arc::new(open(directory).await?);
        let make = move || {
            let session = Session::new(ClientId::random(), SessionRecord::default(), Box::new(Nowhere));
            Ok(TaskService::new(Arc::clone(&shared), Arc::new(session)))
        };
        let config = StreamableHttpServerConfig::default();
        let service = StreamableHttpService::new(make, Arc::new(LocalSessionManager::default()), config);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })
}

async fn open(directory: &Path) -> Result<Shared> {
    let state = directory.join(".task_orchestrator");
    std::fs::create_dir_all(&state)?;
    let roles = Arc::new(Roles::load(&state.join("roles")));
    let options = StoreOptions::new(state.join("task_orchestrator.db"), state.join("artifacts"));
    let store = Store::open(&options)?;
    store.activate(TakeOver::Alone).await?;
    let shared = Shared::new(store, roles, directory.to_owned(), state);
    shared.activate(1, FrontState::default());
    Ok(shared)
}

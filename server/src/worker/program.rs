//! The worker as the program runs it: the store and the roles of a workspace,
//! served to every session.

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::service::Peer;

use super::WorkerError;
use super::run::{self, Opened};
use super::serve::{LinkEnd, Services};
use super::service::TaskService;
use super::session::Session;
use super::shared::Shared;
use crate::config::{self, Config};
use crate::link::Activation;
use crate::roles::Roles;
use crate::store::{self, SCHEMA_VERSION, Store, StoreError, StoreOptions};
use crate::workspace::Workspace;

/// How often files that no artifact names are looked for; the first time at once.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// What a test build may change. The program itself always runs the default.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether replies are kept for repeated requests. Without, a replay repeats
    /// the effect: the history checker is proved by noticing that.
    pub operation_log: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { operation_log: true }
    }
}

/// Serves the front that started this process, from this workspace.
///
/// # Errors
///
/// [`WorkerError`]; the front has been told where that was possible.
pub async fn run(workspace: &Workspace, config: &Config, options: Options) -> Result<LinkEnd, WorkerError> {
    run::run(SCHEMA_VERSION, |activation| open(workspace, config, options, activation)).await
}

async fn open(
    workspace: &Workspace,
    config: &Config,
    options: Options,
    mut activation: Activation,
) -> Result<Opened<Tasks>, WorkerError> {
    let store = Store::open(&store_options(workspace, config, options)).map_err(store_failed)?;
    let generation = store.activate().await.map_err(store_failed)?;
    activation.generation = generation;
    tokio::spawn(sweep(store.clone()));
    let roles = Arc::new(Roles::load(&workspace.roles()));
    let (root, dir) = (workspace.root().to_owned(), workspace.dir().to_owned());
    let shared = Shared::new(store, roles, root, dir, activation);
    Ok(Opened { services: Arc::new(Tasks(Arc::new(shared))), generation })
}

/// Removes artifact files that nothing names: what a worker left that died
/// between a file and its commit, and what deleted tasks had.
async fn sweep(store: Store) {
    let mut due = tokio::time::interval(SWEEP_EVERY);
    loop {
        due.tick().await;
        match store.sweep_orphans().await {
            Ok(sweep) => tracing::debug!(?sweep, "artifact files swept"),
            Err(StoreError::Closed) => return,
            Err(error) => tracing::warn!(%error, "artifact files could not be swept"),
        }
    }
}

fn store_options(workspace: &Workspace, config: &Config, options: Options) -> StoreOptions {
    StoreOptions {
        synchronous: match config.store.synchronous {
            config::Synchronous::Full => store::Synchronous::Full,
            config::Synchronous::Normal => store::Synchronous::Normal,
        },
        readers: config.store.readers as usize,
        group_commit_max: config.store.group_commit_max as usize,
        retention: config.store.operation_retention,
        operation_log: options.operation_log,
        ..StoreOptions::new(workspace.database(), workspace.artifacts())
    }
}

/// What is wrong with the file stays wrong; everything else may pass.
fn store_failed(error: StoreError) -> WorkerError {
    match error {
        StoreError::SchemaTooNew { .. } | StoreError::SchemaTooOld { .. } | StoreError::NotOurs(_) => {
            WorkerError::Permanent(error.to_string())
        }
        _ => WorkerError::Temporary(error.to_string()),
    }
}

/// Serves each session with the task tools.
struct Tasks(Arc<Shared>);

impl Services for Tasks {
    type Handler = TaskService;

    fn open(&self, session: Arc<Session>) -> TaskService {
        TaskService::new(Arc::clone(&self.0), session)
    }

    async fn resumed(&self, handler: &TaskService, peer: Peer<RoleServer>) {
        handler.resumed(&peer).await;
    }

    fn front_changed(&self, activation: Activation) {
        self.0.activate(activation);
    }

    async fn close(&self) {
        // Leaves one file: the log is copied back into the database.
        self.0.store.close().await;
    }
}

//! The worker as the program runs it: the store and the roles of a workspace,
//! served to every session.

use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::service::Peer;

use super::WorkerError;
use super::run::{self, Opened};
use super::serve::{LinkEnd, Services};
use super::service::TaskService;
use super::session::Session;
use super::shared::Shared;
use crate::config::Config;
use crate::link::Activation;
use crate::roles::Roles;
use crate::store::{SCHEMA_VERSION, Store, StoreError, StoreOptions};
use crate::workspace::Workspace;

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

fn open(
    workspace: &Workspace,
    config: &Config,
    options: Options,
    mut activation: Activation,
) -> Result<Opened<Tasks>, WorkerError> {
    let store = Store::open(&store_options(workspace, config, options)).map_err(store_failed)?;
    let generation = store.activate(activation.generation).map_err(store_failed)?;
    activation.generation = generation;
    let roles = Arc::new(Roles::load(&workspace.roles()));
    let shared =
        Shared::new(store, roles, workspace.root().to_owned(), workspace.dir().to_owned(), activation);
    Ok(Opened { services: Arc::new(Tasks(Arc::new(shared))), generation })
}

fn store_options(workspace: &Workspace, config: &Config, options: Options) -> StoreOptions {
    let mut store = StoreOptions::new(workspace.database(), workspace.artifacts());
    store.operation_log = options.operation_log;
    store
}

fn store_failed(error: StoreError) -> WorkerError {
    WorkerError::Temporary(error.to_string())
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
}

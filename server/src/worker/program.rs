//! The worker as the program runs it: the store and the roles of a workspace,
//! served to every session.

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::service::Peer;
use task_orchestrator_shared::error_code::ErrorCode;

use super::WorkerError;
use super::run;
use super::serve::{LinkEnd, Services};
use super::service::TaskService;
use super::session::Session;
use super::shared::Shared;
use crate::config::{self, Config};
use crate::link::{Activation, Done, FrontState, Order, OrderFailure, WorkerPrepared, WorkerReady};
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
    run::run(SCHEMA_VERSION, || open(workspace, config, options)).await
}

async fn open(workspace: &Workspace, config: &Config, options: Options) -> Result<Tasks, WorkerError> {
    let store = Store::open(&store_options(workspace, config, options)).map_err(store_failed)?;
    let roles = Arc::new(Roles::load(&workspace.roles()));
    let (root, dir) = (workspace.root().to_owned(), workspace.dir().to_owned());
    Ok(Tasks(Arc::new(Shared::new(store, roles, root, dir))))
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

    async fn prepare(&self) -> Result<WorkerPrepared, WorkerError> {
        Ok(WorkerPrepared {
            schema: SCHEMA_VERSION,
            found: SCHEMA_VERSION,
            migration_due: false,
            reversible: true,
            open_tasks: 0,
        })
    }

    async fn activate(&self, activation: Activation) -> Result<WorkerReady, WorkerError> {
        let generation = self.0.store.activate(activation.take_over).await.map_err(store_failed)?;
        tokio::spawn(sweep(self.0.store.clone()));
        self.0.activate(generation, activation.front);
        Ok(WorkerReady { generation, ..WorkerReady::default() })
    }

    async fn order(&self, order: Order) -> Result<Done, OrderFailure> {
        let error = format!("{order:?} is not known to this build");
        Err(OrderFailure { error_code: ErrorCode::Internal, error })
    }

    async fn retire_former(&self) {}

    fn front_changed(&self, state: FrontState) {
        self.0.front_changed(state);
    }

    async fn close(&self) {
        // Leaves one file: the log is copied back into the database.
        self.0.store.close().await;
    }
}

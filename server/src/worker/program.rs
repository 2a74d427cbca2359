//! The worker as the program runs it: the store and the roles of a workspace,
//! served to every session.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rmcp::service::Peer;
use rmcp::{RoleServer, ServerHandler};
use task_orchestrator_shared::admin::log::LogLevel;
use task_orchestrator_shared::report::LimitsCheck;
use task_orchestrator_shared::restart::MigrationReport;
use tokio::sync::watch;

use super::background::Runner;
use super::limits::Limits;
pub use super::options::{Misbehaviour, Options};
use super::serve::{LinkEnd, Services};
use super::service::{self, TaskService};
use super::session::Session;
use super::shared::Shared;
use super::{WorkerError, inspect, orders, run, tree};
use crate::config::{self, Config};
use crate::link::{
    Activation, Done, FrontState, Order, OrderFailure, PROTOCOL, TakeOver, WorkerPrepared, WorkerReady,
};
use crate::logging::LogHandle;
use crate::roles::Roles;
use crate::store::{self, ExecuteError, SCHEMA_VERSION, Store, StoreError, StoreOptions};
use crate::tasks::Repository as _;
use crate::workspace::Workspace;

/// How often files that no artifact names are looked for; the first time at once.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Tasks that a standby reads whole before it says that it could serve.
const PROVED: usize = 25;

/// What answers the requests of a session. The installed program has one, [`Tools`]; a
/// test build may bring another, which then lives on the same link, store and restarts.
pub trait Handlers: Send + Sync + 'static {
    /// What serves one session.
    type Handler: ServerHandler;
    /// What carries out the calls that run in the background.
    type Runner: Runner;

    /// That of this worker.
    fn runner(&self, shared: &Arc<Shared>) -> Arc<Self::Runner>;

    /// The service for a new session or for one taken over.
    fn open(&self, shared: &Arc<Shared>, session: Arc<Session>) -> Self::Handler;

    /// Whether a session that is taken over is to be told something at once.
    fn has_news(&self, shared: &Shared, session: &Session) -> bool;

    /// An earlier worker's session is served here from now on, and is to be told something.
    /// Runs beside its requests.
    fn resumed(&self, handler: &Self::Handler, peer: Peer<RoleServer>) -> impl Future<Output = ()> + Send;
}

/// The task tools: what the installed program serves.
#[derive(Debug, Clone, Copy)]
pub struct Tools;

impl Handlers for Tools {
    type Handler = TaskService;
    type Runner = Shared;

    fn runner(&self, shared: &Arc<Shared>) -> Arc<Shared> {
        Arc::clone(shared)
    }

    fn open(&self, shared: &Arc<Shared>, session: Arc<Session>) -> TaskService {
        TaskService::new(Arc::clone(shared), session)
    }

    fn has_news(&self, shared: &Shared, session: &Session) -> bool {
        service::has_news(shared, session)
    }

    async fn resumed(&self, handler: &TaskService, peer: Peer<RoleServer>) {
        handler.resumed(&peer).await;
    }
}

/// Serves the front that started this process, from this workspace.
///
/// # Errors
///
/// [`WorkerError`]; the front has been told where that was possible.
pub async fn run<H: Handlers>(
    workspace: &Workspace,
    config: &Config,
    options: Options,
    handlers: H,
    log: LogHandle,
) -> Result<LinkEnd, WorkerError> {
    let schema = options.schema_target.unwrap_or(SCHEMA_VERSION);
    let versions = options.link_versions.unwrap_or(PROTOCOL);
    run::run(schema, versions, || open(workspace, config, options, handlers, log)).await
}

async fn open<H: Handlers>(
    workspace: &Workspace,
    config: &Config,
    options: Options,
    handlers: H,
    log: LogHandle,
) -> Result<Worker<H>, WorkerError> {
    let store = Store::open(&store_options(workspace, config, options)).map_err(store_failed)?;
    if let Some(known) = options.schema_target {
        refuse_newer(&store, known)?;
    }
    let roles = Arc::new(Roles::load(&workspace.roles()));
    let (root, dir) = (workspace.root().to_owned(), workspace.dir().to_owned());
    let limits = Limits::new(&config.limits);
    let shared = Shared::new(store, roles, root, dir).with_options(options).with_limits(limits);
    let shared = Arc::new(shared);
    tokio::spawn(log_as_told(shared.watch_front(), log));
    Ok(Worker { shared, handlers, backups: workspace.server_state(), sweeping: AtomicBool::new(false) })
}

/// Logs as much as the front says, for as long as both live.
async fn log_as_told(mut front: watch::Receiver<(u64, FrontState)>, log: LogHandle) {
    let mut known = None;
    while front.changed().await.is_ok() {
        let wanted = front.borrow().1.log_level.clone();
        if wanted != known {
            if let Some(level) = wanted.as_deref().and_then(LogLevel::named) {
                log.set_level(level.into());
            }
            known = wanted;
        }
    }
}

/// As a build would that knows only this schema.
fn refuse_newer(store: &Store, known: u32) -> Result<(), WorkerError> {
    let found = store.schema().map_err(read_failed)?.found;
    if found <= known {
        return Ok(());
    }
    let path = store.options().database.clone();
    Err(store_failed(StoreError::SchemaTooNew { path, found, known }))
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

fn read_failed(error: ExecuteError) -> WorkerError {
    match error {
        ExecuteError::Store(error) => store_failed(error),
        error => WorkerError::Temporary(error.to_string()),
    }
}

/// Serves each session from the store of a workspace.
struct Worker<H> {
    shared: Arc<Shared>,
    handlers: H,
    /// Where a backup goes before a migration.
    backups: PathBuf,
    /// Whether artifact files are looked after already: a worker may be activated again.
    sweeping: AtomicBool,
}

impl<H> Worker<H> {
    /// Copies the database as it is before a migration.
    async fn back_up(&self) -> Result<String, WorkerError> {
        let (options, directory) = (self.shared.store.opened_with(), self.backups.clone());
        let copying = move || crate::state::back_up(&options, &directory, jiff::Timestamp::now());
        let copied = tokio::task::spawn_blocking(copying).await;
        let failed = |error: &dyn std::fmt::Display| {
            WorkerError::Temporary(format!("the database cannot be backed up before its migration: {error}"))
        };
        copied.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
    }

    /// Migrates where that is due, and says what was migrated.
    async fn take_over(&self, how: TakeOver) -> Result<(u64, Option<MigrationReport>), WorkerError> {
        let store = &self.shared.store;
        let state = store.schema().map_err(read_failed)?;
        let backup = if state.migration_due { Some(self.back_up().await?) } else { None };
        let generation = store.activate(how).await.map_err(store_failed)?;
        let to = self.shared.options.schema_target.unwrap_or(SCHEMA_VERSION).max(state.found);
        let migration = (to != state.found).then_some(MigrationReport { from: state.found, to, backup });
        Ok((generation, migration))
    }

    fn open_tasks(&self) -> Result<u64, WorkerError> {
        let counts = self.shared.store.read_short(|tx| Ok(tx.counts(None)?));
        Ok(counts.map_err(read_failed)?.open())
    }
}

impl<H: Handlers> Services for Worker<H> {
    type Handler = H::Handler;

    fn open(&self, session: Arc<Session>) -> H::Handler {
        self.handlers.open(&self.shared, session)
    }

    fn has_news(&self, session: &Session) -> bool {
        self.handlers.has_news(&self.shared, session)
    }

    async fn resumed(&self, handler: &H::Handler, peer: Peer<RoleServer>) {
        self.handlers.resumed(handler, peer).await;
    }

    async fn prepare(&self) -> Result<WorkerPrepared, WorkerError> {
        if self.shared.options.fail == Some(Misbehaviour::HangBeforePrepared) {
            std::future::pending::<()>().await;
        }
        let store = &self.shared.store;
        let state = store.schema().map_err(read_failed)?;
        // A reader of its own, and whole tasks: what is damaged shows here, not at the first request.
        let newest = store.read(|tx| Ok(tx.newest(None, &[], PROVED)?.len())).await.map_err(read_failed)?;
        let roles = self.shared.roles.names().len();
        tracing::info!(schema = state.found, newest, roles, "prepared");
        let target = self.shared.options.schema_target;
        Ok(WorkerPrepared {
            schema: target.unwrap_or(SCHEMA_VERSION),
            found: state.found,
            migration_due: state.migration_due || target.is_some_and(|target| target != state.found),
            reversible: state.reversible && target.is_none(),
            open_tasks: self.open_tasks()?,
        })
    }

    async fn activate(&self, activation: Activation) -> Result<WorkerReady, WorkerError> {
        if self.shared.options.fail == Some(Misbehaviour::HangBeforeReady) {
            std::future::pending::<()>().await;
        }
        let (generation, migration) = self.take_over(activation.take_over).await?;
        if !self.sweeping.swap(true, Ordering::Relaxed) {
            tokio::spawn(sweep(self.shared.store.clone()));
            let runner = self.handlers.runner(&self.shared);
            tokio::spawn(Arc::clone(&self.shared.background).serve(runner));
        }
        self.shared.activate(generation, activation.front);
        Ok(WorkerReady { generation, open_tasks: self.open_tasks()?, migration })
    }

    async fn order(&self, order: Order) -> Result<Done, OrderFailure> {
        match order {
            Order::Snapshot { file, header } => {
                // A snapshot without them is better than none.
                let suspended = self.shared.store.suspended_calls().unwrap_or_default();
                orders::snapshot(&self.shared, file, header, suspended).await
            }
            Order::VerifySnapshot { file, bulk } => orders::verify(&self.shared, file, bulk).await,
            Order::Backup { directory } => orders::backup(&self.shared, directory).await,
            Order::Suspend => Ok(Done::Suspending(self.shared.suspend())),
            Order::Inspect => inspect::inspect(&self.shared).await.map(Done::Inspection),
            Order::ReadTasks => tree::read(&self.shared).await.map(Done::Tasks),
        }
    }

    async fn retire_former(&self) {
        if let Err(error) = self.shared.store.retire_former().await {
            // Its process has ended by now, so this fences nobody who lives.
            tracing::error!(%error, "the worker before could not be fenced off");
        }
        // What that worker had in the background is anybody's now.
        self.shared.background.kick();
    }

    fn front_changed(&self, state: FrontState) {
        self.shared.front_changed(state);
    }

    fn limits(&self) -> Option<LimitsCheck> {
        self.shared.limits.as_ref().map(Limits::check)
    }

    async fn close(&self) {
        // Before the store, so that they can be handed on.
        self.shared.background.close().await;
        // Leaves one file: the log is copied back into the database.
        self.shared.store.close().await;
    }
}

#[cfg(test)]
mod tests;

//! What all sessions of one worker share: the store, the roles, the tools, and
//! what the front says about itself. Must never hold anything of one client.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use task_orchestrator_shared::phase::Phase;
use tokio::sync::watch;

use super::background::Background;
use super::failure::Failure;
use super::jobs::Jobs;
use super::limits::{Family, Limits};
use super::options::Options;
use super::session::Session;
use super::tools::Catalogue;
use crate::link::FrontState;
use crate::roles::Roles;
use crate::store::Store;

/// What all sessions of one worker share.
pub struct Shared {
    /// Where tasks are kept.
    pub store: Store,
    /// The specialist roles of the workspace.
    pub roles: Arc<Roles>,
    /// The project directory, with links resolved where it could be.
    pub workspace: PathBuf,
    /// Where the workspace keeps its state.
    pub orchestrator_dir: PathBuf,
    pub(super) tools: Catalogue,
    pub(super) prompts: String,
    pub(super) jobs: Jobs,
    /// How often clients may call tools; none: as often as they like.
    pub(super) limits: Option<Limits>,
    /// Calls that run in the background.
    pub(super) background: Arc<Background>,
    pub(super) options: Options,
    /// The generation of this worker, and what the front says about itself.
    front: watch::Sender<(u64, FrontState)>,
}

/// The server as `orchestrator_get_status` shows it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ServerStatus {
    /// Seconds since the server started; restarts of its worker do not count.
    uptime: i64,
    /// Version of the running worker.
    version: String,
    /// How many workers have been active, this one included.
    generation: u64,
    /// Which phase of a restart the server is in; idle between restarts.
    phase: String,
    /// Whether new requests are held back by an operator.
    maintenance_mode: bool,
}

impl Shared {
    /// What a worker serves with once it has been activated.
    pub fn new(store: Store, roles: Arc<Roles>, workspace: PathBuf, orchestrator_dir: PathBuf) -> Self {
        for problem in roles.problems() {
            tracing::warn!(%problem, "a role file of the workspace is not used");
        }
        Self {
            background: Arc::new(Background::new(store.clone())),
            store,
            tools: Catalogue::new(&roles),
            prompts: roles.digest(),
            roles,
            // Compared with resolved paths later; one that cannot be resolved refuses them all.
            workspace: workspace.canonicalize().unwrap_or(workspace),
            orchestrator_dir,
            jobs: Jobs::default(),
            limits: None,
            options: Options::default(),
            front: watch::Sender::default(),
        }
    }

    /// The same as a test build.
    #[must_use]
    pub fn with_options(mut self, options: Options) -> Self {
        if options.extra_tool {
            self.tools.add_extra(&self.roles);
        }
        self.options = options;
        self
    }

    /// The same with limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits: Some(limits), ..self }
    }

    /// Takes one call of the family from the session's client.
    ///
    /// # Errors
    ///
    /// As [`Limits::admit`].
    pub(super) fn admit(&self, session: &Session, family: Family) -> Result<(), Failure> {
        self.limits.as_ref().map_or(Ok(()), |limits| limits.admit(session, family))
    }

    /// This worker serves from here on, as this generation.
    pub fn activate(&self, generation: u64, front: FrontState) {
        self.jobs.resume();
        self.front.send_replace((generation, front));
        self.background.resume();
    }

    /// Calls that run in the background.
    pub fn background(&self) -> &Background {
        &self.background
    }

    /// Asks all long calls to stop at their next checkpoint. Returns how many run.
    pub fn suspend(&self) -> u64 {
        self.background.suspend();
        self.jobs.suspend()
    }

    /// Takes over what the front says about itself now.
    pub fn front_changed(&self, state: FrontState) {
        if matches!(state.phase, Phase::Idle | Phase::Complete | Phase::Failed | Phase::RolledBack) {
            // A restart that came to nothing leaves this worker to go on.
            self.jobs.resume();
            self.background.resume();
        }
        self.front.send_modify(|front| front.1 = state);
        // Safe mode may be over.
        self.background.kick();
    }

    /// Which generation this worker is; 0 before it serves.
    pub fn generation(&self) -> u64 {
        self.front.borrow().0
    }

    /// What the front last said about itself.
    pub fn front(&self) -> FrontState {
        self.front.borrow().1.clone()
    }

    /// The generation, and what the front says about itself, as they change.
    pub(super) fn watch_front(&self) -> watch::Receiver<(u64, FrontState)> {
        self.front.subscribe()
    }

    /// The server as it stands.
    pub(super) fn server_status(&self) -> ServerStatus {
        let front = self.front.borrow();
        let (generation, state) = &*front;
        ServerStatus {
            uptime: Timestamp::now().as_second().saturating_sub(state.front_started_at).max(0),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            generation: *generation,
            phase: state.phase.to_string(),
            maintenance_mode: state.maintenance_mode,
        }
    }
}

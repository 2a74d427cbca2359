//! What all sessions of one worker share: the store, the roles, the tools, and
//! what the front says about itself. Must never hold anything of one client.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::tools::Catalogue;
use crate::link::Activation;
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
    activation: RwLock<Activation>,
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
    pub fn new(
        store: Store,
        roles: Arc<Roles>,
        workspace: PathBuf,
        orchestrator_dir: PathBuf,
        activation: Activation,
    ) -> Self {
        for problem in roles.problems() {
            tracing::warn!(%problem, "a role file of the workspace is not used");
        }
        Self {
            store,
            tools: Catalogue::new(&roles),
            prompts: roles.digest(),
            roles,
            // Compared with resolved paths later; one that cannot be resolved refuses them all.
            workspace: workspace.canonicalize().unwrap_or(workspace),
            orchestrator_dir,
            activation: RwLock::new(activation),
        }
    }

    /// Takes over what the front says about itself now.
    pub fn activate(&self, activation: Activation) {
        *self.activation.write().unwrap_or_else(PoisonError::into_inner) = activation;
    }

    /// The server as it stands.
    pub(super) fn server_status(&self) -> ServerStatus {
        let activation = self.activation.read().unwrap_or_else(PoisonError::into_inner);
        ServerStatus {
            uptime: Timestamp::now().as_second().saturating_sub(activation.front_started_at).max(0),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            generation: activation.generation,
            phase: activation.phase.clone(),
            maintenance_mode: activation.maintenance_mode,
        }
    }
}

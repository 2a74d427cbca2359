//! What `status --json` tells, as far as tests look at it.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use task_orchestrator_shared::phase::Phase;

/// What `status --json` says.
#[derive(Debug, Clone, Deserialize)]
pub struct Status {
    /// Whether a front answers.
    pub running: bool,
    /// The front's process id.
    #[serde(default)]
    pub pid: Option<u32>,
    /// Where it is reached over HTTP.
    #[serde(default)]
    pub http: Option<String>,
    /// How many workers this front has activated.
    #[serde(default)]
    pub generation: Option<u64>,
    /// The active worker, where there is one.
    #[serde(default)]
    pub worker: Option<WorkerStatus>,
    /// Workers of this front that ended without being asked to.
    #[serde(default)]
    pub crashes: u64,
    /// Requests that were sent to a worker again.
    #[serde(default)]
    pub replayed: u64,
    /// The process that stands by, or is being started beside the active worker.
    #[serde(default)]
    pub standby: Option<u32>,
    /// The former worker, while it finishes what it holds.
    #[serde(default)]
    pub former: Option<u32>,
    /// Where a restart is.
    #[serde(default)]
    pub phase: Phase,
    /// Why there is safe mode, where there is.
    #[serde(default)]
    pub safe_mode: Option<String>,
    /// Requests that two workers died of.
    #[serde(default)]
    pub quarantined: u64,
    /// How many client sessions are attached.
    #[serde(default, deserialize_with = "count")]
    pub sessions: Option<u64>,
}

/// The worker's part of [`Status`].
#[derive(Debug, Clone, Deserialize)]
pub struct WorkerStatus {
    /// Its process id.
    #[serde(default)]
    pub pid: Option<u32>,
    /// Whether it serves already.
    #[serde(default)]
    pub ready: bool,
}

/// A number, or how many there are in the list.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let listed = value.as_array().and_then(|list| u64::try_from(list.len()).ok());
    Ok(value.as_u64().or(listed))
}

impl Status {
    /// Every worker process that it tells of.
    pub fn workers(&self) -> Vec<u32> {
        let active = self.worker.as_ref().and_then(|worker| worker.pid);
        active.into_iter().chain(self.standby).chain(self.former).collect()
    }

    /// The process id of the worker that serves.
    pub fn worker_pid(&self) -> Option<u32> {
        self.worker.as_ref().filter(|worker| worker.ready).and_then(|worker| worker.pid)
    }
}

//! What `status --json` tells, as far as tests look at it.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What `status --json` says.
#[derive(Debug, Clone, Deserialize)]
pub struct Status {
    /// Whether a front answers.
    pub running: bool,
    /// The front's process id.
    #[serde(default)]
    pub pid: Option<u32>,
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
    /// The process id of the worker that serves.
    pub fn worker_pid(&self) -> Option<u32> {
        self.worker.as_ref().filter(|worker| worker.ready).and_then(|worker| worker.pid)
    }
}

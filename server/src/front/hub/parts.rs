//! What a hub is made of, and what it needs to know.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::watch;

use crate::access::Access;
use crate::audit::Audit;
use crate::config::{Config, Level, Provenance};
use crate::front::budget::Budget;
use crate::front::jobs::{Jobs, Reload};
use crate::front::metrics::Metrics;
use crate::front::workers::Workers;
use crate::ledger::Ledger;
use crate::link::Goodbye;
use crate::restart::Machine;
use crate::restart::build::Build;

/// What the hub needs to know.
pub(crate) struct Settings {
    /// Ends the front when nobody was attached for so long; `None` for a front
    /// that was started to stay.
    pub(crate) idle_timeout: Option<Duration>,
    /// Asks for the end of the front, with whether its clients are to come back.
    pub(crate) end: Box<dyn Fn(Goodbye) + Send>,
    pub(crate) workspace: String,
    /// The file of their tokens.
    pub(crate) tokens: PathBuf,
    /// Where clients on the network reach the front.
    pub(crate) http: Option<String>,
    pub(crate) budget: Budget,
    /// Seconds since the Unix epoch.
    pub(crate) front_started_at: i64,
    pub(crate) reload: Reload,
    /// The program that is run where the configuration names none.
    pub(crate) own_program: PathBuf,
    pub(crate) held_long: watch::Sender<bool>,
    /// Drawn anew by each front.
    pub(crate) boot: String,
    /// The generation, for those who greet administrators.
    pub(crate) generation: Arc<AtomicU64>,
    pub(crate) metrics: Arc<Metrics>,
    /// Changes how much this process logs.
    pub(crate) set_log_level: Box<dyn Fn(Level) + Send>,
    /// What this process takes of the machine's memory, where that is known.
    pub(crate) resident_bytes: fn() -> Option<u64>,
}

/// What a hub begins with.
pub(crate) struct Parts {
    pub(crate) machine: Machine,
    pub(crate) workers: Workers,
    pub(crate) jobs: Jobs,
    pub(crate) ledger: Ledger,
    pub(crate) builds: Vec<Build>,
    pub(crate) config: Config,
    pub(crate) provenance: Provenance,
    pub(crate) audit: Audit,
    pub(crate) access: Access,
}

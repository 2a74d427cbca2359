//! How long each thing may take, and how often something may go wrong.

use std::time::Duration;

use crate::config::{Config, Policy};

/// How long a worker that is proved may take until it serves, when nothing has
/// to be migrated: opening sessions and one transaction.
const PROMOTION: Duration = Duration::from_secs(5);

/// How long a worker that was told to stop may take, before it is killed.
const EXIT: Duration = Duration::from_secs(5);

/// A spare is started so long after a swap, so that it does not take the
/// processor from the first answers.
const SPARE_DELAY: Duration = Duration::from_millis(250);

/// What the machine needs to know of the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// A whole restart, unless it says otherwise.
    pub timeout: Duration,
    /// A worker from its start until it is proved or serves.
    pub start: Duration,
    /// A proved worker until it serves.
    pub promotion: Duration,
    /// Work in flight, when everything has to finish first.
    pub suspension: Duration,
    /// What is done about work that takes longer.
    pub policy: Policy,
    /// Work that stays with the former worker.
    pub drain: Duration,
    /// A worker that was told to stop.
    pub exit: Duration,
    /// The build command; `None` where there is no such command.
    pub build: Option<Duration>,
    /// After another build has taken over.
    pub probation: Duration,
    /// Whether a worker always stands by.
    pub hot_standby: bool,
    /// From a swap to the start of the next spare.
    pub spare_delay: Duration,
    /// More crashes than this in 10 seconds are too many.
    pub crashes_in_10_seconds: u32,
    /// More crashes than this in 10 minutes are too many.
    pub crashes_in_10_minutes: u32,
    /// Without a crash until safe mode ends.
    pub quiet: Duration,
}

impl Limits {
    /// As the configuration says.
    pub fn of(config: &Config) -> Self {
        let restart = &config.restart;
        Self {
            timeout: restart.timeout,
            start: config.front.worker_start_timeout,
            promotion: PROMOTION,
            suspension: restart.suspension_timeout,
            policy: restart.suspension_policy,
            drain: restart.drain_timeout,
            exit: EXIT,
            build: restart.build_command.is_some().then_some(restart.build_timeout),
            probation: restart.probation,
            hot_standby: restart.hot_standby,
            spare_delay: SPARE_DELAY,
            crashes_in_10_seconds: restart.crashes_in_10_seconds,
            crashes_in_10_minutes: restart.crashes_in_10_minutes,
            quiet: restart.safe_mode_quiet,
        }
    }
}

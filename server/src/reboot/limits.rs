//! How often one client may use the reboot tools. Every client has its own
//! buckets; they live as long as its session with the front.

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use serde_json::json;
use task_orchestrator_shared::error_code::ErrorCode;

use super::command::Command;
use crate::config;
use crate::tool::failure::Failure;

type Bucket<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The buckets of one client.
#[derive(Debug)]
pub struct Limits<C: Clock = DefaultClock> {
    restart: Bucket<C>,
    status: Bucket<C>,
    reconnect_test: Bucket<C>,
    clock: C,
}

impl Limits {
    /// Full buckets.
    pub fn new(limits: &config::Limits) -> Self {
        Self::with_clock(limits, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limits<C> {
    /// Full buckets by another clock.
    pub fn with_clock(limits: &config::Limits, clock: C) -> Self {
        // A configured zero is refused where the configuration is read.
        let some = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let restart =
            Quota::with_period(limits.restart_interval).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        let bucket = |quota| RateLimiter::direct_with_clock(quota, clock.clone());
        Self {
            restart: bucket(restart.allow_burst(some(limits.restart_burst))),
            status: bucket(Quota::per_second(some(limits.status_per_second))),
            reconnect_test: bucket(Quota::per_minute(some(limits.reconnect_test_per_minute))),
            clock,
        }
    }

    /// Takes what the command costs.
    ///
    /// # Errors
    ///
    /// `RESTART_010` with `retry_after`, the seconds after which it is allowed.
    pub fn check(&self, command: &Command) -> Result<(), Failure> {
        let (bucket, what) = match command {
            Command::Restart { .. } => (&self.restart, "restarts"),
            Command::Status(_) => (&self.status, "questions for the state of a restart"),
            Command::Reconnect(_) => (&self.reconnect_test, "tests of connections"),
            Command::Health(_) | Command::Prepare(_) => return Ok(()),
        };
        bucket.check().map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            // Rounded up: who comes back after exactly that time must not be refused again.
            let retry_after = (wait.as_secs_f64() * 1000.0).ceil() / 1000.0;
            let error = format!("too many {what} from this client");
            let hint = format!("Send it again after {retry_after} seconds.");
            Failure::new(ErrorCode::RateLimited, error, hint)
                .with_details(json!({ "retry_after": retry_after }))
        })
    }
}

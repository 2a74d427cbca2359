//! How often one client may call the task tools: a token bucket for each client and
//! family of tools. Kept in memory and gone with the worker, whose successor begins
//! with full buckets. Must never refuse a request that another worker had begun with.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use serde_json::json;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::{LimitCounts, LimitsCheck};

use super::failure::Failure;
use super::session::Session;
use crate::config::{self, LimitedClients};

/// Clients that buckets are kept for. When there are more, the quarter that was seen
/// longest ago is forgotten, and would begin with full buckets again.
const MAX_CLIENTS: usize = 4096;

/// Tools that cost about the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Looks something up: well below a millisecond to a few of them.
    Read,
    /// Changes something: a commit to the disk.
    Write,
    /// May look at everything that there is.
    Heavy,
}

/// One of something for each family.
#[derive(Debug, Default)]
struct Each<T> {
    read: T,
    write: T,
    heavy: T,
}

impl<T> Each<T> {
    fn of(&self, family: Family) -> &T {
        match family {
            Family::Read => &self.read,
            Family::Write => &self.write,
            Family::Heavy => &self.heavy,
        }
    }
}

type Bucket<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

#[derive(Debug, Default)]
struct Counter {
    allowed: AtomicU64,
    refused: AtomicU64,
}

#[derive(Debug)]
struct Client<C: Clock> {
    buckets: Each<Bucket<C>>,
    /// Which call of all was its last.
    seen: u64,
}

#[derive(Debug)]
struct Clients<C: Clock> {
    known: HashMap<String, Client<C>>,
    calls: u64,
}

/// The limits of all clients of a worker.
#[derive(Debug)]
pub struct Limits<C: Clock = DefaultClock> {
    apply_to: LimitedClients,
    quotas: Each<Quota>,
    clients: Mutex<Clients<C>>,
    counters: Each<Counter>,
    clock: C,
}

impl Limits {
    /// Nobody has called anything yet.
    pub fn new(limits: &config::Limits) -> Self {
        Self::with_clock(limits, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limits<C> {
    fn with_clock(limits: &config::Limits, clock: C) -> Self {
        let quota = |interval, burst| {
            // A configured zero is refused where the configuration is read.
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            Quota::with_period(interval).unwrap_or(Quota::per_second(burst)).allow_burst(burst)
        };
        Self {
            apply_to: limits.tools_apply_to,
            quotas: Each {
                read: quota(limits.read_interval, limits.read_burst),
                write: quota(limits.write_interval, limits.write_burst),
                heavy: quota(limits.heavy_interval, limits.heavy_burst),
            },
            clients: Mutex::new(Clients { known: HashMap::new(), calls: 0 }),
            counters: Each::default(),
            clock,
        }
    }

    /// Takes one call of the family from the session's client.
    ///
    /// # Errors
    ///
    /// `RESTART_010` with `retry_after`, the seconds after which it is let through.
    pub(super) fn admit(&self, session: &Session, family: Family) -> Result<(), Failure> {
        let own;
        let client = match (session.principal(), self.apply_to) {
            (Some(principal), _) => principal,
            (None, LimitedClients::Http) => return Ok(()),
            (None, LimitedClients::All) => {
                own = session.client().to_string();
                &own
            }
        };
        self.take(client, family).map_err(|wait| refusal(family, wait))
    }

    fn take(&self, client: &str, family: Family) -> Result<(), Duration> {
        let mut clients = self.lock();
        let known = clients.seen(client, || self.full());
        let taken = known.buckets.of(family).check();
        let counter = self.counters.of(family);
        let counted = if taken.is_ok() { &counter.allowed } else { &counter.refused };
        counted.fetch_add(1, Ordering::Relaxed);
        taken.map_err(|refused| refused.wait_time_from(self.clock.now()))
    }

    /// The buckets of a client that has called nothing yet.
    fn full(&self) -> Each<Bucket<C>> {
        let bucket = |quota| RateLimiter::direct_with_clock(quota, self.clock.clone());
        let Each { read, write, heavy } = &self.quotas;
        Each { read: bucket(*read), write: bucket(*write), heavy: bucket(*heavy) }
    }

    /// What was let through and refused so far.
    pub(super) fn check(&self) -> LimitsCheck {
        let counts = |family| {
            let Counter { allowed, refused } = self.counters.of(family);
            LimitCounts { allowed: allowed.load(Ordering::Relaxed), refused: refused.load(Ordering::Relaxed) }
        };
        LimitsCheck {
            clients: self.lock().known.len() as u64,
            read: counts(Family::Read),
            write: counts(Family::Write),
            heavy: counts(Family::Heavy),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Clients<C>> {
        // Nothing is left half done in it, so a panic elsewhere does not make it unusable.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clock> Clients<C> {
    /// The client, who is there now.
    fn seen(&mut self, name: &str, full: impl FnOnce() -> Each<Bucket<C>>) -> &Client<C> {
        self.calls += 1;
        let calls = self.calls;
        if self.known.len() >= MAX_CLIENTS && !self.known.contains_key(name) {
            self.forget_a_quarter();
        }
        let new = || Client { buckets: full(), seen: calls };
        let client = self.known.entry(name.to_owned()).or_insert_with(new);
        client.seen = calls;
        client
    }

    /// Many at once, so that a crowd of new clients does not look through all for each.
    fn forget_a_quarter(&mut self) {
        let mut seen: Vec<u64> = self.known.values().map(|client| client.seen).collect();
        let (_, oldest_kept, _) = seen.select_nth_unstable(MAX_CLIENTS / 4);
        let oldest_kept = *oldest_kept;
        self.known.retain(|_, client| client.seen >= oldest_kept);
    }
}

fn refusal(family: Family, wait: Duration) -> Failure {
    // Rounded up: who comes back after exactly that time must not be refused again.
    let retry_after = (wait.as_secs_f64() * 1000.0).ceil() / 1000.0;
    let what = match family {
        Family::Read => "calls that read",
        Family::Write => "calls that write",
        Family::Heavy => "calls that look at everything",
    };
    let error = format!("too many {what} from this client; nothing was done");
    let hint = format!("Send it again after {retry_after} seconds.");
    Failure::new(ErrorCode::RateLimited, error, hint).with_details(json!({ "retry_after": retry_after }))
}

#[cfg(test)]
mod tests;

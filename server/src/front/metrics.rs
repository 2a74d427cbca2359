//! What is measured of the front for those who collect figures: counters and histograms
//! that grow as things happen, and the page on which they are told.
//!
//! Only what was measured is told: a figure that nobody knows is absent, never zero.
//! Every label has a fixed set of values, so that the page cannot grow with the clients.
//!
//! - `requests`: what clients ask.   - `restarts`: what became of restarts.
//! - `network`: HTTP.                - `held`: what the hub knows at the moment.
//! - `slow`: what costs the disk or the worker something, with its age.
//! - `process`: what the system knows of the processes.   - `page`: all that as text.

mod held;
mod network;
mod page;
mod process;
mod requests;
mod restarts;
mod sheet;
mod slow;

use std::sync::Arc;

use prometheus_client::registry::Registry;

pub(crate) use held::{Held, HeldSessions, HeldWorker};
pub(crate) use network::{Connection, Network};
pub(crate) use page::{CONTENT_TYPE, page};
pub(crate) use requests::{End, Requests};
pub(crate) use restarts::Restarts;
pub(crate) use slow::{Slow, SlowFigures};

/// Before every name.
const PREFIX: &str = "task_orchestrator";

/// What grows. Clones of the `Arc` are the same one; whoever has something to count has one.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) requests: Requests,
    pub(crate) restarts: Restarts,
    pub(crate) network: Network,
    /// Knows all of the above by name. Who counts something else registers it in [`Metrics::new`].
    registry: Registry,
}

impl Metrics {
    /// With everything at its beginning.
    pub(crate) fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix(PREFIX);
        let requests = Requests::new(&mut registry);
        let restarts = Restarts::new(&mut registry);
        let network = Network::new(&mut registry);
        Arc::new(Self { requests, restarts, network, registry })
    }
}

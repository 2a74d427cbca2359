//! Streamable HTTP, of both eras, for clients on the network: turns requests into the
//! same relay sessions that shims have. Knows HTTP and JSON-RPC envelopes; what a
//! message means is the worker's matter, who may do what the hub's.
//!
//! - `listener`: connections; `watched`: slow ones; `tls`.   - `router`: which handler.
//! - `entrance`: what holds for every request; `hosts`, `cross_origin`: for whom it is.
//! - `guard`: who is let in.    - `body`: ends with a token.    - `well_known`: metadata.
//! - `legacy`: the era of sessions (to 2025-11-25).   - `modern`: the stateless era (2026-07-28).
//! - `mailbox`: what a session's client is sent.      - `stream`: that as a response's body.

mod body;
mod cross_origin;
mod entrance;
mod guard;
mod hosts;
mod legacy;
mod listener;
mod mailbox;
mod modern;
mod post;
mod reply;
mod router;
mod sessions;
mod stream;
mod tally;
mod tls;
mod watched;
mod well_known;

use std::sync::Arc;

use tokio::sync::mpsc;

use super::connection;
use super::event::Event;
use crate::config::Config;
pub(crate) use guard::Guard;
pub(crate) use listener::serve;
pub use listener::{ListenError, Listener};
pub(crate) use mailbox::Mailbox;
use sessions::Sessions;

/// What every handler shares.
#[derive(Debug)]
pub(crate) struct Http {
    events: mpsc::Sender<Event>,
    intake: connection::Shared,
    sessions: Sessions,
    lane: modern::Lane,
    config: Config,
    guard: Guard,
}

impl Http {
    pub(crate) fn new(intake: connection::Shared, config: Config, guard: Guard) -> Arc<Self> {
        Arc::new(Self {
            events: intake.events.clone(),
            intake,
            sessions: Sessions::default(),
            lane: modern::Lane::default(),
            config,
            guard,
        })
    }
}

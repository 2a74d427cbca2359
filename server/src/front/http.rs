//! Streamable HTTP, of both eras, for clients on the network: turns requests into the
//! same relay sessions that shims have. Knows HTTP and JSON-RPC envelopes; what a
//! message means is the worker's matter, who may do what the hub's.
//!
//! - `listener`: connections.    - `guard`: who is let in.        - `router`: which handler.
//! - `legacy`: the era of sessions (to 2025-11-25).   - `modern`: the stateless era (2026-07-28).
//! - `probes`: whether the server is well, and its figures.
//! - `mailbox`: what a session's client is sent.      - `stream`: that as a response's body.

mod guard;
mod legacy;
mod listener;
mod mailbox;
mod modern;
mod post;
mod probes;
mod reply;
mod router;
mod sessions;
mod stream;

use std::sync::Arc;

use tokio::sync::mpsc;

use super::connection;
use super::event::Event;
use crate::config::Config;
pub(crate) use listener::serve;
pub use listener::{ListenError, Listener};
pub(crate) use mailbox::Mailbox;
pub(crate) use probes::{Probes, serve as serve_probes};
pub use probes::{ProbesListenError, ProbesListener};
use sessions::Sessions;

/// What every handler shares.
#[derive(Debug)]
pub(crate) struct Http {
    events: mpsc::Sender<Event>,
    intake: connection::Shared,
    sessions: Sessions,
    lane: modern::Lane,
    probes: Arc<Probes>,
    config: Config,
}

impl Http {
    pub(crate) fn new(intake: connection::Shared, config: Config, probes: Arc<Probes>) -> Arc<Self> {
        Arc::new(Self {
            events: intake.events.clone(),
            probes,
            intake,
            sessions: Sessions::default(),
            lane: modern::Lane::default(),
            config,
        })
    }
}

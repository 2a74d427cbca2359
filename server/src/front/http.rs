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
use crate::logging::LogHandle;
pub use listener::{ListenError, Listener};
pub(crate) use listener::{serve, serve_probes};
pub(crate) use mailbox::Mailbox;
use sessions::Sessions;

/// What every handler shares.
#[derive(Debug)]
pub(crate) struct Http {
    events: mpsc::Sender<Event>,
    intake: connection::Shared,
    sessions: Sessions,
    lane: modern::Lane,
    probes: probes::Probes,
    config: Config,
}

impl Http {
    pub(crate) fn new(intake: connection::Shared, config: Config, log: LogHandle) -> Arc<Self> {
        Arc::new(Self {
            events: intake.events.clone(),
            probes: probes::Probes::new(intake.events.clone(), log),
            intake,
            sessions: Sessions::default(),
            lane: modern::Lane::default(),
            config,
        })
    }
}

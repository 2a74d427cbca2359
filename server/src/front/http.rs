//! Streamable HTTP, of both eras, for clients on the network: turns requests into the
//! same relay sessions that shims have. Knows HTTP and JSON-RPC envelopes; what a
//! message means is the worker's matter, who may do what the hub's.
//!
//! - `listener`: connections; `watched`: slow ones; `tls`.   - `router`: which handler.
//! - `entrance`: what holds for every request; `hosts`, `cross_origin`: for whom it is.
//! - `guard`: who is let in.    - `refused`: what the audit is told of wrong tokens.
//! - `body`: ends with a token.    - `well_known`: metadata.
//! - `legacy`: the era of sessions (to 2025-11-25).   - `modern`: the stateless era (2026-07-28).
//! - `sessions`: which there are.  - `keeper`: those that the next front goes on with.
//! - `head`: what a request must say.  - `event_id`: where a client comes back to.
//! - `era`: which of the two a message is of.
//! - `probes`: whether the server is well, and its figures.
//! - `mailbox`: what a session's client is sent.      - `stream`: that as a response's body.

#![expect(
    clippy::result_large_err,
    reason = "a refusal is a response: made once, and moved to where it is sent"
)]

mod body;
mod cross_origin;
mod entrance;
mod era;
mod event_id;
#[cfg(fuzzing)]
pub mod fuzzing;
mod guard;
mod head;
mod hosts;
mod keeper;
mod legacy;
mod listener;
mod mailbox;
mod modern;
mod post;
mod probes;
mod refused;
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
use crate::ledger::Ledger;
pub(crate) use guard::Guard;
use keeper::Keeper;
pub(crate) use listener::serve;
pub use listener::{ListenError, Listener};
pub(crate) use mailbox::Mailbox;
pub(crate) use modern::Exchange;
pub(crate) use probes::{Probes, serve as serve_probes};
pub use probes::{ProbesListenError, ProbesListener};
use sessions::Sessions;
pub(crate) use tls::{BROKEN as BROKEN_CERTIFICATE, EXPIRY as CERTIFICATE_EXPIRY};

/// What every handler shares.
#[derive(Debug)]
pub(crate) struct Http {
    events: mpsc::Sender<Event>,
    intake: connection::Shared,
    sessions: Sessions,
    keeper: Arc<Keeper>,
    ledger: Ledger,
    lanes: modern::Lanes,
    probes: Arc<Probes>,
    config: Config,
    guard: Guard,
}

/// What it begins with.
pub(crate) type Parts = (connection::Shared, Config, Guard, Arc<Probes>);

impl Http {
    /// With the sessions that the front before has left. Waits for the disk.
    pub(crate) async fn start((intake, config, guard, probes): Parts, ledger: Ledger) -> Arc<Self> {
        let http = Arc::new(Self {
            events: intake.events.clone(),
            sessions: Sessions::new(config.front.max_sessions, config.http.session_timeout),
            keeper: Keeper::new(ledger.clone()),
            ledger: ledger.clone(),
            probes,
            intake,
            lanes: modern::Lanes::default(),
            config,
            guard,
        });
        http.take_over(&ledger).await;
        tokio::spawn(Arc::clone(&http.keeper).run());
        tokio::spawn(Arc::clone(&http).sweep(http.intake.shutdown.token()));
        http
    }

    /// Waits until every session is on the disk as it is, but not for ever.
    pub(crate) async fn kept(&self) {
        self.keeper.flushed().await;
    }
}

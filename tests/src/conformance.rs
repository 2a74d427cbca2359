//! What the official conformance suites expect of a server: tools, resources and prompts
//! that users do not install, served over the real link, sessions and restarts. Only what
//! answers a request differs from the installed worker.
//!
//! Must keep nothing in memory that a request of another worker needs: what has to survive
//! is in the session's record, or sealed into the state that a client sends back.

mod changes;
mod handler;
mod prompts;
mod resources;
mod seal;
mod tools;

use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::service::Peer;
use task_orchestrator::worker::program::Handlers;
use task_orchestrator::worker::session::Session;
use task_orchestrator::worker::shared::Shared;

use changes::Changes;
use handler::Fixture;
use tools::Calls;

/// Serves every session of a worker with the fixtures.
#[derive(Debug, Default)]
pub struct Fixtures {
    changes: Changes,
}

impl Handlers for Fixtures {
    type Handler = Fixture;
    type Runner = Calls;

    fn runner(&self, _shared: &Arc<Shared>) -> Arc<Calls> {
        Arc::new(Calls)
    }

    fn open(&self, shared: &Arc<Shared>, session: Arc<Session>) -> Fixture {
        Fixture::new(Arc::clone(shared), session, self.changes.clone())
    }

    fn has_news(&self, _shared: &Shared, session: &Session) -> bool {
        session.record().initialize.is_some()
    }

    async fn resumed(&self, _handler: &Fixture, peer: Peer<RoleServer>) {
        // What changed while nobody was there went untold.
        drop(peer.notify_tool_list_changed().await);
        drop(peer.notify_prompt_list_changed().await);
    }
}

/// A 1x1 picture as PNG, in base64.
const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

/// A millisecond of silence as WAV, in base64.
const SOUND: &str = "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA==";

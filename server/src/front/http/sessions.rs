//! The sessions that clients name by their `Mcp-Session-Id`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::mailbox::Mailbox;
use crate::front::event::ConnectionId;
use crate::front::session::Principal;
use crate::link::ClientId;

/// One session.
#[derive(Debug)]
pub(super) struct HttpSession {
    /// What the client calls it by: nobody else knows it.
    pub(super) id: String,
    pub(super) client: ClientId,
    pub(super) connection: ConnectionId,
    pub(super) principal: Arc<Principal>,
    pub(super) mailbox: Arc<Mailbox>,
    /// What limits its requests in flight.
    pub(super) permits: Arc<Semaphore>,
    last_sequence: AtomicU64,
}

impl HttpSession {
    pub(super) fn new(connection: ConnectionId, principal: Arc<Principal>, max_requests: usize) -> Self {
        Self {
            id: uuid::Uuid::new_v4().simple().to_string(),
            client: ClientId::random(),
            connection,
            principal,
            mailbox: Arc::default(),
            permits: Arc::new(Semaphore::new(max_requests)),
            last_sequence: AtomicU64::new(0),
        }
    }

    /// The number of the next message.
    pub(super) fn next_sequence(&self) -> u64 {
        self.last_sequence.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether this is who opened it.
    pub(super) fn is_of(&self, principal: &Principal) -> bool {
        // A token of the same name that was made later may have another role.
        (&self.principal.token, self.principal.role) == (&principal.token, principal.role)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_id: Mutex<HashMap<String, Arc<HttpSession>>>,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<HttpSession>>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, session: Arc<HttpSession>) {
        self.lock().insert(session.id.clone(), session);
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<HttpSession>> {
        self.lock().get(id).cloned()
    }

    pub(super) fn remove(&self, id: &str) -> Option<Arc<HttpSession>> {
        self.lock().remove(id)
    }
}

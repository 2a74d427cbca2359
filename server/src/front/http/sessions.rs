//! The sessions that clients name by their `Mcp-Session-Id`, those of the front before
//! included, which begin to live here with the first request that names them.
//!
//! They are found by the digest of the id, which nobody but the client has. At most
//! `front.max_sessions` at once; one that has had no request and no stream for
//! `http.session_timeout` is forgotten. One whose token is revoked or expires is found by
//! nobody any more, and ends when what it has under way is answered, at the latest after
//! that same time.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use task_orchestrator_shared::role::Role;
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;

use super::Http;
use super::keeper::{Kept, milliseconds_since_epoch};
use super::mailbox::{Bounds, Life, Mailbox};
use crate::front::connection;
use crate::front::event::{ConnectionId, Event};
use crate::front::port::Port;
use crate::front::session::{Principal, Session, Via};
use crate::ledger;
use crate::link::ClientId;

/// How often at most and at least it is looked for sessions whose time is over.
const SWEEP_EVERY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// A front may have given more numbers than it has written down: fewer than this.
const UNWRITTEN: u64 = 1 << 32;

/// SHA-256 of a session's id.
pub(super) type Digest = [u8; 32];

/// One session.
#[derive(Debug)]
pub(super) struct HttpSession {
    digest: Digest,
    pub(super) client: ClientId,
    pub(super) connection: ConnectionId,
    /// The name of the token that opened it.
    token: Option<String>,
    pub(super) mailbox: Arc<Mailbox>,
    /// What limits its requests in flight.
    pub(super) permits: Arc<Semaphore>,
    /// The sequence of the message that begins it; none of this front's where it had begun
    /// with the front before.
    first: u64,
    /// What the front before knew of it, until the hub knows the session.
    record: Option<Box<RawValue>>,
    /// The role in which the hub knows it, once it does.
    known: OnceCell<Role>,
    /// Its token does not count any more.
    is_dismissed: AtomicBool,
    /// When it was last used, and last written down: milliseconds of [`Sessions::clock`].
    used: AtomicU64,
    written: AtomicU64,
}

/// The front is ending.
#[derive(Debug)]
pub(super) struct Ending;

impl HttpSession {
    /// Whether this is who opened it.
    pub(super) fn is_of(&self, principal: &Principal) -> bool {
        // A token of the same name that was made later may have another role than the one
        // with which the hub knows the session.
        let is_same = |role: &Role| *role == principal.role;
        self.token == principal.token && self.known.get().is_none_or(is_same)
    }

    /// Whether this message cannot be the one that begins it.
    pub(super) fn has_begun(&self, sequence: u64) -> bool {
        sequence != self.first
    }

    /// Lets the hub know it, once.
    pub(super) async fn wake(&self, http: &Http, principal: &Arc<Principal>) -> Result<(), Ending> {
        let tell = || async {
            let port = Port::Http(Arc::clone(&self.mailbox));
            let via = Via::Http { principal: Arc::clone(principal), place: 0 };
            let session = Box::new(Session::new(self.client, via, self.record.as_deref(), port));
            let event = Event::Connected { connection: self.connection, session };
            http.events.send(event).await.map_err(|_| Ending)?;
            Ok(principal.role)
        };
        self.known.get_or_try_init(tell).await.map(|_| ())
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Sessions {
    by_digest: Mutex<HashMap<Digest, Arc<HttpSession>>>,
    begun: Instant,
    max: usize,
    timeout: Duration,
}

impl Sessions {
    pub(super) fn new(max: u32, timeout: Duration) -> Self {
        Self { by_digest: Mutex::default(), begun: Instant::now(), max: max as usize, timeout }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Arc<HttpSession>>> {
        self.by_digest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clock(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Adds a session, where there is room.
    pub(super) fn add(&self, session: Arc<HttpSession>) -> bool {
        let mut sessions = self.lock();
        if sessions.len() >= self.max {
            sessions.retain(|_, session| session.mailbox.life() != Life::Ended);
        }
        let has_room = sessions.len() < self.max;
        if has_room {
            session.used.store(self.clock(), Ordering::Relaxed);
            sessions.insert(session.digest, session);
        }
        has_room
    }

    /// The session with this id, which is used now.
    pub(super) fn find(&self, id: &str) -> Option<Arc<HttpSession>> {
        let session = self.lock().get(&digest(id)).cloned()?;
        if session.mailbox.life() == Life::Ended {
            self.remove(&session);
            return None;
        }
        if session.is_dismissed.load(Ordering::Relaxed) {
            return None;
        }
        session.used.store(self.clock(), Ordering::Relaxed);
        Some(session)
    }

    pub(super) fn remove(&self, session: &HttpSession) {
        self.lock().remove(&session.digest);
    }

    /// Takes out the sessions whose time is over, and looks after the others.
    fn sweep(&self) -> Vec<Arc<HttpSession>> {
        let now = self.clock();
        let timeout = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        let mut over = Vec::new();
        self.lock().retain(|_, session| {
            if session.mailbox.life() == Life::Ended {
                return false;
            }
            if session.mailbox.is_busy() && !session.is_dismissed.load(Ordering::Relaxed) {
                session.used.store(now, Ordering::Relaxed);
            }
            let used = session.used.load(Ordering::Relaxed);
            // The next front shall know about when it was last used.
            if used.saturating_sub(session.written.load(Ordering::Relaxed)) > timeout / 8 {
                session.written.store(used, Ordering::Relaxed);
                session.mailbox.keep_again();
            }
            let is_over = now.saturating_sub(used) >= timeout;
            if is_over {
                over.push(Arc::clone(session));
            }
            !is_over
        });
        over
    }

    /// Marks the sessions that these tokens have opened.
    fn dismiss(&self, tokens: &HashSet<String>) -> Vec<Arc<HttpSession>> {
        let is_of = |session: &&Arc<HttpSession>| {
            let token = session.token.as_ref();
            token.is_some_and(|token| tokens.contains(token))
                && !session.is_dismissed.swap(true, Ordering::Relaxed)
        };
        self.lock().values().filter(is_of).cloned().collect()
    }

    fn age(&self) {
        self.lock().values().for_each(|session| session.mailbox.age());
    }
}

impl Http {
    /// A session that begins now, and the id for its client.
    pub(super) fn new_session(&self, principal: &Principal) -> (Arc<HttpSession>, String) {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let (client, token) = (ClientId::random(), principal.token.clone());
        let session = self.session(digest(&id), client, token, None, 0);
        (Arc::new(session), id)
    }

    fn session(
        &self,
        digest: Digest,
        client: ClientId,
        token: Option<String>,
        record: Option<Vec<u8>>,
        last_sequence: u64,
    ) -> HttpSession {
        let opaque = record.as_deref().and_then(|record| serde_json::from_slice(record).ok());
        let kept = Kept::new(
            Arc::clone(&self.keeper),
            digest,
            client,
            token.clone(),
            record.map(bytes::Bytes::from),
        );
        let bounds = Bounds {
            events: self.config.http.resume_events as usize,
            bytes: usize::try_from(self.config.http.resume_bytes.bytes()).unwrap_or(usize::MAX),
        };
        // No number is ever given twice, not by another front either: requests are known
        // by them in the operation log.
        let base = first_number().max(last_sequence.saturating_add(UNWRITTEN));
        HttpSession {
            digest,
            client,
            connection: connection::next_id(),
            token,
            mailbox: Arc::new(Mailbox::new(base, bounds, kept)),
            permits: Arc::new(Semaphore::new(self.intake.max_requests_per_client)),
            first: if opaque.is_some() { 0 } else { base + 1 },
            record: opaque,
            known: OnceCell::new(),
            is_dismissed: AtomicBool::new(false),
            used: AtomicU64::new(0),
            written: AtomicU64::new(0),
        }
    }

    /// Takes over the sessions of the front before.
    pub(super) async fn take_over(&self, ledger: &ledger::Ledger) {
        let timeout = i64::try_from(self.config.http.session_timeout.as_millis()).unwrap_or(i64::MAX);
        let since = milliseconds_since_epoch().saturating_sub(timeout);
        match ledger.http_sessions(since, self.config.front.max_sessions).await {
            Ok(found) => {
                tracing::info!(sessions = found.len(), "sessions over HTTP can go on");
                let now = jiff::Timestamp::now();
                for row in found {
                    // Its token may have ended while there was no front.
                    if row.token.as_ref().is_some_and(|token| !self.guard.keyring.has(token, now)) {
                        self.keeper.ended(row.digest);
                        continue;
                    }
                    let session =
                        self.session(row.digest, row.client, row.token, Some(row.record), row.last_sequence);
                    self.sessions.add(Arc::new(session));
                }
            }
            Err(error) => tracing::error!(%error, "the sessions over HTTP of the former front are lost"),
        }
    }

    /// Lets the sessions end that these tokens have opened.
    pub(super) async fn dismiss(&self, tokens: &HashSet<String>) {
        if tokens.is_empty() {
            return;
        }
        for session in self.sessions.dismiss(tokens) {
            session.mailbox.keep_no_more();
            // One that the hub is only getting to know ends with its time.
            if session.known.initialized() {
                let _ = self.events.send(Event::InputEnded { connection: session.connection }).await;
            }
        }
    }

    /// Forgets what nobody uses, until the front ends.
    pub(super) async fn sweep(self: Arc<Self>, ended: CancellationToken) {
        let (least, most) = SWEEP_EVERY;
        let mut ticks = tokio::time::interval((self.config.http.session_timeout / 4).clamp(least, most));
        let mut aged = Instant::now();
        while ended.run_until_cancelled(ticks.tick()).await.is_some() {
            for session in self.sessions.sweep() {
                self.forget(&session).await;
            }
            if aged.elapsed() >= self.config.http.resume_time {
                aged = Instant::now();
                self.sessions.age();
            }
        }
    }

    /// The session has ended: the hub and the next front shall not know it any more.
    pub(super) async fn forget(&self, session: &HttpSession) {
        self.sessions.remove(session);
        self.keeper.ended(session.digest);
        if session.known.initialized() {
            // A closed channel means that the front is ending, and the session with it.
            let _ = self.events.send(Event::Disconnected { connection: session.connection }).await;
        }
    }
}

fn digest(id: &str) -> Digest {
    Sha256::digest(id).into()
}

/// The present time in microseconds: no session uses as many numbers.
fn first_number() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or(0)
}

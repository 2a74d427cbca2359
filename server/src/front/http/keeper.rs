//! Keeps the sessions for the front that comes after this one. Beside everything else:
//! nobody waits for the disk but the answer that gives a client its session.
//!
//! Of each session the newest state waits to be written, and no other; at most
//! [`MAX_CHANGES`] wait. What is beyond is not written and logged: then a front that is
//! killed has an older state of that session, or none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, watch};

use crate::ledger::{HttpSession, HttpSessionChange, Ledger};
use crate::link::ClientId;

const MAX_CHANGES: usize = 20_000;

/// How long the disk is left alone when it has failed.
const RETRY: Duration = Duration::from_secs(2);

/// So long a client waits at most for its new session to be on the disk.
const PATIENCE: Duration = Duration::from_secs(2);

type Digest = [u8; 32];

#[derive(Debug, Default)]
struct Changes {
    waiting: HashMap<Digest, HttpSessionChange>,
    /// How many there have been.
    noted: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Keeper {
    ledger: Ledger,
    changes: Mutex<Changes>,
    news: Notify,
    /// How many are written.
    written: watch::Sender<u64>,
}

impl Keeper {
    pub(super) fn new(ledger: Ledger) -> Arc<Self> {
        let (written, _) = watch::channel(0);
        Arc::new(Self { ledger, changes: Mutex::default(), news: Notify::new(), written })
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, digest: Digest, change: HttpSessionChange) {
        let mut changes = self.lock();
        if changes.waiting.len() >= MAX_CHANGES && !changes.waiting.contains_key(&digest) {
            tracing::error!("too much of the sessions waits to be written: a change is not kept");
            return;
        }
        changes.waiting.insert(digest, change);
        changes.noted += 1;
        drop(changes);
        self.news.notify_one();
    }

    /// The session is over.
    pub(super) fn ended(&self, digest: Digest) {
        self.note(digest, HttpSessionChange::Ended(digest));
    }

    /// Waits until everything so far is on the disk, but not for ever.
    pub(super) async fn flushed(&self) {
        let noted = self.lock().noted;
        let mut written = self.written.subscribe();
        let waited = tokio::time::timeout(PATIENCE, written.wait_for(|written| *written >= noted)).await;
        if waited.is_err() {
            tracing::warn!("a session is not on the disk yet: it would not outlive this process");
        }
    }

    /// Writes what is noted, until nobody notes anything any more.
    pub(super) async fn run(self: Arc<Self>) {
        loop {
            self.news.notified().await;
            while !self.write().await {
                // With or without news: what has failed is tried again.
                let _ = tokio::time::timeout(RETRY, self.news.notified()).await;
            }
        }
    }

    /// Whether everything that was noted is written.
    async fn write(&self) -> bool {
        let (taken, noted) = {
            let mut changes = self.lock();
            (std::mem::take(&mut changes.waiting), changes.noted)
        };
        if !taken.is_empty()
            && let Err(error) = self.ledger.change_http_sessions(taken.values().cloned().collect()).await
        {
            tracing::error!(%error, "sessions over HTTP cannot be kept at present");
            let mut changes = self.lock();
            for (digest, change) in taken {
                // What has come since is newer.
                changes.waiting.entry(digest).or_insert(change);
            }
            return false;
        }
        self.written.send_replace(noted);
        true
    }
}

/// One session, as it is kept.
#[derive(Debug)]
pub(super) struct Kept {
    keeper: Arc<Keeper>,
    digest: Digest,
    client: ClientId,
    token: Option<String>,
    record: Option<Bytes>,
}

impl Kept {
    pub(super) fn new(
        keeper: Arc<Keeper>,
        digest: Digest,
        client: ClientId,
        token: Option<String>,
        record: Option<Bytes>,
    ) -> Self {
        Self { keeper, digest, client, token, record }
    }

    /// The session has this record now; no sequence above `last` has been used.
    pub(super) fn keep(&mut self, record: Bytes, last: u64) {
        self.record = Some(record);
        self.again(last);
    }

    /// The same once more, with the present time.
    pub(super) fn again(&self, last: u64) {
        let Some(record) = &self.record else { return };
        let session = HttpSession {
            digest: self.digest,
            client: self.client,
            token: self.token.clone(),
            record: record.to_vec(),
            last_sequence: last,
            last_used: milliseconds_since_epoch(),
        };
        self.keeper.note(self.digest, HttpSessionChange::Kept(session));
    }

    pub(super) fn ended(&self) {
        self.keeper.ended(self.digest);
    }
}

pub(super) fn milliseconds_since_epoch() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

//! The tokens in a front that runs. The file is looked at with each question, which costs
//! a system call, so that a token that is revoked is refused by the next request.
//!
//! A file that cannot be used lets nobody in: who should not be let in any more cannot
//! be told from the rest then.

use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use task_orchestrator_shared::admin::token::SealedToken;
use task_orchestrator_shared::role::Role;
use tokio_util::sync::CancellationToken;

use super::file;
use super::secret::{Lock, Shown, TokenId, expiry_of, lock_of};

/// A token that was shown and is one.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Cancelled when it is revoked or expires.
    pub ended: CancellationToken,
}

#[derive(Debug)]
struct Kept {
    lock: Lock,
    known: Known,
    expires: Option<Timestamp>,
}

/// What tells whether a file is still the same: each change makes a new one.
type Stamp = Option<(u64, u64, i64, i64)>;

#[derive(Debug, Default)]
struct Inner {
    stamp: Option<Stamp>,
    by_id: HashMap<TokenId, Kept>,
    /// Names of those that have ended since the last sweep: of what each change of the
    /// file in between has taken out of it.
    ended: HashSet<String>,
}

/// See the module.
#[derive(Debug)]
pub struct Keyring {
    path: PathBuf,
    inner: Mutex<Inner>,
}

impl Keyring {
    /// The tokens of this file, which need not exist.
    pub fn new(path: PathBuf) -> Self {
        Self { path, inner: Mutex::default() }
    }

    /// The token of this text, where it is one that counts at that time.
    pub fn known(&self, text: &str, now: Timestamp) -> Option<Known> {
        let inner = self.fresh();
        let shown = Shown::read(text)?;
        let kept = inner.by_id.get(&shown.id);
        // The same work for an id that nobody has, so that time does not tell which there are.
        let is_opened = kept.map_or(&Lock::DUMMY, |kept| &kept.lock).is_opened_by(&shown);
        let kept = kept.filter(|kept| is_opened && kept.expires.is_none_or(|expires| now < expires))?;
        Some(kept.known.clone())
    }

    /// Whether there is a token of this name that counts at that time.
    pub fn has(&self, name: &str, now: Timestamp) -> bool {
        let counts = |kept: &Kept| kept.expires.is_none_or(|expires| now < expires);
        self.fresh().by_id.values().any(|kept| kept.known.name == name && counts(kept))
    }

    /// Tells those who came with a token that does not count any more. Returns the names of
    /// the tokens that have ended since the last time.
    pub fn sweep(&self, now: Timestamp) -> HashSet<String> {
        let mut inner = self.fresh();
        let has_expired = |kept: &Kept| kept.expires.is_some_and(|expires| now >= expires);
        let expired: Vec<Kept> =
            inner.by_id.extract_if(|_, kept| has_expired(kept)).map(|(_, kept)| kept).collect();
        for kept in &expired {
            tracing::info!(token = kept.known.name, "a token has expired");
            inner.has_ended(kept);
        }
        std::mem::take(&mut inner.ended)
    }

    fn fresh(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = std::fs::symlink_metadata(&self.path).ok().map(|metadata| stamp_of(&metadata));
        if inner.stamp != Some(stamp) {
            let is_change = inner.stamp.replace(stamp).is_some();
            let tokens = file::read(&self.path).unwrap_or_else(|error| {
                tracing::error!(%error, "no token is accepted");
                Vec::new()
            });
            inner.replace(&tokens);
            if is_change {
                tracing::info!(tokens = tokens.len(), "the tokens have changed");
            }
        }
        inner
    }
}

impl Inner {
    /// Those that are as before stay the same, so that what was opened with them stays open.
    fn replace(&mut self, tokens: &[SealedToken]) {
        let mut before = std::mem::take(&mut self.by_id);
        for sealed in tokens {
            // The file was checked as it was read.
            let (Ok((id, lock)), Ok(expires)) = (lock_of(sealed), expiry_of(sealed)) else { continue };
            let same = |kept: &Kept| {
                (&kept.lock, &kept.expires) == (&lock, &expires)
                    && (kept.known.name == sealed.name && kept.known.role == sealed.role)
            };
            let known = match before.remove(&id) {
                Some(kept) if same(&kept) => kept.known,
                other => {
                    if let Some(kept) = other {
                        self.has_ended(&kept);
                    }
                    let ended = CancellationToken::new();
                    Known { name: sealed.name.clone(), role: sealed.role, ended }
                }
            };
            self.by_id.insert(id, Kept { lock, known, expires });
        }
        before.values().for_each(|kept| self.has_ended(kept));
    }

    fn has_ended(&mut self, kept: &Kept) {
        kept.known.ended.cancel();
        self.ended.insert(kept.known.name.clone());
    }
}

fn stamp_of(metadata: &Metadata) -> (u64, u64, i64, i64) {
    let nanos = metadata.mtime() * 1_000_000_000 + metadata.mtime_nsec();
    let changed = metadata.ctime() * 1_000_000_000 + metadata.ctime_nsec();
    (metadata.ino(), metadata.len(), nanos, changed)
}

//! Who may have a connection. When all places are taken, who has been silent for
//! longest makes room; nobody who has spoken ever does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Places, some of them with callers who have not said anything yet.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    silent: Mutex<Silent>,
}

/// At most one entry a place, by the order in which they came.
#[derive(Debug, Default)]
struct Silent {
    next: u64,
    waiting: BTreeMap<u64, CancellationToken>,
}

impl Places {
    /// So many.
    pub(super) fn new(count: usize) -> Arc<Self> {
        Arc::new(Self { free: Arc::new(Semaphore::new(count)), silent: Mutex::default() })
    }

    /// Takes a place. Where there is none, the caller who has been silent for
    /// longest loses theirs; where all have spoken, this waits.
    pub(super) async fn take(self: &Arc<Self>) -> Option<Place> {
        let free = Arc::clone(&self.free);
        let permit = match Arc::clone(&free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                if let Some((_, oldest)) = self.silent().waiting.pop_first() {
                    oldest.cancel();
                }
                free.acquire_owned().await.ok()?
            }
        };
        let evicted = CancellationToken::new();
        let mut silent = self.silent();
        let number = silent.next;
        silent.next += 1;
        silent.waiting.insert(number, evicted.clone());
        drop(silent);
        Some(Place { places: Arc::clone(self), number, evicted, _permit: permit })
    }

    fn silent(&self) -> MutexGuard<'_, Silent> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    evicted: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// The caller has spoken and keeps the place, unless somebody has it already.
    pub(super) fn keep(&self) {
        self.places.silent().waiting.remove(&self.number);
    }

    /// Cancelled when somebody else needs the place.
    pub(super) const fn evicted(&self) -> &CancellationToken {
        &self.evicted
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.keep();
    }
}

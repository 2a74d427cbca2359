//! Which of many that do nothing keep what they would need to go on at once: the ones that
//! were used last. A worker's service of a session holds 28 KiB, most of it queues of
//! the SDK; what reads an HTTP connection 17 KiB. Both are made anew within microseconds,
//! the service out of the session's record as after a handover. So a thousand clients that
//! do nothing cost little, and who is at work does not wait for it with each request.
//!
//! At most [`MAX_WARM`] idle ones; of one more, the one that was idle for longest rests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Most of one kind that keep it: 0.4 MiB of services, 0.3 MiB of connections.
pub(crate) const MAX_WARM: usize = 16;

/// See the module. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Warm {
    idle: Arc<Mutex<Idle>>,
}

#[derive(Debug, Default)]
struct Idle {
    /// How often any has become idle.
    times: u64,
    /// Those that are, by when they became it.
    since: BTreeMap<u64, Arc<Notify>>,
}

/// The place of one among the others.
#[derive(Debug)]
pub(crate) struct Place {
    warm: Warm,
    /// Since when nothing is under way; none while something is.
    since: Mutex<Option<u64>>,
    rest: Arc<Notify>,
}

impl Warm {
    /// A place for one that is not idle yet.
    pub(crate) fn place(&self) -> Place {
        Place { warm: self.clone(), since: Mutex::default(), rest: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Something is under way.
    pub(crate) fn busy(&self) {
        let since = self.lock().take();
        if let Some(since) = since {
            self.warm.lock().since.remove(&since);
        }
    }

    /// Nothing is under way any more.
    pub(crate) fn idle(&self) {
        let mut since = self.lock();
        let mut all = self.warm.lock();
        if let Some(since) = since.take() {
            all.since.remove(&since);
        }
        all.times += 1;
        let now = all.times;
        *since = Some(now);
        all.since.insert(now, Arc::clone(&self.rest));
        if all.since.len() > MAX_WARM
            && let Some((_, longest)) = all.since.pop_first()
        {
            longest.notify_one();
        }
    }

    /// Waits until it is to rest. Whoever is told looks again whether something is under
    /// way: it may have begun meanwhile.
    pub(crate) async fn told_to_rest(&self) {
        self.rest.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Option<u64>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.busy();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn is_told(place: &Place) -> bool {
        pin!(place.told_to_rest()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn whoever_was_idle_for_longest_rests_and_no_more_than_must() {
        let warm = Warm::default();
        let places: Vec<_> = (0..=MAX_WARM).map(|_| warm.place()).collect();
        let (last, others) = places.split_last().unwrap();
        others.iter().for_each(Place::idle);
        assert!(others.iter().all(|place| !is_told(place)));
        // Used again, so the second is the one that was idle for longest.
        others[0].busy();
        others[0].idle();
        last.idle();
        assert_eq!(others.iter().position(is_told), Some(1));
        assert!(!is_told(last) && others.iter().all(|place| !is_told(place)), "once is enough");
        drop(places);
        assert!(warm.lock().since.is_empty());
    }

    #[test]
    fn who_is_at_work_is_not_counted() {
        let warm = Warm::default();
        let (one, other) = (warm.place(), warm.place());
        one.idle();
        one.idle();
        other.idle();
        assert_eq!(warm.lock().since.len(), 2);
        one.busy();
        assert_eq!(warm.lock().since.len(), 1);
    }
}

//! How much each of many has open, up to a bound. An entry goes with the last of its
//! slots, so there are never more entries than slots.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// See the module. Clones are the same one.
#[derive(Debug)]
pub(super) struct Tally<K> {
    most: u32,
    open: Arc<Mutex<HashMap<K, u32>>>,
}

/// One of them. Dropping it makes room.
#[derive(Debug)]
pub(super) struct Slot<K: Eq + Hash> {
    key: K,
    open: Arc<Mutex<HashMap<K, u32>>>,
}

impl<K: Eq + Hash + Clone> Tally<K> {
    pub(super) fn new(most: u32) -> Self {
        Self { most, open: Arc::default() }
    }

    /// One more for this key; `None` where it has as many as it may.
    pub(super) fn enter(&self, key: K) -> Option<Slot<K>> {
        let mut open = lock(&self.open);
        let count = open.entry(key.clone()).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Slot { key, open: Arc::clone(&self.open) })
    }
}

impl<K: Eq + Hash> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(count) = open.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.key);
            }
        }
    }
}

fn lock<K>(open: &Mutex<HashMap<K, u32>>) -> MutexGuard<'_, HashMap<K, u32>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_bound_and_nothing_stays() {
        let tally = Tally::new(2);
        let (one, two) = (tally.enter("a").unwrap(), tally.enter("a").unwrap());
        assert!(tally.enter("a").is_none());
        let other = tally.enter("b").unwrap();
        drop(one);
        let again = tally.enter("a").unwrap();
        assert!(tally.enter("a").is_none());
        drop((two, other, again));
        assert!(lock(&tally.open).is_empty());
    }
}

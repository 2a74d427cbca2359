//! The numbers of requests without a session. To the operation log they are the messages
//! of one client, which this front is, and whose old rows go as its requests are answered.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::link::ClientId;

/// See the module.
#[derive(Debug)]
pub(in crate::front::http) struct Lane {
    pub(super) client: ClientId,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    last: u64,
    /// As many as there are requests under way.
    unanswered: BTreeSet<u64>,
}

impl Default for Lane {
    fn default() -> Self {
        Self { client: ClientId::random(), open: Mutex::default() }
    }
}

impl Lane {
    /// The number of the next request, and the one below which all are done with.
    pub(super) fn begin(&self) -> (u64, u64) {
        let mut open = self.lock();
        open.last += 1;
        let sequence = open.last;
        open.unanswered.insert(sequence);
        let floor = open.unanswered.first().copied().unwrap_or(sequence);
        (sequence, floor)
    }

    /// The request is done with: no worker gets it any more.
    pub(super) fn end(&self, sequence: u64) {
        self.lock().unanswered.remove(&sequence);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_the_oldest_request_that_is_not_done_with() {
        let lane = Lane::default();
        assert_eq!(lane.begin(), (1, 1));
        assert_eq!(lane.begin(), (2, 1));
        lane.end(2);
        assert_eq!(lane.begin(), (3, 1));
        lane.end(1);
        assert_eq!(lane.begin(), (4, 3));
        lane.end(3);
        lane.end(4);
        assert_eq!(lane.begin(), (5, 5));
    }
}

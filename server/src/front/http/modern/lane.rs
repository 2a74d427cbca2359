//! The numbers of requests without a session. To the operation log they are the messages
//! of one client, which this front is, and whose old rows go as its requests are answered.
//! Subscriptions are another client's: they stay for as long as somebody listens, and the
//! rows of all that is asked meanwhile would stay with them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use memchr::memmem;

use crate::envelope::{self, Envelope};
use crate::link::ClientId;

const LISTEN: &str = "subscriptions/listen";

/// See the module.
#[derive(Debug, Default)]
pub(in crate::front::http) struct Lanes {
    asking: Arc<Lane>,
    listening: Arc<Lane>,
}

impl Lanes {
    /// The one that a message is numbered in.
    pub(super) fn of(&self, message: &[u8]) -> &Arc<Lane> {
        // The word alone may be in anything.
        let listens = memmem::find(message, LISTEN.as_bytes()).is_some()
            && matches!(envelope::parse(message), Ok(Envelope::Request { method, .. }) if method == LISTEN);
        if listens { &self.listening } else { &self.asking }
    }
}

/// Numbers, and which of them are not done with.
#[derive(Debug)]
pub(super) struct Lane {
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
    fn who_listens_holds_nobody_elses_rows() {
        let lanes = Lanes::default();
        let message = |method: &str, word: &str| {
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"word":"{word}"}}}}"#)
        };
        let number = |message: &str| lanes.of(message.as_bytes()).begin();
        assert_eq!(number(&message(LISTEN, "")), (1, 1));
        let asked = number(&message("tools/call", LISTEN));
        lanes.asking.end(asked.0);
        assert_eq!(number(&message("tools/call", "")), (2, 2));
        assert_ne!(lanes.asking.client, lanes.listening.client);
    }

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

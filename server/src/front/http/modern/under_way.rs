//! A request that the hub has. Whoever drops it has gone, answered or not: then the hub
//! hears that nobody waits any more, and calls off what is still being done.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::lane::Lane;
use crate::front::event::{ConnectionId, Event};

/// See the module.
pub(super) struct UnderWay {
    lane: Arc<Lane>,
    events: mpsc::Sender<Event>,
    connection: ConnectionId,
    sequence: u64,
    is_sent: bool,
}

impl UnderWay {
    /// One that the hub does not have yet.
    pub(super) fn new(
        lane: Arc<Lane>,
        events: mpsc::Sender<Event>,
        connection: ConnectionId,
        sequence: u64,
    ) -> Self {
        Self { lane, events, connection, sequence, is_sent: false }
    }

    /// The hub is about to get it.
    pub(super) fn is_sent(&mut self) {
        self.is_sent = true;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let (lane, sequence) = (Arc::clone(&self.lane), self.sequence);
        if !self.is_sent {
            return lane.end(sequence);
        }
        let end = Event::Disconnected { connection: self.connection };
        // The number counts as done with only once the hub has been told: until then a
        // worker could still be sent the request again.
        match self.events.try_send(end) {
            // With the hub gone, no worker is sent anything.
            Ok(()) | Err(TrySendError::Closed(_)) => lane.end(sequence),
            Err(TrySendError::Full(end)) => {
                // Not where the runtime itself ends, and the hub with it.
                let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
                let events = self.events.clone();
                runtime.spawn(async move {
                    // A closed channel is the hub's end.
                    let _ = events.send(end).await;
                    lane.end(sequence);
                });
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One that no hub knows.
    pub(in super::super) fn nobodys() -> UnderWay {
        UnderWay::new(Arc::default(), mpsc::channel(1).0, ConnectionId(1), 1)
    }

    #[test]
    fn the_hub_hears_of_the_end_before_the_number_is_done_with() {
        let (events, mut heard) = mpsc::channel(1);
        let lane = Arc::new(Lane::default());
        let begin = || {
            let (sequence, _) = lane.begin();
            let mut begun =
                UnderWay::new(Arc::clone(&lane), events.clone(), ConnectionId(sequence), sequence);
            begun.is_sent();
            begun
        };
        let floor = || {
            let (sequence, floor) = lane.begin();
            lane.end(sequence);
            floor
        };
        drop(begin());
        assert_eq!(floor(), 2, "the hub has room");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            drop(begin());
            assert_eq!(floor(), 3, "the hub has none");
            tokio::task::yield_now().await;
            assert_eq!(floor(), 3);
            drop(UnderWay::new(Arc::clone(&lane), events.clone(), ConnectionId(0), lane.begin().0));
            for expected in [1, 3] {
                let event = heard.recv().await;
                assert!(
                    matches!(event, Some(Event::Disconnected { connection: ConnectionId(it) }) if it == expected),
                    "{event:?}"
                );
            }
            tokio::task::yield_now().await;
            assert_eq!(floor(), 7, "and of what it never had it does not hear");
            assert!(heard.try_recv().is_err());
        });
        // Without a runtime nothing is waited for.
        drop(begin());
        drop(begin());
        drop(heard);
        drop(begin());
    }
}

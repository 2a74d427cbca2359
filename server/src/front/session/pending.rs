//! One message of a client, from its arrival until it is done with.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::envelope::RequestId;
use crate::front::budget::Charge;
use crate::link::Kind;
use crate::restart::WorkerId;
use crate::shutdown::RequestGuard;

/// One message of the client that is not done with.
#[derive(Debug)]
pub(crate) struct Pending {
    /// Absent for a notification or an answer, which are done with once a worker has them.
    pub(crate) id: Option<RequestId>,
    /// Notification or request for a worker, or the client's answer to one.
    pub(crate) kind: Kind,
    pub(crate) floor: u64,
    pub(crate) payload: Bytes,
    /// What the message holds of the session's and the front's budget until it is done with.
    #[expect(dead_code, reason = "held until dropped")]
    pub(crate) charge: Option<Charge>,
    /// Makes the end of the front wait for the answer.
    pub(crate) tracked: Option<RequestGuard>,
    /// The worker that has it.
    pub(crate) sent: Option<WorkerId>,
    /// Whether a worker has had it: the next one is told.
    pub(crate) attempted: bool,
    /// Whether the worker that has it is not the first.
    pub(crate) is_replayed: bool,
    /// How many workers have died with it in flight.
    pub(crate) crashes: u8,
    /// How many workers have answered it with a failure of their own that was not passed on.
    pub(crate) faults: u8,
    /// Not sent before this time.
    pub(crate) not_before: Option<Instant>,
    /// When it came.
    pub(crate) received_at: Instant,
    /// Since when it waits for a worker.
    pub(crate) held_since: Option<Instant>,
    /// It opens the protocol session: nothing else of the session makes sense before its answer.
    pub(crate) is_initialize: bool,
    /// The front answers it itself.
    pub(crate) is_for_front: bool,
    /// The last progress the client was told, so that a replay does not go back.
    pub(crate) progress: Option<f64>,
    /// A subscription that the client knows to be established; it stays open by nature.
    pub(crate) listening: bool,
}

impl Pending {
    /// Whether no worker has it, and one should.
    pub(crate) fn is_waiting(&self) -> bool {
        self.sent.is_none() && !self.is_for_front
    }

    pub(super) fn is_sent_to(&mut self, id: WorkerId) {
        self.sent = Some(id);
        self.is_replayed = self.attempted;
        self.attempted = true;
        self.held_since = None;
        self.not_before = None;
    }

    /// Since when no worker has it. How long workers have had it before is no waiting.
    pub(crate) fn waits_since(&self) -> Instant {
        self.held_since.unwrap_or(self.received_at)
    }

    pub(super) fn waited(&self, now: Instant) -> Duration {
        self.held_since.map_or(Duration::ZERO, |since| now.duration_since(since))
    }
}

/// What a flush has found.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Flushed {
    /// By the message that had waited longest.
    pub(crate) longest_wait: Duration,
    /// Requests that an earlier worker had.
    pub(crate) replayed: u64,
}

impl Flushed {
    pub(crate) fn add(&mut self, other: Self) {
        self.longest_wait = self.longest_wait.max(other.longest_wait);
        self.replayed += other.replayed;
    }
}

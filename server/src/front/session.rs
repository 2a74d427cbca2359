//! One client session as the front sees it: what was asked and is not answered,
//! what was asked of the client, and the record for the next worker.
//!
//! Holds no socket and waits for nothing: what is to be sent is appended to the
//! outboxes that the caller passes in.

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::budget::Charge;
use crate::envelope::RequestId;
use crate::link::{ClientId, Frame, Kind, Outbox, SessionOpening, ShimHello};
use crate::shutdown::RequestGuard;

/// From so many unread bytes on, a client that does not read is sent no more
/// notifications, and no more requests of it are taken. What is in flight then is
/// still answered.
pub(crate) const SLOW_CLIENT_BYTES: usize = 4 * 1024 * 1024;

/// A request is not sent to a third worker once two have died working on it.
const CRASHES_TO_QUARANTINE: u8 = 2;

/// What a shim keeps for the next front, should this one die.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FrontRecord {
    /// The worker's record of the session, unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) worker: Option<Box<RawValue>>,
    /// Requests to the client that are open.
    #[serde(default, skip_serializing_if = "HashSet::is_empty")]
    pub(crate) asked: HashSet<i64>,
}

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
    /// Whether the worker at hand has it.
    pub(crate) sent: bool,
    /// How many workers have died with it in flight.
    pub(crate) crashes: u8,
    /// The last progress the client was told, so that a replay does not go back.
    pub(crate) progress: Option<f64>,
    /// A subscription that the client knows to be established; it stays open by nature.
    pub(crate) listening: bool,
}

/// One client session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: ClientId,
    pub(crate) pid: u32,
    /// Towards the shim.
    pub(crate) outbox: Outbox,
    pub(crate) record: FrontRecord,
    /// By sequence, which is the order in which the client sent them.
    pub(crate) pending: BTreeMap<u64, Pending>,
    /// Requests in `pending` by their id, to find cancelled and duplicate ones.
    pub(crate) by_id: HashMap<RequestId, u64>,
    /// Whether the worker at hand knows the session.
    pub(crate) open: bool,
    /// The client has ended its input: the session ends with its last answer.
    pub(crate) ended: bool,
    pub(crate) dropped_notifications: u64,
}

impl Session {
    /// A session for this shim. A record of an earlier front is taken over; what
    /// that front had asked the client is withdrawn, because nobody waits for it.
    pub(crate) fn new(hello: &ShimHello, outbox: Outbox) -> Self {
        let record = hello
            .record
            .as_deref()
            .and_then(|raw| serde_json::from_str::<FrontRecord>(raw.get()).ok())
            .unwrap_or_default();
        let mut session = Self {
            client: hello.client,
            pid: hello.pid,
            outbox,
            record,
            pending: BTreeMap::new(),
            by_id: HashMap::new(),
            open: false,
            ended: false,
            dropped_notifications: 0,
        };
        session.withdraw_questions();
        session
    }

    /// What the worker needs to know to serve the session.
    pub(crate) fn opening(&self, number: u64) -> Frame {
        let opening = SessionOpening { client: self.client, record: self.record.worker.clone() };
        Frame::session(Kind::Open, number, 0, serde_json::to_vec(&opening).unwrap_or_default())
    }

    /// Sends the worker everything that it does not have, in the client's order,
    /// opening the session first where it is not open.
    pub(crate) fn flush(&mut self, number: u64, worker: &Outbox) {
        if !self.open {
            send(worker, &self.opening(number));
            self.open = true;
        }
        let mut delivered = Vec::new();
        for (&sequence, pending) in self.pending.iter_mut().filter(|(_, pending)| !pending.sent) {
            let kind = if pending.crashes > 0 { Kind::Replay } else { pending.kind };
            let payload = pending.payload.clone();
            send(worker, &Frame { kind, session: number, sequence, floor: pending.floor, payload });
            pending.sent = true;
            if pending.id.is_none() {
                delivered.push(sequence);
            }
        }
        for sequence in delivered {
            self.done(sequence);
        }
    }

    /// Sends the worker one message, where it is open and nothing else waits.
    pub(crate) fn flush_one(&mut self, number: u64, sequence: u64, worker: &Outbox) {
        match self.pending.get_mut(&sequence) {
            Some(pending) if self.open => {
                pending.sent = true;
                let Pending { kind, floor, payload, .. } = &*pending;
                let frame =
                    Frame { kind: *kind, session: number, sequence, floor: *floor, payload: payload.clone() };
                send(worker, &frame);
                if pending.id.is_none() {
                    self.done(sequence);
                }
            }
            _ => self.flush(number, worker),
        }
    }

    /// How many requests the next worker gets that an earlier one had.
    pub(crate) fn replays(&self) -> u64 {
        self.pending.values().filter(|pending| pending.crashes > 0 && !pending.sent).count() as u64
    }

    /// Answers a message that never became pending.
    pub(crate) fn answer_unasked(&self, sequence: u64, payload: Bytes) {
        self.to_client(Kind::Response, sequence, payload);
    }

    /// Ends a message without an answer.
    pub(crate) fn done(&mut self, sequence: u64) {
        self.remove(sequence);
        self.to_client(Kind::Done, sequence, Bytes::new());
    }

    /// Ends a request with its answer. A request that is not pending any more
    /// (cancelled, or answered before) gets none.
    pub(crate) fn answer(&mut self, sequence: u64, payload: Bytes) {
        if self.remove(sequence).is_some() {
            self.to_client(Kind::Response, sequence, payload);
        }
    }

    fn remove(&mut self, sequence: u64) -> Option<Pending> {
        let pending = self.pending.remove(&sequence)?;
        if let Some(id) = &pending.id {
            self.by_id.remove(id);
        }
        Some(pending)
    }

    /// Sends the client a message that answers nothing, unless it reads too
    /// slowly to keep up with those.
    pub(crate) fn notify(&mut self, payload: Bytes) {
        if self.outbox.len() > SLOW_CLIENT_BYTES {
            self.dropped_notifications += 1;
        } else {
            self.to_client(Kind::Notification, 0, payload);
        }
    }

    /// Passes a question of the worker on to the client.
    pub(crate) fn asked(&mut self, id: i64, payload: Bytes) {
        self.record.asked.insert(id);
        self.save_record();
        self.to_client(Kind::Notification, 0, payload);
    }

    /// The question that the client answers, `None` when nobody waits for the answer.
    pub(crate) fn answered(&mut self, id: &RequestId) -> Option<i64> {
        let RequestId::Number(id) = *id else { return None };
        let known = self.record.asked.remove(&id);
        if known {
            self.save_record();
        }
        known.then_some(id)
    }

    /// The worker does not wait for the client's answer any more.
    pub(crate) fn question_withdrawn(&mut self, id: i64, payload: Bytes) {
        if self.record.asked.remove(&id) {
            self.save_record();
            self.to_client(Kind::Notification, 0, payload);
        }
    }

    /// Progress of a request. What a replay repeats is not told twice: progress
    /// must increase.
    pub(crate) fn progress(&mut self, sequence: u64, payload: Bytes) {
        let Some(pending) = self.pending.get_mut(&sequence) else { return };
        let Some(progress) = progress_of(&payload) else { return };
        if pending.progress.is_none_or(|before| progress > before) {
            pending.progress = Some(progress);
            self.notify(payload);
        }
    }

    /// A subscription is established. The client hears that once, however often
    /// it is established anew.
    pub(crate) fn listening(&mut self, sequence: u64, payload: Bytes) {
        let Some(pending) = self.pending.get_mut(&sequence) else { return };
        // It would be waited for in vain.
        pending.tracked = None;
        if !std::mem::replace(&mut pending.listening, true) {
            // However slowly the client reads: it waits for this, and there is one a request.
            self.to_client(Kind::Notification, 0, payload);
        }
    }

    /// The worker keeps a new record.
    pub(crate) fn keep(&mut self, record: &[u8]) {
        if let Ok(raw) = serde_json::from_slice::<Box<RawValue>>(record) {
            self.record.worker = Some(raw);
            self.save_record();
        }
    }

    /// The worker is gone: its questions are withdrawn, its unanswered requests
    /// are the next worker's. Returns those that have now been in too many crashes.
    pub(crate) fn worker_lost(&mut self) -> Vec<(u64, RequestId)> {
        self.open = false;
        self.withdraw_questions();
        let mut poisonous = Vec::new();
        for (&sequence, pending) in &mut self.pending {
            if std::mem::take(&mut pending.sent) && !pending.listening {
                pending.crashes += 1;
            } else if pending.listening {
                // Re-established as a replay, but waiting is not what kills a worker.
                pending.crashes = 1;
            }
            if let (CRASHES_TO_QUARANTINE.., Some(id)) = (pending.crashes, &pending.id) {
                poisonous.push((sequence, id.clone()));
            }
        }
        poisonous
    }

    /// Whether only subscriptions are left, which never end by themselves.
    pub(crate) fn is_quiet(&self) -> bool {
        self.pending.values().all(|pending| pending.listening)
    }

    fn withdraw_questions(&mut self) {
        if self.record.asked.is_empty() {
            return;
        }
        for id in std::mem::take(&mut self.record.asked) {
            self.to_client(Kind::Notification, 0, super::answer::withdrawn(id));
        }
        self.save_record();
    }

    fn save_record(&self) {
        let record = serde_json::to_vec(&self.record).unwrap_or_default();
        self.to_client(Kind::State, 0, record.into());
    }

    fn to_client(&self, kind: Kind, sequence: u64, payload: Bytes) {
        send(&self.outbox, &Frame::session(kind, 0, sequence, payload));
    }
}

fn progress_of(notification: &[u8]) -> Option<f64> {
    #[derive(Deserialize)]
    struct Notification {
        params: Params,
    }
    #[derive(Deserialize)]
    struct Params {
        progress: f64,
    }
    serde_json::from_slice::<Notification>(notification).ok().map(|notification| notification.params.progress)
}

/// Sends a frame whose payload came through a frame, so that it cannot be too long.
pub(crate) fn send(outbox: &Outbox, frame: &Frame) {
    if let Err(error) = outbox.push(frame) {
        tracing::error!(%error, kind = ?frame.kind, "a message was dropped");
    }
}

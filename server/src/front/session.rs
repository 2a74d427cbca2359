//! One client session as the front sees it: what was asked and is not answered,
//! what was asked of the client, and the record for the next worker.
//!
//! Holds no socket and waits for nothing: what is to be sent is appended to the
//! outboxes that the caller passes in.

mod history;
mod method;
mod pending;
mod profile;
mod via;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::port::Port;
use crate::envelope::RequestId;
use crate::link::{ClientId, Frame, Kind, Outbox, SessionOpening};
use crate::reboot;
use crate::restart::WorkerId;

pub(crate) use history::{History, What};
pub(crate) use method::method_of;
pub(crate) use pending::{Flushed, Pending};
pub(crate) use profile::{ClientInfo, Profile};
pub(crate) use via::{Principal, Via};

/// From so many unread bytes on, a client that does not read is sent no more
/// notifications, and no more requests of it are taken. What is in flight then is
/// still answered.
pub(crate) const SLOW_CLIENT_BYTES: usize = 4 * 1024 * 1024;

/// A request is not sent to a third worker once two have died working on it.
const CRASHES_TO_QUARANTINE: u8 = 2;

/// Notifications of one client that wait for a worker; what exceeds either is
/// dropped, as nothing promises their delivery.
pub(crate) const MAX_HELD_NOTES: usize = 1000;
const MAX_HELD_NOTES_BYTES: usize = 1024 * 1024;

/// What a shim keeps for the next front, should this one die.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FrontRecord {
    /// The worker's record of the session, unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) worker: Option<Box<RawValue>>,
    /// Requests to the client that are open.
    #[serde(default, skip_serializing_if = "HashSet::is_empty")]
    pub(crate) asked: HashSet<i64>,
    /// What the client says of itself.
    #[serde(default)]
    pub(crate) info: ClientInfo,
}

/// The generation that has asked this question.
pub(crate) fn asker_of(question: i64) -> u64 {
    question.cast_unsigned() / crate::link::QUESTIONS_PER_GENERATION
}

/// One client session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: ClientId,
    /// How it has come, and as whom.
    pub(crate) via: Via,
    /// Towards the client.
    pub(crate) port: Port,
    pub(crate) record: FrontRecord,
    /// By sequence, which is the order in which the client sent them.
    pub(crate) pending: BTreeMap<u64, Pending>,
    /// Requests in `pending` by their id, to find cancelled and duplicate ones.
    pub(crate) by_id: HashMap<RequestId, u64>,
    /// The worker whose record is in [`Self::record`].
    pub(crate) record_by: Option<WorkerId>,
    /// The workers that know the session: two at most, the one that serves and the former.
    pub(crate) open_in: Vec<WorkerId>,
    /// How often it may ask the front; none until it does.
    pub(crate) limits: Option<Box<reboot::Limits>>,
    /// The client has ended its input: the session ends with its last answer.
    pub(crate) ended: bool,
    pub(crate) dropped_notifications: u64,
    pub(crate) profile: Profile,
    pub(crate) history: History,
}

impl Session {
    /// A session for this client. A record of an earlier front is taken over; what
    /// that front had asked the client is withdrawn, because nobody waits for it.
    pub(crate) fn new(client: ClientId, via: Via, record: Option<&RawValue>, port: Port) -> Self {
        let is_taken_over = record.is_some();
        let mut record =
            record.and_then(|raw| serde_json::from_str::<FrontRecord>(raw.get()).ok()).unwrap_or_default();
        record.info.reconnects += u64::from(is_taken_over);
        let mut session = Self {
            client,
            via,
            port,
            record,
            pending: BTreeMap::new(),
            by_id: HashMap::new(),
            record_by: None,
            open_in: Vec::new(),
            limits: None,
            ended: false,
            dropped_notifications: 0,
            profile: Profile::new(),
            history: History::default(),
        };
        session.withdraw_questions(None);
        if is_taken_over {
            // The next front counts on from there.
            session.save_record();
        }
        session
    }

    /// What the worker needs to know to serve the session.
    pub(crate) fn opening(&self, number: u64) -> Frame {
        let opening = SessionOpening {
            client: self.client,
            record: self.record.worker.clone(),
            principal: self.via.limited_as(),
            headers: self.via.headers(),
        };
        Frame::session(Kind::Open, number, 0, serde_json::to_vec(&opening).unwrap_or_default())
    }

    /// Sends this worker everything that no worker has, in the client's order,
    /// opening the session first where it is not open. Returns how long the
    /// messages waited, by the one that waited longest, and how many had been
    /// with a worker before.
    pub(crate) fn flush(&mut self, number: u64, id: WorkerId, worker: &Outbox, now: Instant) -> Flushed {
        let mut flushed = Flushed::default();
        if self.is_settling(id) {
            return flushed;
        }
        self.open_in(number, id, worker);
        let mut delivered = Vec::new();
        let due = |pending: &Pending| pending.not_before.is_none_or(|time| now >= time);
        let waiting = self.pending.iter_mut();
        for (&sequence, pending) in waiting.filter(|(_, pending)| pending.is_waiting() && due(pending)) {
            flushed.longest_wait = flushed.longest_wait.max(pending.waited(now));
            flushed.replayed += u64::from(pending.attempted && pending.id.is_some());
            let kind = if pending.attempted && pending.id.is_some() { Kind::Replay } else { pending.kind };
            let payload = pending.payload.clone();
            send(worker, &Frame { kind, session: number, sequence, floor: pending.floor, payload });
            pending.is_sent_to(id);
            if pending.id.is_none() {
                delivered.push(sequence);
            }
        }
        for sequence in delivered {
            self.done(sequence);
        }
        flushed
    }

    /// Sends this worker one message, where it knows the session.
    pub(crate) fn flush_one(
        &mut self,
        number: u64,
        sequence: u64,
        id: WorkerId,
        worker: &Outbox,
        now: Instant,
    ) {
        let is_settling = self.is_settling(id);
        match self.pending.get_mut(&sequence) {
            Some(pending) if self.open_in.contains(&id) && !is_settling => {
                pending.is_sent_to(id);
                let Pending { kind, floor, payload, .. } = &*pending;
                let frame =
                    Frame { kind: *kind, session: number, sequence, floor: *floor, payload: payload.clone() };
                send(worker, &frame);
                if pending.id.is_none() {
                    self.done(sequence);
                }
            }
            _ => {
                self.flush(number, id, worker, now);
            }
        }
    }

    /// Lets this worker know the session.
    pub(crate) fn open_in(&mut self, number: u64, id: WorkerId, worker: &Outbox) {
        if !self.open_in.contains(&id) && !self.is_settling(id) {
            send(worker, &self.opening(number));
            self.open_in.push(id);
            if !self.via.is_brief() {
                self.history.note(What::TakenOver(id));
            }
        }
    }

    /// Whether another worker is still opening the protocol session: until it has
    /// answered, there is no record that this one could go on from.
    pub(crate) fn is_settling(&self, id: WorkerId) -> bool {
        let elsewhere = |pending: &Pending| pending.sent.is_some_and(|sent| sent != id);
        self.pending.values().any(|pending| pending.is_initialize && elsewhere(pending))
    }

    /// Requests that wait for a worker, and their bytes.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Pending> {
        self.pending.values().filter(|pending| pending.is_waiting() && pending.id.is_some())
    }

    /// Requests that this worker has, subscriptions aside.
    pub(crate) fn in_flight_with(&self, id: WorkerId) -> usize {
        let counts = |pending: &&Pending| pending.sent == Some(id) && !pending.listening;
        self.pending.values().filter(counts).count()
    }

    /// Subscriptions never end: those that a former worker has go to the next.
    pub(crate) fn take_subscriptions_from(&mut self, former: WorkerId) {
        for pending in self.pending.values_mut().filter(|pending| pending.listening) {
            if pending.sent == Some(former) {
                pending.sent = None;
            }
        }
    }

    /// The worker has stopped at a checkpoint of this request.
    pub(crate) fn suspended(&mut self, sequence: u64, by: WorkerId, now: Instant) -> bool {
        match self.pending.get_mut(&sequence) {
            Some(pending) if pending.sent == Some(by) => {
                pending.sent = None;
                pending.held_since = Some(now);
                true
            }
            _ => false,
        }
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
    /// `about` is the request's sequence that it belongs to, 0 for none.
    pub(crate) fn notify(&mut self, about: u64, payload: Bytes) {
        if self.port.len() > SLOW_CLIENT_BYTES {
            self.dropped_notifications += 1;
            self.history.is_slow(true);
        } else {
            self.to_client(Kind::Notification, about, payload);
        }
    }

    /// Passes a question of the worker on to the client, with the request's sequence that
    /// it is about.
    pub(crate) fn asked(&mut self, id: i64, about: u64, payload: Bytes) {
        self.record.asked.insert(id);
        self.save_record();
        self.to_client(Kind::Notification, about, payload);
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
            self.notify(sequence, payload);
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
            self.to_client(Kind::Notification, sequence, payload);
        }
    }

    /// The worker keeps a new record.
    pub(crate) fn keep(&mut self, record: &[u8], by: WorkerId) {
        if let Ok(raw) = serde_json::from_slice::<Box<RawValue>>(record) {
            self.record.worker = Some(raw);
            self.record_by = Some(by);
            self.save_record();
        }
    }

    /// This worker answers nothing any more: its questions are withdrawn, its
    /// unanswered requests are the next worker's. With `by_accident`, returns those
    /// that have now been in too many crashes.
    pub(crate) fn worker_lost(
        &mut self,
        id: WorkerId,
        generation: u64,
        by_accident: bool,
        now: Instant,
    ) -> Vec<(u64, RequestId)> {
        self.open_in.retain(|open| *open != id);
        self.withdraw_questions(Some(generation));
        let mut poisonous = Vec::new();
        for (&sequence, pending) in &mut self.pending {
            if pending.sent != Some(id) {
                continue;
            }
            pending.sent = None;
            pending.held_since = Some(now);
            // A subscription is re-established, but waiting is not what kills a worker.
            if by_accident && !pending.listening {
                pending.crashes += 1;
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

    /// Whether its client has said its last word and got its last answer.
    pub(crate) fn is_finished(&self) -> bool {
        self.ended && self.is_quiet()
    }

    /// Whether one more notification of so many bytes may wait for a worker: unlike
    /// requests, they take nothing from the client's budget.
    pub(crate) fn has_room_for_note(&self, bytes: usize) -> bool {
        let held = self.pending.values().filter(|pending| pending.id.is_none());
        let (notes, held_bytes) =
            held.fold((0, 0), |(notes, sum), note| (notes + 1, sum + note.payload.len()));
        notes == 0 || (notes < MAX_HELD_NOTES && held_bytes + bytes <= MAX_HELD_NOTES_BYTES)
    }

    /// Withdraws what the worker of this generation had asked, or every question.
    fn withdraw_questions(&mut self, generation: Option<u64>) {
        let is_of = |id: &i64| generation.is_none_or(|generation| asker_of(*id) == generation);
        let orphans: Vec<i64> = self.record.asked.iter().copied().filter(is_of).collect();
        if orphans.is_empty() {
            return;
        }
        for id in orphans {
            self.record.asked.remove(&id);
            self.to_client(Kind::Notification, 0, super::answer::withdrawn(id));
        }
        self.save_record();
    }

    /// A request of the client, looked at for what it says of itself.
    pub(crate) fn is_asked(&mut self, request: &[u8], is_initialize: bool, now: Instant) {
        if self.via.is_brief() {
            return;
        }
        let looks = self.profile.asked(&self.record.info, is_initialize, now);
        if looks && self.record.info.learn(request) {
            self.profile.is_news = true;
            self.save_record();
        }
    }

    fn save_record(&self) {
        // Who is one request does not come back to another front.
        if self.via.is_brief() {
            return;
        }
        let record = serde_json::to_vec(&self.record).unwrap_or_default();
        self.to_client(Kind::State, 0, record.into());
    }

    fn to_client(&self, kind: Kind, sequence: u64, payload: Bytes) {
        self.port.send(&Frame::session(kind, 0, sequence, payload));
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

/// The same for one that may wait until another is sent.
pub(crate) fn send_with_next(outbox: &Outbox, frame: &Frame) {
    if let Err(error) = outbox.push_with_next(frame) {
        tracing::error!(%error, kind = ?frame.kind, "a message was dropped");
    }
}

//! What clients send: messages, their end, their coming back.

use std::time::Instant;

use crate::envelope::RequestId;
use crate::front::answer;
use crate::front::event::{ClientMessage, ConnectionId, Content};
use crate::front::metrics::End;
use crate::front::session::{Pending, Session, asker_of, send, send_with_next};
use crate::link::{Frame, Kind};
use crate::restart::WorkerId;

use super::Hub;

impl Hub {
    pub(super) fn connected(&mut self, connection: ConnectionId, mut session: Session, now: Instant) {
        if self.stopping.is_some() {
            return;
        }
        // A shim that is back before its old connection was seen to end.
        // A dead letter that is tried again for the same client is another matter.
        let known = self
            .sessions
            .iter()
            .find(|(number, known)| known.client == session.client && !self.retried.contains_key(number));
        if let Some(number) = known.map(|(&number, _)| number) {
            self.connections.retain(|_, held| *held != number);
            self.end_session(number);
        }
        let number = self.next_session;
        self.next_session += 1;
        tracing::info!(session = number, client = %session.client, via = %session.via, "client attached");
        session.via.take_place(self.sessions.values().map(|other| &other.via));
        self.begin_history(&mut session, now);
        if let Some((id, worker)) = self.serving() {
            session.flush(number, id, worker, now);
        }
        self.sessions.insert(number, session);
        self.stream.came(number);
        self.connections.insert(connection, number);
        self.idle_since = None;
    }

    /// Who gets requests at present.
    pub(super) fn serving(&self) -> Option<(WorkerId, &crate::link::Outbox)> {
        let id = self.route.filter(|_| !self.maintenance)?;
        self.workers.outbox(id).map(|outbox| (id, outbox))
    }

    pub(super) fn message(&mut self, message: ClientMessage, now: Instant) {
        let Some(number) = self.number_at(message.connection) else { return };
        let sequence = message.sequence;
        let is_serving = self.serving().is_some();
        let refusal = self.refusal();
        let Some(session) = self.sessions.get_mut(&number) else { return };
        if session.pending.contains_key(&sequence) {
            return;
        }
        let mut pending = Pending {
            id: None,
            kind: Kind::Message,
            floor: message.floor,
            payload: message.payload,
            charge: message.charge,
            tracked: message.tracked,
            sent: None,
            attempted: false,
            is_replayed: false,
            crashes: 0,
            faults: 0,
            not_before: None,
            received_at: now,
            held_since: (!is_serving).then_some(now),
            is_initialize: false,
            is_for_front: false,
            progress: None,
            listening: false,
        };
        // A note or an answer belongs to the worker that has the request, or that asked.
        let mut to = None;
        // What waited for the session to begin does not wait for that any more.
        let mut goes_on = false;
        match message.content {
            Content::Malformed(malformed) => {
                session.answer_unasked(sequence, answer::malformed(&malformed));
                return;
            }
            Content::Request { id, .. } if session.by_id.contains_key(&id) => {
                session.answer_unasked(sequence, answer::duplicate_id(&id));
                return;
            }
            Content::Reboot(call) => {
                pending.is_for_front = true;
                self.reboot_called(number, sequence, *call, pending, now);
                return;
            }
            // A revision without sessions has no such thing.
            Content::Request { id, is_ping: true, .. } if !is_serving && !session.via.is_brief() => {
                self.metrics.requests.received(session.via.transport());
                self.metrics.requests.ended(session.via.transport(), End::Front, 1);
                session.answer_unasked(sequence, answer::pong(&id));
                return;
            }
            Content::Request { id, is_initialize, .. } => {
                self.traffic.requests += 1;
                self.metrics.requests.received(session.via.transport());
                session.is_asked(&pending.payload, is_initialize, now);
                if let Some((code, reason)) = refusal {
                    self.metrics.requests.ended(session.via.transport(), End::Refused, 1);
                    session.answer_unasked(sequence, answer::unavailable(&id, code, &reason));
                    return;
                }
                session.by_id.insert(id.clone(), sequence);
                pending.id = Some(id);
                pending.is_initialize = is_initialize;
            }
            Content::Notification { cancels } => {
                if let Some(cancelled) = cancels.and_then(|id| session.by_id.get(&id).copied()) {
                    let request = session.pending.get(&cancelled);
                    to = request.and_then(|request| request.sent);
                    goes_on = request.is_some_and(|request| request.is_initialize);
                    self.metrics.requests.ended(session.via.transport(), End::Cancelled, 1);
                    session.done(cancelled);
                    if to.is_none() {
                        session.done(sequence);
                        return;
                    }
                }
            }
            Content::Response { id } => match id.and_then(|id| session.answered(&id)) {
                Some(question) => {
                    pending.kind = Kind::Reply;
                    to = self.workers.of_generation(asker_of(question));
                    if to.is_none() {
                        session.done(sequence);
                        return;
                    }
                }
                None => {
                    session.done(sequence);
                    return;
                }
            },
        }
        if pending.id.is_some() && !is_serving {
            self.current.count_held();
        }
        if pending.id.is_none() && to.is_none() && !session.has_room_for_note(pending.payload.len()) {
            tracing::warn!(session = number, sequence, "too many notifications wait: one is dropped");
            session.done(sequence);
            return;
        }
        session.pending.insert(sequence, pending);
        self.pass_on(number, sequence, to, now);
        if goes_on {
            self.flush_session(number, now);
        }
    }

    /// Sends a message to the worker that it belongs to, or to the one that serves.
    fn pass_on(&mut self, number: u64, sequence: u64, to: Option<WorkerId>, now: Instant) {
        let serving = self.route.filter(|_| !self.maintenance);
        let Some(id) = to.or(serving) else { return };
        let Some(worker) = self.workers.outbox(id).cloned() else { return };
        if let Some(session) = self.sessions.get_mut(&number) {
            session.flush_one(number, sequence, id, &worker, now);
        }
        if to.is_some() && to != serving {
            self.check_watched(now);
        }
    }

    pub(super) fn input_ended(&mut self, connection: ConnectionId) {
        let Some(&number) = self.connections.get(&connection) else { return };
        if let Some(session) = self.sessions.get_mut(&number) {
            session.ended = true;
        }
        self.close_if_finished(number);
    }

    pub(super) fn disconnected(&mut self, connection: ConnectionId) {
        if let Some(number) = self.brief.remove(&connection) {
            return self.end_session(number);
        }
        if let Some(number) = self.connections.remove(&connection) {
            self.end_session(number);
            // It did not live to see the next worker.
            let is_lost = self.route.is_none() && self.machine.running().is_some();
            self.figures.failed_reconnections += u64::from(is_lost);
        }
        if self.connections.is_empty() && self.idle_since.is_none() {
            self.idle_since = Some(Instant::now());
        }
    }

    /// Ends a session whose client has said its last word and got its last answer.
    pub(super) fn close_if_finished(&mut self, number: u64) {
        if self.sessions.get(&number).is_some_and(Session::is_finished) {
            self.connections.retain(|_, held| *held != number);
            self.end_session(number);
            if self.connections.is_empty() {
                self.idle_since = Some(Instant::now());
            }
        }
    }

    pub(super) fn end_session(&mut self, number: u64) {
        let Some(mut session) = self.sessions.remove(&number) else { return };
        if !self.retried.contains_key(&number) {
            let unanswered = session.by_id.len() as u64;
            self.metrics.requests.ended(session.via.transport(), End::Abandoned, unanswered);
        }
        if !session.via.is_brief() {
            if !self.retried.contains_key(&number) {
                self.end_history(&mut session, Instant::now());
            }
            self.pinged.remove(&number);
            self.stream.ended(number);
            tracing::info!(session = number, client = %session.client, "client detached");
        }
        for id in &session.record.asked {
            let asker = self.workers.of_generation(asker_of(*id));
            if let Some(worker) = asker.and_then(|asker| self.workers.outbox(asker)) {
                let answer = answer::client_gone(*id);
                send(worker, &Frame::session(Kind::Reply, number, 0, answer));
            }
        }
        for worker in session.open_in.iter().filter_map(|id| self.workers.outbox(*id)) {
            let close = Frame::session(Kind::Close, number, 0, bytes::Bytes::new());
            if session.via.is_brief() && session.by_id.is_empty() {
                // Nothing is under way there: it costs no wakeup of its own.
                send_with_next(worker, &close);
            } else {
                send(worker, &close);
            }
        }
        session.port.send(&Frame::control(Kind::Closed, bytes::Bytes::new()));
        session.port.close();
        self.check_watched(Instant::now());
    }

    /// Why requests are refused at present instead of held, where they are.
    pub(super) fn refusal(&self) -> Option<(task_orchestrator_shared::error_code::ErrorCode, String)> {
        use task_orchestrator_shared::error_code::ErrorCode;
        let reason = self.machine.refusal().filter(|_| self.route.is_none())?;
        Some(match self.machine.safe_mode() {
            Some(why) => {
                (ErrorCode::SafeMode, format!("safe mode ({why}), and no worker can be started: {reason}"))
            }
            None => (ErrorCode::WorkerUnavailable, format!("the server cannot start its worker: {reason}")),
        })
    }

    /// A request that the front answers itself is known by its id like any other.
    pub(super) fn keep_for_front(
        &mut self,
        number: u64,
        sequence: u64,
        id: &RequestId,
        mut pending: Pending,
    ) -> bool {
        let Some(session) = self.sessions.get_mut(&number) else { return false };
        if session.by_id.contains_key(id) {
            session.answer_unasked(sequence, answer::duplicate_id(id));
            return false;
        }
        self.metrics.requests.received(session.via.transport());
        session.by_id.insert(id.clone(), sequence);
        pending.id = Some(id.clone());
        pending.held_since = None;
        session.pending.insert(sequence, pending);
        true
    }
}

//! What waits for a worker: not for ever, and not against an operator's will.

use std::collections::HashMap;
use std::time::Instant;

use bytes::Bytes;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::{BufferStatus, DeadCause, Level};

use crate::envelope::RequestId;
use crate::front::answer;
use crate::front::metrics::End;
use crate::front::session::{Pending, What};

use super::Hub;

/// A request that no worker has.
struct Waiting {
    /// The session's number.
    number: u64,
    sequence: u64,
    id: RequestId,
    /// Whether an earlier worker had it.
    attempted: bool,
}

impl Hub {
    /// Answers what has waited for too long.
    pub(super) fn expire(&mut self, now: Instant) {
        let limit = self.config.buffer.expiry;
        for Waiting { number, sequence, id, attempted } in
            self.waiting(|pending| now.duration_since(pending.waits_since()) >= limit)
        {
            // What an earlier worker had may have had its effect.
            let code = if attempted { ErrorCode::OutcomeUnknown } else { ErrorCode::TimeoutExceeded };
            let answer = answer::expired(&id, code, limit);
            self.bury(number, sequence, DeadCause::Expired, code, answer);
        }
    }

    /// Answers everything that waits with an error, because somebody wants it so.
    pub(super) fn clear_buffers(&mut self) {
        self.current.cleared += self.clear_buffers_of(None);
    }

    /// The same for one session, or for all. Returns how many there were.
    pub(super) fn clear_buffers_of(&mut self, session: Option<u64>) -> u64 {
        let mut waiting = self.waiting(|_| true);
        waiting.retain(|waiting| session.is_none_or(|session| waiting.number == session));
        let cleared = waiting.len() as u64;
        let mut of_each: HashMap<u64, u64> = HashMap::new();
        for Waiting { number, .. } in &waiting {
            *of_each.entry(*number).or_default() += 1;
        }
        for (number, cleared) in of_each {
            if let Some(session) = self.sessions.get_mut(&number) {
                session.history.note(What::BufferCleared(cleared));
                self.metrics.requests.ended(session.via.transport(), End::Cleared, cleared);
            }
        }
        for Waiting { number, sequence, id, attempted } in waiting {
            self.give_up(number, sequence, answer::cleared(&id, attempted));
        }
        cleared
    }

    /// Requests are answered instead of waiting for a worker that does not come.
    pub(super) fn refuse_all(&mut self) {
        let Some((code, reason)) = self.refusal() else { return };
        for Waiting { number, sequence, id, attempted } in self.waiting(|_| true) {
            // To call one that may have had its effect worth another attempt would
            // invite its repetition.
            let code = if attempted { ErrorCode::OutcomeUnknown } else { code };
            if let Some(session) = self.sessions.get(&number) {
                self.metrics.requests.ended(session.via.transport(), End::Refused, 1);
            }
            self.give_up(number, sequence, answer::unavailable(&id, code, &reason));
        }
    }

    /// Requests without a worker. Not subscriptions: they wait by nature.
    fn waiting(&self, counts: impl Fn(&Pending) -> bool) -> Vec<Waiting> {
        let mut waiting = Vec::new();
        for (&number, session) in &self.sessions {
            let requests = session.pending.iter().filter(|(_, pending)| pending.is_waiting());
            for (&sequence, pending) in requests.filter(|(_, pending)| !pending.listening && counts(pending))
            {
                let Some(id) = pending.id.clone() else { continue };
                waiting.push(Waiting { number, sequence, id, attempted: pending.attempted });
            }
        }
        waiting
    }

    /// Answers a request that no worker gets any more.
    pub(super) fn give_up(&mut self, number: u64, sequence: u64, answer: Bytes) {
        if self.retried.contains_key(&number) {
            return self.retry_answered(number, &answer);
        }
        if let Some(session) = self.sessions.get_mut(&number) {
            session.answer(sequence, answer);
        }
        self.close_if_finished(number);
    }

    pub(super) fn buffer_status(&self, now: Instant) -> BufferStatus {
        let (mut requests, mut bytes, mut sessions) = (0, 0, 0);
        let mut oldest: Option<Instant> = None;
        for session in self.sessions.values() {
            let before = requests;
            for pending in session.waiting() {
                requests += 1;
                bytes += pending.payload.len() as u64;
                oldest =
                    Some(oldest.map_or(pending.waits_since(), |oldest| oldest.min(pending.waits_since())));
            }
            sessions += u64::from(requests > before);
        }
        let age = oldest.map(|oldest| now.duration_since(oldest));
        let status = match age {
            Some(age) if age >= self.config.buffer.expiry / 2 => Level::Unhealthy,
            Some(age) if age >= super::HELD_LONG => Level::Degraded,
            _ => Level::Healthy,
        };
        BufferStatus {
            total_buffered_requests: requests,
            total_buffered_bytes: bytes,
            sessions_with_buffers: sessions,
            capacity_per_session: self.config.buffer.max_requests_per_client.into(),
            oldest_age_seconds: age.map(|age| age.as_secs_f64()),
            status,
        }
    }

    /// Requests with workers, subscriptions aside.
    pub(super) fn in_flight(&self) -> u64 {
        let all = self.sessions.values().flat_map(|session| session.pending.values());
        all.filter(|pending| pending.sent.is_some() && !pending.listening && pending.id.is_some()).count()
            as u64
    }
}

//! What waits for a worker: not for ever, and not against an operator's will.

use std::time::Instant;

use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::{BufferStatus, DeadCause, Level};

use crate::front::answer;

use super::Hub;

impl Hub {
    /// Answers what has waited for too long.
    pub(super) fn expire(&mut self, now: Instant) {
        let limit = self.config.buffer.expiry;
        let mut expired = Vec::new();
        for (&number, session) in &self.sessions {
            for (&sequence, pending) in &session.pending {
                let is_late = now.duration_since(pending.received_at) >= limit;
                if let (true, true, Some(id)) = (is_late, pending.is_waiting(), &pending.id) {
                    expired.push((number, sequence, id.clone(), pending.attempted));
                }
            }
        }
        for (number, sequence, id, attempted) in expired {
            // What an earlier worker had may have had its effect.
            let code = if attempted { ErrorCode::OutcomeUnknown } else { ErrorCode::TimeoutExceeded };
            let answer = answer::expired(&id, code, limit);
            self.bury(number, sequence, DeadCause::Expired, code, answer);
        }
    }

    /// Answers everything that waits with an error, because somebody wants it so.
    /// Returns how many that were.
    pub(super) fn clear_buffers(&mut self) -> u64 {
        let mut cleared = 0;
        for session in self.sessions.values_mut() {
            let waiting: Vec<_> = session
                .pending
                .iter()
                .filter(|(_, pending)| pending.is_waiting() && !pending.listening)
                .filter_map(|(sequence, pending)| Some((*sequence, pending.id.clone()?, pending.attempted)))
                .collect();
            for (sequence, id, attempted) in waiting {
                session.answer(sequence, answer::cleared(&id, attempted));
                cleared += 1;
            }
        }
        self.current.cleared += cleared;
        cleared
    }

    pub(super) fn buffer_status(&self, now: Instant) -> BufferStatus {
        let (mut requests, mut bytes, mut sessions) = (0, 0, 0);
        let mut oldest: Option<Instant> = None;
        for session in self.sessions.values() {
            let before = requests;
            for pending in session.waiting() {
                requests += 1;
                bytes += pending.payload.len() as u64;
                oldest = Some(oldest.map_or(pending.received_at, |oldest| oldest.min(pending.received_at)));
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

//! One session with what its client waits for, and those who may come back. What a
//! client has written is read beside the hub, and told no further than the name of
//! what it asks for.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;
use jiff::Timestamp;
use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::admin::session_detail::{
    MAX_SESSION_REQUESTS, RequestPlace, SessionDetail, SessionRequest,
};

use crate::front::ask::ReplyTo;
use crate::front::event::Event;
use crate::front::session::{History, Pending, SLOW_CLIENT_BYTES, Session, What, method_of};
use crate::link::ClientId;
use crate::restart::WorkerId;

use super::Hub;
use super::by_hand::no_session;

/// Clients that are gone and whose history is kept for when they come back; the one
/// that went first is forgotten.
const MAX_DEPARTED: usize = 256;

/// Workers of this front whose generation is remembered; the oldest is forgotten.
const MAX_GENERATIONS: usize = 4096;

/// See the module.
#[derive(Default)]
pub(super) struct Departed(VecDeque<(ClientId, Instant, History)>);

impl Departed {
    fn keep(&mut self, client: ClientId, history: History, now: Instant) {
        if self.0.len() >= MAX_DEPARTED {
            self.0.pop_front();
        }
        self.0.push_back((client, now, history));
    }

    fn take(&mut self, client: ClientId) -> Option<(Instant, History)> {
        let place = self.0.iter().position(|(known, ..)| *known == client)?;
        self.0.remove(place).map(|(_, since, history)| (since, history))
    }
}

/// Which generation each worker is, or was.
#[derive(Default)]
pub(super) struct Generations(BTreeMap<WorkerId, u64>);

impl Generations {
    pub(super) fn learn(&mut self, worker: WorkerId, generation: u64) {
        if self.0.len() >= MAX_GENERATIONS {
            self.0.pop_first();
        }
        // What it was when it took its sessions, should it take over a second time.
        self.0.entry(worker).or_insert(generation);
    }
}

/// A request as the hub knows it; its message is still to be read.
struct Waiting {
    message: Bytes,
    request: SessionRequest,
}

impl Hub {
    /// A client is there: a new one, or one that was there before.
    pub(super) fn begin_history(&mut self, session: &mut Session, now: Instant) {
        let times = session.record.info.reconnects;
        match self.departed.take(session.client) {
            Some((since, before)) => {
                let away = now.saturating_duration_since(since);
                session.history.note(What::CameBack(Some(away), times));
                session.history.continues(before);
            }
            None if times > 0 => session.history.note(What::CameBack(None, times)),
            None => session.history.note(What::Attached),
        }
    }

    /// A client is gone, and may come back.
    pub(super) fn end_history(&mut self, session: &mut Session, now: Instant) {
        let mut history = std::mem::take(&mut session.history);
        history.note(What::WentAway);
        self.departed.keep(session.client, history, now);
    }

    /// Looks who reads what it is sent.
    pub(super) fn look_for_slow(&mut self) {
        for session in self.sessions.values_mut() {
            session.history.is_slow(session.port.len() > SLOW_CLIENT_BYTES);
        }
    }

    /// One session with all that its client waits for.
    pub(super) fn session(&self, session: &str, to: ReplyTo, now: Instant) {
        let known = self.number_of(session).and_then(|number| Some((number, self.sessions.get(&number)?)));
        let Some((number, known)) = known else {
            let refusal = no_session(session);
            return self.report_beside(to, move || refusal);
        };
        let requests = known.pending.iter().filter(|(_, pending)| pending.id.is_some());
        let there_are = requests.clone().count();
        let waiting: Vec<Waiting> = requests
            .take(MAX_SESSION_REQUESTS)
            .map(|(sequence, pending)| self.waiting_request(*sequence, pending, now))
            .collect();
        let detail = SessionDetail {
            at: Timestamp::now().to_string(),
            client: known.client.to_string(),
            number,
            requests: Vec::new(),
            left_out: (there_are - waiting.len()) as u64,
            history: known.history.tell(|worker| self.generations.0.get(&worker).copied()),
        };
        self.report_beside(to, move || {
            let requests = waiting.into_iter().map(|Waiting { message, request }| SessionRequest {
                method: method_of(&message),
                ..request
            });
            Reply::Session(Box::new(SessionDetail { requests: requests.collect(), ..detail }))
        });
    }

    fn waiting_request(&self, sequence: u64, pending: &Pending, now: Instant) -> Waiting {
        let place = match pending.sent {
            _ if pending.is_for_front => RequestPlace::Front,
            None => RequestPlace::Buffered,
            Some(_) => RequestPlace::InFlight,
        };
        let age = now.saturating_duration_since(pending.received_at).as_millis();
        let request = SessionRequest {
            sequence,
            method: String::new(),
            place,
            worker_pid: pending.sent.and_then(|worker| self.workers.pid(worker)),
            age_ms: u64::try_from(age).unwrap_or(u64::MAX),
            bytes: pending.payload.len() as u64,
            replayed: if pending.sent.is_some() { pending.is_replayed } else { pending.attempted },
        };
        Waiting { message: pending.payload.clone(), request }
    }

    /// Makes an answer beside the hub.
    fn report_beside(&self, to: ReplyTo, reply: impl FnOnce() -> Reply + Send + 'static) {
        let events = self.jobs.events().clone();
        tokio::spawn(async move {
            if let Ok(reply) = tokio::task::spawn_blocking(reply).await {
                let _ = events.send(Event::Report { to, reply }).await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_went_first_is_forgotten_first() {
        let mut departed = Departed::default();
        let clients: Vec<ClientId> = (0..=MAX_DEPARTED).map(|_| ClientId::random()).collect();
        for client in &clients {
            departed.keep(*client, History::default(), Instant::now());
        }
        assert!(departed.take(clients[0]).is_none());
        assert!(departed.take(clients[1]).is_some() && departed.take(clients[1]).is_none());
        assert_eq!(departed.0.len(), MAX_DEPARTED - 1);
    }
}

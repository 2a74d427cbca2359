//! The one owner of all sessions and of the worker: takes events one after the
//! other and never waits for a peer.
//!
//! Sessions stay while workers come and go. Whatever a worker did not answer is
//! sent to the next one; the operation log makes that safe.

use std::collections::HashMap;
use std::time::Duration;

use task_orchestrator_shared::admin;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::answer;
use super::budget::Budget;
use super::event::{ClientMessage, ConnectionId, Content, Event, WorkerId};
use super::session::{Pending, Session, send};
use super::supervisor::{Supervisor, Verdict};
use crate::link::{Frame, Goodbye, Kind};

/// Everything that the front knows about its clients and its worker.
pub(crate) struct Hub {
    sessions: HashMap<u64, Session>,
    connections: HashMap<ConnectionId, u64>,
    next_session: u64,
    supervisor: Supervisor,
    figures: Figures,
    /// Since when nobody is attached.
    idle_since: Option<Instant>,
    settings: Settings,
    /// Told when the worker is gone, once the front ends.
    stopping: Option<oneshot::Sender<()>>,
    started_at: Instant,
}

/// What the hub needs to know.
pub(crate) struct Settings {
    /// Ends the front when nobody was attached for so long; `None` for a front
    /// that was started to stay.
    pub(crate) idle_timeout: Option<Duration>,
    /// Asks for the end of the front, with whether its clients are to come back.
    pub(crate) end: Box<dyn Fn(Goodbye) + Send>,
    pub(crate) workspace: String,
    pub(crate) budget: Budget,
}

/// Counted since the front started.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) replayed: u64,
    pub(crate) quarantined: u64,
}

impl Hub {
    pub(crate) fn new(supervisor: Supervisor, settings: Settings) -> Self {
        Self {
            sessions: HashMap::new(),
            connections: HashMap::new(),
            next_session: 1,
            supervisor,
            figures: Figures::default(),
            idle_since: Some(Instant::now()),
            settings,
            stopping: None,
            started_at: Instant::now(),
        }
    }

    /// Takes events until the front has been told to stop and its worker is gone.
    pub(crate) async fn run(mut self, mut events: mpsc::Receiver<Event>) {
        loop {
            match tokio::time::timeout_at(self.wakes_at(), events.recv()).await {
                Ok(Some(event)) => self.on(event),
                Ok(None) => return,
                Err(_) => {}
            }
            let now = Instant::now();
            let verdict = self.supervisor.on_time(now);
            self.act(verdict);
            self.end_when_idle(now);
            if self.supervisor.has_stopped()
                && let Some(stopped) = self.stopping.take()
            {
                let _ = stopped.send(());
                return;
            }
        }
    }

    fn wakes_at(&self) -> Instant {
        let supervisor = self.supervisor.wakes_at();
        self.idle_deadline().map_or(supervisor, |idle| idle.min(supervisor))
    }

    fn idle_deadline(&self) -> Option<Instant> {
        Some(self.idle_since? + self.settings.idle_timeout?)
    }

    fn end_when_idle(&mut self, now: Instant) {
        if self.idle_deadline().is_some_and(|deadline| now >= deadline) {
            self.idle_since = None;
            tracing::info!("nobody has been attached for a while");
            (self.settings.end)(Goodbye { resume: true, reason: "idle".to_owned() });
        }
    }

    /// Takes one event.
    pub(crate) fn on(&mut self, event: Event) {
        match event {
            Event::Connected { connection, session } => self.connected(connection, *session),
            Event::Message(message) => self.message(message),
            Event::InputEnded { connection } => self.input_ended(connection),
            Event::Disconnected { connection } => self.disconnected(connection),
            Event::FromWorker { worker, frames } => {
                for frame in frames {
                    self.worker_said(worker, frame);
                }
            }
            Event::WorkerEnded { worker, end } => {
                let verdict = self.supervisor.ended(worker, &end, Instant::now());
                self.act(verdict);
            }
            Event::Admin { asked, reply } => {
                // Whoever asked may have hung up.
                let _ = reply.send(self.administer(&asked.request));
            }
            Event::Stop { goodbye, stopped } => {
                self.say_goodbye(&goodbye);
                self.stopping = Some(stopped);
            }
            Event::KillWorker => self.supervisor.kill(),
        }
    }

    fn connected(&mut self, connection: ConnectionId, mut session: Session) {
        if self.stopping.is_some() {
            return;
        }
        // A shim that is back before its old connection was seen to end.
        let known = self.sessions.iter().find(|(_, known)| known.client == session.client);
        if let Some(number) = known.map(|(&number, _)| number) {
            self.connections.retain(|_, held| *held != number);
            self.end_session(number);
        }
        let number = self.next_session;
        self.next_session += 1;
        tracing::info!(session = number, client = %session.client, pid = session.pid, "client attached");
        if let Some(worker) = self.supervisor.serving() {
            session.flush(number, worker);
        }
        self.sessions.insert(number, session);
        self.connections.insert(connection, number);
        self.idle_since = None;
    }

    fn message(&mut self, message: ClientMessage) {
        let Some(&number) = self.connections.get(&message.connection) else { return };
        let Some(session) = self.sessions.get_mut(&number) else { return };
        let sequence = message.sequence;
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
            sent: false,
            crashes: 0,
            progress: None,
            listening: false,
        };
        match message.content {
            Content::Malformed(malformed) => {
                session.answer_unasked(sequence, answer::malformed(&malformed));
                return;
            }
            Content::Request { id, .. } if session.by_id.contains_key(&id) => {
                session.answer_unasked(sequence, answer::duplicate_id(&id));
                return;
            }
            Content::Request { id, is_ping: true } if self.supervisor.serving().is_none() => {
                session.answer_unasked(sequence, answer::pong(&id));
                return;
            }
            Content::Request { id, .. } => {
                if let Some(reason) = self.supervisor.given_up() {
                    session.answer_unasked(sequence, answer::unavailable(&id, reason));
                    return;
                }
                session.by_id.insert(id.clone(), sequence);
                pending.id = Some(id);
            }
            Content::Notification { cancels } => {
                if let Some(cancelled) = cancels.and_then(|id| session.by_id.get(&id).copied()) {
                    let had_been_sent = session.pending.get(&cancelled).is_some_and(|request| request.sent);
                    session.done(cancelled);
                    if !had_been_sent {
                        session.done(sequence);
                        return;
                    }
                }
            }
            Content::Response { id } => match id.and_then(|id| session.answered(&id)) {
                Some(_) => pending.kind = Kind::Reply,
                None => {
                    session.done(sequence);
                    return;
                }
            },
        }
        session.pending.insert(sequence, pending);
        if let Some(worker) = self.supervisor.serving() {
            session.flush_one(number, sequence, worker);
        }
    }

    fn input_ended(&mut self, connection: ConnectionId) {
        let Some(&number) = self.connections.get(&connection) else { return };
        if let Some(session) = self.sessions.get_mut(&number) {
            session.ended = true;
        }
        self.close_if_finished(number);
    }

    fn disconnected(&mut self, connection: ConnectionId) {
        if let Some(number) = self.connections.remove(&connection) {
            self.end_session(number);
        }
        if self.sessions.is_empty() && self.idle_since.is_none() {
            self.idle_since = Some(Instant::now());
        }
    }

    /// Ends a session whose client has said its last word and got its last answer.
    fn close_if_finished(&mut self, number: u64) {
        if self.sessions.get(&number).is_some_and(|session| session.ended && session.is_quiet()) {
            self.connections.retain(|_, held| *held != number);
            self.end_session(number);
            if self.sessions.is_empty() {
                self.idle_since = Some(Instant::now());
            }
        }
    }

    fn end_session(&mut self, number: u64) {
        let Some(session) = self.sessions.remove(&number) else { return };
        tracing::info!(session = number, client = %session.client, "client detached");
        if session.open
            && let Some(worker) = self.supervisor.serving()
        {
            for id in &session.record.asked {
                let answer = answer::client_gone(*id);
                send(worker, &Frame::session(Kind::Reply, number, 0, answer));
            }
            send(worker, &Frame::session(Kind::Close, number, 0, bytes::Bytes::new()));
        }
        send(&session.outbox, &Frame::control(Kind::Closed, bytes::Bytes::new()));
        session.outbox.close();
    }

    fn worker_said(&mut self, worker: WorkerId, frame: Frame) {
        if frame.session == 0 {
            let verdict = self.supervisor.heard(worker, frame, Instant::now());
            self.act(verdict);
            return;
        }
        if !self.supervisor.is_serving(worker) {
            return;
        }
        let number = frame.session;
        let Some(session) = self.sessions.get_mut(&number) else { return };
        match frame.kind {
            Kind::Response => {
                session.answer(frame.sequence, frame.payload);
                self.supervisor.answered();
                self.close_if_finished(number);
            }
            Kind::Notification => session.notify(frame.payload),
            Kind::Progress => session.progress(frame.sequence, frame.payload),
            Kind::Listening => session.listening(frame.sequence, frame.payload),
            Kind::Request => session.asked(frame.sequence.cast_signed(), frame.payload),
            Kind::Withdraw => session.question_withdrawn(frame.sequence.cast_signed(), frame.payload),
            Kind::State => session.keep(&frame.payload),
            kind => tracing::error!(?kind, "unexpected frame from a worker"),
        }
    }

    fn act(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Nothing => {}
            Verdict::Serving => {
                let Some(worker) = self.supervisor.serving() else { return };
                for (&number, session) in &mut self.sessions {
                    self.figures.replayed += session.replays();
                    session.flush(number, worker);
                }
            }
            Verdict::Lost => {
                for session in self.sessions.values_mut() {
                    for (sequence, id) in session.worker_lost() {
                        tracing::error!(client = %session.client, sequence, ?id, "request quarantined");
                        self.figures.quarantined += 1;
                        session.answer(sequence, answer::quarantined(&id));
                    }
                }
            }
            Verdict::GivenUp => {
                let reason = self.supervisor.given_up().unwrap_or("unknown").to_owned();
                for session in self.sessions.values_mut() {
                    for (id, sequence) in std::mem::take(&mut session.by_id) {
                        session.answer(sequence, answer::unavailable(&id, &reason));
                    }
                }
            }
        }
    }

    fn administer(&mut self, request: &admin::Request) -> admin::Reply {
        match request {
            admin::Request::Status => admin::Reply::Status(Box::new(self.status())),
            admin::Request::Stop => {
                let reason = "stopped by an administrator".to_owned();
                (self.settings.end)(Goodbye { resume: false, reason });
                let sessions = self.sessions.len() as u64;
                admin::Reply::Stopping(admin::Stopping { pid: std::process::id(), sessions })
            }
            other => admin::Reply::Refused(admin::Refusal {
                error_code: ErrorCode::Internal,
                error: format!("{other:?} is not known to this build"),
                hint: "Upgrade the server.".to_owned(),
            }),
        }
    }

    fn status(&self) -> admin::Status {
        let now = Instant::now();
        let session = |session: &Session| admin::SessionStatus {
            client: session.client.to_string(),
            pid: session.pid,
            unanswered: session.by_id.len() as u64,
            asked: session.record.asked.len() as u64,
            dropped_notifications: session.dropped_notifications,
        };
        admin::Status {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            workspace: self.settings.workspace.clone(),
            uptime_seconds: now.duration_since(self.started_at).as_secs(),
            phase: Phase::Idle,
            maintenance_mode: false,
            safe_mode: None,
            standby: None,
            former: None,
            generation: self.supervisor.generation(),
            worker: self.supervisor.worker_status(now),
            worker_failure: self.supervisor.last_failure().map(str::to_owned),
            crashes: self.supervisor.crashes(),
            replayed: self.figures.replayed,
            quarantined: self.figures.quarantined,
            held_bytes: self.settings.budget.held_bytes() as u64,
            session_count: self.sessions.len() as u64,
            sessions: self.sessions.values().take(admin::MAX_SESSIONS_LISTED).map(session).collect(),
        }
    }

    /// Tells every shim that the front ends on purpose, and the worker to finish.
    fn say_goodbye(&mut self, goodbye: &Goodbye) {
        let payload = serde_json::to_vec(goodbye).unwrap_or_default();
        for session in self.sessions.values() {
            send(&session.outbox, &Frame::control(Kind::Goodbye, payload.clone()));
            session.outbox.close();
        }
        self.sessions.clear();
        self.connections.clear();
        self.supervisor.stop();
    }
}

#[cfg(test)]
mod tests;

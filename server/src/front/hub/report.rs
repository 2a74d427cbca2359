//! What is told of the server: every figure measured at the question, or with
//! its age. What takes time is measured beside the hub.

mod health;
mod reconnect;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use task_orchestrator_shared::admin::{self, Reply};
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::{
    BreakerCheck, ClientsReadiness, ConnectionsCheck, CurrentStatus, Level, LimitsCheck, RestartStatus,
    WorkerCheck,
};

use crate::front::ask::ReplyTo;
use crate::front::event::Event;
use crate::front::session::{SLOW_CLIENT_BYTES, Session};

use super::Hub;
use health::{health, inspected, on_disk, readiness};

/// What the hub knows at the moment of a question.
struct Facts {
    now: Timestamp,
    uptime: Duration,
    safe_mode: Option<String>,
    maintenance_mode: bool,
    is_ending: bool,
    worker: WorkerCheck,
    connections: ConnectionsCheck,
    clients: ClientsReadiness,
    front_rss_bytes: Option<u64>,
    buffered_bytes: u64,
    last_verified: Option<String>,
    ledger_issue: Option<String>,
    running: Option<String>,
    alerts: Vec<crate::ledger::Alert>,
    limits: Option<LimitsCheck>,
    breakers: BTreeMap<String, BreakerCheck>,
}

impl Hub {
    pub(super) fn health(&mut self, to: ReplyTo, now: Instant) {
        let (facts, inspection, alerts) = (self.facts(now), self.inspect(), self.ledger.alerts());
        let (state, events) = (self.jobs.places().state.clone(), self.jobs.events().clone());
        tokio::spawn(async move {
            let (inspection, disk, alerts) = tokio::join!(inspected(inspection), on_disk(&state), alerts);
            // A ledger that cannot be asked is an issue of its own.
            let facts = Facts { alerts: alerts.unwrap_or_default(), ..facts };
            let reply = Reply::Health(Box::new(health(facts, inspection, &disk)));
            let _ = events.send(Event::Report { to, reply }).await;
        });
    }

    pub(super) fn readiness(&mut self, to: ReplyTo, now: Instant) {
        let (facts, inspection) = (self.facts(now), self.inspect());
        let (state, events) = (self.jobs.places().state.clone(), self.jobs.events().clone());
        tokio::spawn(async move {
            let (inspection, disk) = tokio::join!(inspected(inspection), on_disk(&state));
            let reply = Reply::Readiness(Box::new(readiness(facts, inspection, &disk)));
            let _ = events.send(Event::Report { to, reply }).await;
        });
    }

    fn facts(&self, now: Instant) -> Facts {
        let buffer = self.buffer_status(now);
        let in_flight = self.in_flight();
        let route = self.route.or_else(|| self.machine.active().map(|active| active.worker));
        let worker = route.and_then(|id| self.workers.status(id, now));
        let (mut by_state, mut by_transport) = (BTreeMap::new(), BTreeMap::new());
        let mut notifiable = 0;
        for session in self.attached() {
            *by_state.entry(state_of(session).to_owned()).or_default() += 1;
            *by_transport.entry(session.via.transport().to_owned()).or_default() += 1;
            notifiable += u64::from(session.port.len() <= SLOW_CLIENT_BYTES);
        }
        let active_connections = self.connections.len() as u64;
        let status = match (active_connections.saturating_sub(notifiable), self.route.is_some()) {
            (0, true) => Level::Healthy,
            _ => Level::Degraded,
        };
        Facts {
            now: Timestamp::now(),
            uptime: now.duration_since(self.started_at),
            safe_mode: self.machine.safe_mode().map(str::to_owned),
            maintenance_mode: self.is_held(),
            is_ending: self.stopping.is_some(),
            worker: WorkerCheck {
                pid: worker.as_ref().map(|worker| worker.pid),
                generation: self.generation,
                rss_bytes: worker.as_ref().and_then(|worker| worker.rss_bytes),
                last_heartbeat_ms: worker.as_ref().and_then(|worker| worker.last_heartbeat_ms),
                in_flight,
                crashes: self.machine.crashes(),
                status: match (&worker, self.machine.safe_mode()) {
                    (Some(worker), None) if worker.ready => Level::Healthy,
                    (Some(_), _) => Level::Degraded,
                    (None, _) => Level::Unhealthy,
                },
            },
            connections: ConnectionsCheck { active_connections, by_transport, by_state, status },
            clients: ClientsReadiness {
                active_connections,
                notifiable,
                in_flight_requests: in_flight,
                status: "ready".to_owned(),
            },
            front_rss_bytes: (self.settings.resident_bytes)(),
            buffered_bytes: buffer.total_buffered_bytes,
            last_verified: self.last_verified.clone(),
            ledger_issue: self.ledger.condition().issue(),
            running: self.machine.running().map(|(run, _)| run.id.to_string()),
            alerts: Vec::new(),
            limits: route.and_then(|id| self.workers.figures(id)).and_then(|figures| figures.limits),
            breakers: self.jobs.breakers(now),
        }
    }

    /// The sessions of clients, without those that only try a dead letter again, or are
    /// one request.
    pub(super) fn attached(&self) -> impl Iterator<Item = &Session> {
        self.sessions
            .iter()
            .filter(|(number, session)| !session.via.is_brief() && !self.retried.contains_key(number))
            .map(|(_, session)| session)
    }

    pub(super) fn restart_status(&self, history: Option<u32>, to: ReplyTo, now: Instant) {
        let running = self.report_running(now);
        let expected = running.as_ref().map(|report| self.ledger.expected_duration(report.kind));
        let history = history.map(|limit| self.ledger.history(limit));
        let last = self.current.last.clone();
        let (held, safe_mode) = (self.is_held(), self.machine.safe_mode().map(str::to_owned));
        let events = self.jobs.events().clone();
        tokio::spawn(async move {
            let expected = match expected {
                Some(expected) => expected.await.ok().flatten(),
                None => None,
            };
            let history = match history {
                Some(answer) => match answer.await {
                    Ok(history) => Some(history),
                    Err(error) => {
                        let reply = super::letters::ledger_failed(&error);
                        let _ = events.send(Event::Report { to, reply }).await;
                        return;
                    }
                },
                None => None,
            };
            let is_running = running.is_some();
            let report = running.or(last.map(|last| *last));
            let current_status = current_status(report, is_running, expected, held, safe_mode);
            let status = RestartStatus { current_status, timestamp: Timestamp::now().to_string(), history };
            let _ = events.send(Event::Report { to, reply: Reply::RestartStatus(Box::new(status)) }).await;
        });
    }

    pub(super) fn status(&self, now: Instant) -> admin::Status {
        let session = |session: &Session| admin::SessionStatus {
            client: session.client.to_string(),
            pid: session.via.pid(),
            unanswered: session.by_id.len() as u64,
            asked: session.record.asked.len() as u64,
            dropped_notifications: session.dropped_notifications,
        };
        let serving = self.route.or_else(|| self.machine.active().map(|active| active.worker));
        let worker = serving.or_else(|| self.machine.standby());
        admin::Status {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            workspace: self.settings.workspace.clone(),
            http: self.settings.http.clone(),
            uptime_seconds: now.duration_since(self.started_at).as_secs(),
            phase: self.machine.phase(),
            maintenance_mode: self.is_held(),
            safe_mode: self.machine.safe_mode().map(str::to_owned),
            standby: self
                .machine
                .standby()
                .filter(|standby| Some(*standby) != worker)
                .and_then(|id| self.workers.pid(id)),
            former: self.machine.former().and_then(|id| self.workers.pid(id)),
            generation: self.generation,
            worker: worker.and_then(|id| self.workers.status(id, now)),
            worker_failure: self.last_failure.clone(),
            crashes: self.machine.crashes(),
            replayed: self.figures.replayed,
            quarantined: self.figures.quarantined,
            held_bytes: self.settings.budget.held_bytes() as u64,
            session_count: self.connections.len() as u64,
            sessions: self.attached().take(admin::MAX_SESSIONS_LISTED).map(session).collect(),
        }
    }
}

fn state_of(session: &Session) -> &'static str {
    if session.port.len() > SLOW_CLIENT_BYTES {
        "slow"
    } else if session.waiting().next().is_some() {
        "waiting"
    } else if session.pending.values().any(|pending| pending.sent.is_some() && !pending.listening) {
        "active"
    } else {
        "idle"
    }
}

fn current_status(
    report: Option<task_orchestrator_shared::restart::RestartReport>,
    is_running: bool,
    expected: Option<Duration>,
    held: bool,
    safe_mode: Option<String>,
) -> CurrentStatus {
    let Some(report) = report else {
        return CurrentStatus {
            restart_id: None,
            phase: Phase::Idle,
            progress: 0,
            message: "no restart since this server started".to_owned(),
            started_at: None,
            estimated_completion: None,
            errors: Some(Vec::new()),
            error_count: 0,
            maintenance_mode: held,
            safe_mode,
        };
    };
    let begun: Option<Timestamp> = report.started_at.parse().ok();
    let estimate = begun
        .zip(expected.filter(|_| is_running))
        .and_then(|(begun, expected)| begun.checked_add(jiff::SignedDuration::try_from(expected).ok()?).ok());
    CurrentStatus {
        restart_id: Some(report.restart_id),
        phase: report.phase,
        progress: report.progress,
        message: report.message,
        started_at: Some(report.started_at),
        estimated_completion: estimate.map(|time| time.to_string()),
        error_count: report.errors.len() as u64,
        errors: Some(report.errors),
        maintenance_mode: held,
        safe_mode,
    }
}

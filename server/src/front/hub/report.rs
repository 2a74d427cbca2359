//! What is told of the server: every figure measured at the question, or with
//! its age. What takes time is measured beside the hub.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use task_orchestrator_shared::admin::{self, Refusal, Reply};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::{
    ActiveTasksCheck, AllSessions, Checks, ClientsReadiness, ConnectionsCheck, CurrentStatus, DatabaseCheck,
    DatabaseReadiness, DiskCheck, Health, Level, MemoryCheck, Readiness, ReadinessChecks, ReadinessDetails,
    RebootReadiness, ReconnectResults, ReconnectTest, ReconnectionStats, RestartStatus, SessionTest,
    StateCheck, TestStatus, WorkerCheck,
};
use tokio::sync::oneshot;

use crate::front::ask::ReplyTo;
use crate::front::event::{ConnectionId, Event};
use crate::front::jobs;
use crate::front::session::{SLOW_CLIENT_BYTES, Session, send};
use crate::link::{Frame, Inspection, Kind};

use super::Hub;
use super::outcome::milliseconds;

/// How long the worker may take to say how the database is.
const INSPECTION_TIME: Duration = Duration::from_secs(3);

/// How long a shim may take to answer.
const PING_TIME: Duration = Duration::from_secs(2);

const DISK_DEGRADED_BYTES: u64 = 1 << 30;
const DISK_UNHEALTHY_BYTES: u64 = 64 << 20;

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
    buffered_bytes: u64,
    last_verified: Option<String>,
    ledger_issue: Option<String>,
    running: Option<String>,
}

/// What the disk says.
struct OnDisk {
    free_bytes: Option<u64>,
    is_there: bool,
    unwritable: Option<String>,
    current_state_bytes: Option<u64>,
    backups: u64,
}

impl Hub {
    pub(super) fn health(&mut self, to: ReplyTo, now: Instant) {
        let (facts, inspection) = (self.facts(now), self.inspect());
        let (state, events) = (self.jobs.places().state.clone(), self.jobs.events().clone());
        tokio::spawn(async move {
            let (inspection, disk) = tokio::join!(inspected(inspection), on_disk(&state));
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
        let mut by_state = BTreeMap::new();
        let mut notifiable = 0;
        for session in self.attached() {
            *by_state.entry(state_of(session).to_owned()).or_default() += 1;
            notifiable += u64::from(session.outbox.len() <= SLOW_CLIENT_BYTES);
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
            connections: ConnectionsCheck {
                active_connections,
                by_transport: [("stdio".to_owned(), active_connections)].into(),
                by_state,
                status,
            },
            clients: ClientsReadiness {
                active_connections,
                notifiable,
                in_flight_requests: in_flight,
                status: "ready".to_owned(),
            },
            buffered_bytes: buffer.total_buffered_bytes,
            last_verified: self.last_verified.clone(),
            ledger_issue: self.ledger.condition().issue(),
            running: self.machine.running().map(|(run, _)| run.id.to_string()),
        }
    }

    /// The sessions of clients, without those that only try a dead letter again.
    pub(super) fn attached(&self) -> impl Iterator<Item = &Session> {
        self.sessions
            .iter()
            .filter(|(number, _)| !self.retried.contains_key(number))
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
            let history = match history.map(|answer| async { answer.await }) {
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

    /// Sends something through the connections and waits for what comes back.
    pub(super) fn reconnect_test(&mut self, session: Option<&str>, to: ReplyTo, now: Instant) {
        let wanted: Vec<u64> = self
            .connections
            .values()
            .copied()
            .filter(|number| {
                let known = self.sessions.get(number);
                known.is_some_and(|known| session.is_none_or(|session| known.client.to_string() == session))
            })
            .collect();
        if let (Some(session), true) = (session, wanted.is_empty()) {
            let refusal = Refusal {
                error_code: ErrorCode::NotFound,
                error: format!("no client session {session} is connected"),
                hint: "leave the session out to test all; `task-orchestrator status --json` lists them"
                    .to_owned(),
            };
            return self.answer(to, Reply::Refused(refusal));
        }
        let mut tests = Vec::new();
        for number in wanted {
            let (tell, told) = oneshot::channel();
            let Some(session) = self.sessions.get(&number) else { continue };
            send(&session.outbox, &Frame::control(Kind::Ping, bytes::Bytes::new()));
            // Until its protocol session is open, there is nothing that a new worker could go on from.
            let capable = !session.pending.values().any(|pending| pending.is_initialize);
            tests.push((session.client.to_string(), capable, told));
            let waiting = self.pinged.entry(number).or_default();
            waiting.retain(|asker| !asker.is_closed());
            waiting.push(tell);
        }
        let (buffer, stats) = (self.buffer_status(now), self.reconnection_stats());
        let one = session.map(str::to_owned);
        let events = self.jobs.events().clone();
        tokio::spawn(async move {
            let sent = Instant::now();
            let answered =
                futures::future::join_all(tests.into_iter().map(|(client, capable, told)| async move {
                    let reached = matches!(tokio::time::timeout(PING_TIME, told).await, Ok(Ok(())));
                    session_test(client, capable, reached.then(|| sent.elapsed()))
                }));
            let results = reconnect_results(answered.await, one.is_some(), buffer, stats);
            let overall_status = match (&results.all_sessions, &results.session_test) {
                (Some(all), _) => all.status,
                (None, Some(one)) => one.status,
                (None, None) => TestStatus::Fail,
            };
            let test = ReconnectTest {
                test_completed: true,
                timestamp: Timestamp::now().to_string(),
                overall_status,
                results,
            };
            let _ = events.send(Event::Report { to, reply: Reply::ReconnectTest(Box::new(test)) }).await;
        });
    }

    pub(super) fn shim_answered(&mut self, connection: ConnectionId) {
        let waiting = self.connections.get(&connection).and_then(|number| self.pinged.remove(number));
        for asker in waiting.into_iter().flatten() {
            // The test may have run out of time.
            let _ = asker.send(());
        }
    }

    fn reconnection_stats(&self) -> ReconnectionStats {
        let (good, bad) = (self.figures.reconnections, self.figures.failed_reconnections);
        let all = good + bad;
        let part = |part: u64| part as f64 / all as f64;
        ReconnectionStats {
            successful_reconnections: good,
            failed_reconnections: bad,
            average_reconnection_time: (good > 0)
                .then(|| self.figures.reconnection_time.as_secs_f64() / good as f64),
            success_rate: (all > 0).then(|| part(good)),
            status: match (good, bad) {
                (_, 0) => TestStatus::Pass,
                (0, _) => TestStatus::Fail,
                _ => TestStatus::Partial,
            },
        }
    }

    pub(super) fn status(&self, now: Instant) -> admin::Status {
        let session = |session: &Session| admin::SessionStatus {
            client: session.client.to_string(),
            pid: session.pid,
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
    if session.outbox.len() > SLOW_CLIENT_BYTES {
        "slow"
    } else if session.waiting().next().is_some() {
        "waiting"
    } else if session.pending.values().any(|pending| pending.sent.is_some() && !pending.listening) {
        "active"
    } else {
        "idle"
    }
}

async fn inspected(inspection: Option<oneshot::Receiver<Inspection>>) -> Option<Inspection> {
    tokio::time::timeout(INSPECTION_TIME, inspection?).await.ok()?.ok()
}

async fn on_disk(state: &Path) -> OnDisk {
    let state = state.to_owned();
    let looked = tokio::task::spawn_blocking(move || {
        let entries = crate::state::list(&state).unwrap_or_default();
        let current = std::fs::metadata(state.join(crate::state::CURRENT)).ok();
        OnDisk {
            free_bytes: jobs::free_bytes(&state),
            is_there: state.is_dir(),
            unwritable: jobs::writable(&state).err().map(|error| error.to_string()),
            backups: entries.iter().filter(|entry| entry.name != crate::state::CURRENT).count() as u64,
            current_state_bytes: current.map(|current| current.len()),
        }
    });
    let nothing = OnDisk {
        free_bytes: None,
        is_there: false,
        unwritable: Some("it could not be looked at".to_owned()),
        current_state_bytes: None,
        backups: 0,
    };
    looked.await.unwrap_or(nothing)
}

/// What would be in the way of a restart.
fn issues(facts: &Facts, database: Option<&Inspection>, disk: &OnDisk) -> Vec<String> {
    let mut issues = Vec::new();
    if facts.is_ending {
        issues.push("the server is about to end".to_owned());
    }
    if let Some(running) = &facts.running {
        issues.push(format!("restart {running} runs already; another one would join it"));
    }
    if let Some(why) = &disk.unwritable {
        issues.push(format!("the state directory cannot be written: {why}"));
    }
    if let Some(free) = disk.free_bytes.filter(|free| *free < DISK_UNHEALTHY_BYTES) {
        issues.push(format!("only {free} bytes are free on the disk of the workspace"));
    }
    if database.is_some_and(|database| !database.intact && !database.problems.is_empty()) {
        issues.push("the database is damaged".to_owned());
    }
    issues
}

fn details(facts: &Facts, disk: &OnDisk) -> ReadinessDetails {
    ReadinessDetails {
        maintenance_mode: facts.maintenance_mode,
        shutdown_in_progress: facts.is_ending,
        state_manager_initialized: disk.is_there,
        state_manager_accessible: disk.unwritable.is_none(),
    }
}

fn health(facts: Facts, database: Option<Inspection>, disk: &OnDisk) -> Health {
    let issues = issues(&facts, database.as_ref(), disk);
    let reboot_readiness =
        RebootReadiness { ready: issues.is_empty(), issues, details: details(&facts, disk) };
    let database = database_check(database);
    let free = disk.free_bytes.unwrap_or(u64::MAX);
    let disk_status = match free {
        ..DISK_UNHEALTHY_BYTES => Level::Unhealthy,
        DISK_UNHEALTHY_BYTES..DISK_DEGRADED_BYTES => Level::Degraded,
        _ => Level::Healthy,
    };
    let state_status = match (&disk.unwritable, &facts.ledger_issue) {
        (Some(_), _) => Level::Unhealthy,
        (None, Some(_)) => Level::Degraded,
        (None, None) => Level::Healthy,
    };
    let safe = if facts.safe_mode.is_some() { Level::Unhealthy } else { Level::Healthy };
    let all =
        [database.status, facts.connections.status, facts.worker.status, disk_status, state_status, safe];
    let status = all.into_iter().max().unwrap_or(Level::Healthy);
    Health {
        healthy: status == Level::Healthy,
        status,
        timestamp: facts.now.to_string(),
        server_version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: facts.uptime.as_secs(),
        safe_mode: facts.safe_mode,
        checks: Checks {
            reboot_readiness: Some(reboot_readiness),
            database: Some(database),
            connections: Some(facts.connections),
            memory: MemoryCheck {
                front_rss_bytes: crate::process::resident_bytes(),
                worker_rss_bytes: facts.worker.rss_bytes,
                buffered_bytes: facts.buffered_bytes,
            },
            worker: facts.worker,
            disk: DiskCheck { free_bytes: disk.free_bytes, status: disk_status },
            state: StateCheck {
                current_state_bytes: disk.current_state_bytes,
                backups: disk.backups,
                last_verified: facts.last_verified,
                status: state_status,
            },
        },
    }
}

fn database_check(database: Option<Inspection>) -> DatabaseCheck {
    let Some(found) = database else {
        return DatabaseCheck {
            connected: false,
            status: Level::Unhealthy,
            integrity: "no worker has answered".to_owned(),
            schema_version: None,
            size_bytes: None,
            wal_bytes: None,
            transactions_pending: None,
            connections_open: None,
            latency_ms: None,
            age_ms: None,
        };
    };
    let (status, integrity) = match (found.intact, found.problems.is_empty()) {
        (true, true) => (Level::Healthy, "ok".to_owned()),
        (true, false) => (Level::Healthy, found.problems.join("; ")),
        (false, _) => (Level::Unhealthy, found.problems.join("; ")),
    };
    DatabaseCheck {
        connected: true,
        status,
        integrity,
        schema_version: Some(found.schema_version),
        size_bytes: Some(found.size_bytes),
        wal_bytes: Some(found.wal_bytes),
        transactions_pending: Some(found.transactions_pending),
        connections_open: Some(found.connections_open),
        latency_ms: Some(milliseconds(Duration::from_micros(found.latency_micros))),
        age_ms: Some(0),
    }
}

fn readiness(facts: Facts, database: Option<Inspection>, disk: &OnDisk) -> Readiness {
    let blocking_issues = issues(&facts, database.as_ref(), disk);
    let found = database.unwrap_or_default();
    let ready = |is_ready: bool, otherwise: &str| if is_ready { "ready" } else { otherwise }.to_owned();
    Readiness {
        ready_for_shutdown: blocking_issues.is_empty(),
        blocking_issues,
        timestamp: facts.now.to_string(),
        details: details(&facts, disk),
        checks: ReadinessChecks {
            active_tasks: Some(ActiveTasksCheck {
                count: found.active_tasks,
                suspendable: found.suspendable,
                status: ready(found.schema_version > 0, "the worker does not say: they are in the database"),
            }),
            database: Some(DatabaseReadiness {
                transactions_pending: found.transactions_pending,
                connections_open: found.connections_open,
                status: ready(found.schema_version > 0, "no worker has answered"),
            }),
            client_connections: Some(facts.clients),
        },
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

fn session_test(session_id: String, capable: bool, took: Option<Duration>) -> SessionTest {
    SessionTest {
        session_id,
        reachable: took.is_some(),
        reconnect_capable: capable && took.is_some(),
        round_trip_ms: took.map(milliseconds),
        status: if took.is_some() { TestStatus::Pass } else { TestStatus::Fail },
    }
}

fn reconnect_results(
    tests: Vec<SessionTest>,
    only_one: bool,
    buffer: task_orchestrator_shared::report::BufferStatus,
    stats: ReconnectionStats,
) -> ReconnectResults {
    let reachable = tests.iter().filter(|test| test.reachable).count();
    let capable = tests.iter().filter(|test| test.reconnect_capable).count();
    let status = match reachable {
        all if all == tests.len() => TestStatus::Pass,
        0 => TestStatus::Fail,
        _ => TestStatus::Partial,
    };
    let all_sessions = (!only_one).then(|| AllSessions {
        total_sessions: tests.len() as u64,
        reachable_sessions: reachable as u64,
        reconnect_capable: capable as u64,
        status,
    });
    let session_test = tests.into_iter().next().filter(|_| only_one);
    ReconnectResults {
        all_sessions,
        session_test,
        buffer_status: Some(buffer),
        reconnection_stats: Some(stats),
    }
}

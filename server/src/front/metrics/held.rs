//! What the hub knows at the moment of a scrape: figures that it holds, and one look at
//! each session. Measured by `hub::probe`; here it is only told.

use std::collections::BTreeMap;

use task_orchestrator_shared::admin::view::WorkerRole;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::{BreakerCheck, BreakerState, LimitCounts, LimitsCheck};

use super::sheet::Sheet;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    pub(crate) version: &'static str,
    /// Of the program that serves, where it was read.
    pub(crate) build: Option<String>,
    pub(crate) generation: u64,
    pub(crate) uptime_seconds: f64,
    /// When the front started, in seconds since the Unix epoch.
    pub(crate) started_at: i64,
    pub(crate) phase: Phase,
    pub(crate) ready: bool,
    pub(crate) is_held: bool,
    pub(crate) maintenance: bool,
    pub(crate) safe_mode: bool,
    pub(crate) on_probation: bool,
    pub(crate) sessions: HeldSessions,
    pub(crate) max_sessions: u64,
    /// Of everything that is held for clients, subscriptions included.
    pub(crate) held_bytes: u64,
    pub(crate) max_held_bytes: u64,
    pub(crate) crashes: u64,
    pub(crate) replayed: u64,
    pub(crate) quarantined: u64,
    pub(crate) reconnections: u64,
    pub(crate) failed_reconnections: u64,
    pub(crate) audit_works: bool,
    /// The number of the last record; none before this front has written one.
    pub(crate) audit_sequence: Option<u64>,
    pub(crate) ledger_works: bool,
    pub(crate) ledger_dropped: u64,
    pub(crate) workers: Vec<HeldWorker>,
    /// As the worker that serves has said; none before that.
    pub(crate) limits: Option<LimitsCheck>,
    pub(crate) breakers: BTreeMap<String, BreakerCheck>,
}

/// What one look at each session has found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct HeldSessions {
    /// By transport and state.
    pub(crate) counts: BTreeMap<(&'static str, &'static str), u64>,
    pub(crate) in_flight: u64,
    pub(crate) subscriptions: u64,
    pub(crate) waiting: u64,
    pub(crate) waiting_bytes: u64,
    /// None where nothing waits.
    pub(crate) oldest_seconds: Option<f64>,
    /// Bytes that clients have not read yet.
    pub(crate) unread_bytes: u64,
}

/// One worker's process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HeldWorker {
    pub(crate) pid: u32,
    pub(crate) role: WorkerRole,
    pub(crate) heartbeat_age_seconds: Option<f64>,
    /// As it has said with its last sign of life.
    pub(crate) rss_bytes: Option<u64>,
}

/// All that a session can be.
pub(crate) const STATES: [&str; 4] = ["idle", "active", "waiting", "slow"];

impl Held {
    pub(super) fn tell(&self, sheet: &mut Sheet) {
        self.tell_of_itself(sheet);
        self.tell_of_sessions(sheet);
        self.tell_of_protection(sheet);
        sheet.counter("worker_crashes", "Ends of workers that nobody had asked for", self.crashes);
        sheet.counter("requests_replayed", "Requests that were sent to another worker", self.replayed);
        let quarantined = "Requests that were in flight in too many crashes";
        sheet.counter("requests_quarantined", quarantined, self.quarantined);
        let reconnections = "Sessions that a worker has taken over from another one";
        sheet.counter("session_reconnections", reconnections, self.reconnections);
        let failed = "Sessions that ended while no worker served";
        sheet.counter("session_reconnections_failed", failed, self.failed_reconnections);
        sheet.gauge("audit_up", "Whether audit records can be written", flag(self.audit_works));
        if let Some(sequence) = self.audit_sequence {
            sheet.gauge("audit_last_sequence", "The number of the last audit record", sequence as f64);
        }
        sheet.gauge("ledger_up", "Whether the front's own store can be written", flag(self.ledger_works));
        let dropped = "Entries of the front's own store that were dropped because too many waited";
        sheet.counter("ledger_dropped", dropped, self.ledger_dropped);
        let ages =
            self.workers.iter().filter_map(|worker| Some((worker.role, worker.heartbeat_age_seconds?)));
        let help = "Time since a worker's last sign of life";
        sheet.seconds_of("worker_heartbeat_age", help, "role", ages.map(|(role, age)| (word(role), age)));
    }

    fn tell_of_itself(&self, sheet: &mut Sheet) {
        let mut build = vec![("version", self.version.to_owned())];
        build.extend(self.build.clone().map(|sha256| ("worker_sha256", sha256)));
        sheet.info("build", "The front's version, and the program of the worker that serves", build);
        sheet.gauge(
            "generation",
            "Times that a worker has taken over in this workspace",
            self.generation as f64,
        );
        sheet.seconds("uptime", "Time since the front started", self.uptime_seconds);
        sheet.seconds("start_time", "When the front started, since the Unix epoch", self.started_at as f64);
        sheet.gauge("ready", "Whether /readyz says yes", flag(self.ready));
        sheet.gauge("requests_held", "Whether new requests wait on purpose", flag(self.is_held));
        sheet.gauge("maintenance", "Whether an operator holds new requests back", flag(self.maintenance));
        sheet.gauge("safe_mode", "Whether too many crashes have led to safe mode", flag(self.safe_mode));
        sheet.gauge("probation", "Whether the build that serves is on probation", flag(self.on_probation));
        let phases = std::iter::once(Phase::Idle).chain(Phase::EIGHT);
        let phases = phases.map(|phase| (phase.as_str(), flag(phase == self.phase)));
        sheet.of("restart_phase_now", "1 for the phase that a restart is in, or for idle", "phase", phases);
    }

    fn tell_of_protection(&self, sheet: &mut Sheet) {
        if let Some(LimitsCheck { clients, read, write, heavy }) = self.limits {
            let families = [("read", read), ("write", write), ("heavy", heavy)];
            let counts = families.into_iter().flat_map(|(family, LimitCounts { allowed, refused })| {
                [("allowed", allowed), ("refused", refused)]
                    .map(|(outcome, count)| ([("family", family), ("outcome", outcome)], count))
            });
            let help = "Calls of tools that limits apply to, since the worker started";
            sheet.counters("limited_calls", help, counts);
            sheet.gauge("limited_clients", "Clients that the worker counts calls of", clients as f64);
        }
        let states = [BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen];
        // One is all there is. Another one gets a label with its name.
        if let Some(build) = self.breakers.get("build") {
            let now = states.map(|state| (state.as_str(), flag(state == build.state)));
            let help = "1 for the state of the circuit breaker around the build command";
            sheet.of("build_breaker", help, "state", now.into_iter());
            let help = "Times in a row that the build command could not be run";
            sheet.gauge("build_breaker_failures", help, f64::from(build.failures));
        }
    }

    fn tell_of_sessions(&self, sheet: &mut Sheet) {
        let sessions = &self.sessions;
        let count = |transport, state| sessions.counts.get(&(transport, state)).copied().unwrap_or_default();
        let all = ["stdio", "http"].into_iter().flat_map(|transport| {
            STATES.map(|state| ([("transport", transport), ("state", state)], count(transport, state) as f64))
        });
        sheet.family("sessions", "Clients' sessions", all);
        sheet.gauge("max_sessions", "Sessions that there may be", self.max_sessions as f64);
        sheet.gauge("requests_in_flight", "Requests with workers", sessions.in_flight as f64);
        sheet.gauge("subscriptions", "Requests that are subscriptions", sessions.subscriptions as f64);
        sheet.gauge("requests_buffered", "Requests that wait for a worker", sessions.waiting as f64);
        sheet.bytes("requests_buffered", "Bytes of the requests that wait", sessions.waiting_bytes as f64);
        if let Some(oldest) = sessions.oldest_seconds {
            sheet.seconds("oldest_buffered_request", "Since when the oldest of them waits", oldest);
        }
        sheet.bytes("requests_memory", "Bytes that unanswered requests hold", self.held_bytes as f64);
        sheet.bytes("requests_memory_max", "Bytes that they may hold", self.max_held_bytes as f64);
        sheet.bytes("unread", "Bytes that clients have not read yet", sessions.unread_bytes as f64);
    }
}

pub(super) fn word(role: WorkerRole) -> &'static str {
    match role {
        WorkerRole::Active => "active",
        WorkerRole::Former => "former",
        WorkerRole::Standby => "standby",
    }
}

pub(super) fn flag(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}

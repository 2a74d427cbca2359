//! The one owner of all sessions and of the restart machine: takes events one
//! after the other and never waits for a peer, a disk or a process.
//!
//! Sessions stay while workers come and go. Whatever a worker did not answer is
//! sent to the next one; the operation log makes that safe.
//!
//! - `clients`: what clients send.           - `frames`: what workers send.
//! - `effects`: what the machine wants done.  - `outcome`: who waits for a restart.
//! - `operate`, `calls`: what is asked of the front.   - `report`: what is told of it.
//! - `buffer`: what waits too long.           - `letters`: what was given up.
//! - `done`: what has come of jobs.           - `admit`: who may do what.
//! - `stream`, `ages`, `view`, `traffic`: those who watch. - `by_hand`, `restore`: administrators.
//! - `probe`: whether it is ready, and figures for those who collect them.
//! - `tasks`: the work, as the worker reads it. - `detail`: one session, and who may come back.
//! - `brief`: sessions that are one request.

mod admit;
mod ages;
mod brief;
mod buffer;
mod by_hand;
mod calls;
mod clients;
mod detail;
mod done;
mod effects;
mod frames;
mod letters;
mod operate;
mod outcome;
mod parts;
mod probe;
mod report;
mod restore;
mod stream;
mod tasks;
mod tokens;
mod traffic;
mod view;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use task_orchestrator_shared::admin::Reply;
use tokio::sync::{mpsc, oneshot, watch};

use super::ask::Waiter;
use super::event::{ConnectionId, Event};
use super::intent::Open;
use super::jobs::Jobs;
use super::metrics::Metrics;
use super::outcomes::Outcomes;
use super::session::Session;
use super::workers::Workers;
use crate::access::Access;
use crate::audit::Audit;
use crate::config::{Config, Level, Provenance};
use crate::ledger::Ledger;
use crate::link::{FrontState, Goodbye, OrderFailure};
use crate::restart::build::Build;
use crate::restart::{self, BuildId, JobId, Machine, Run, WorkerId};
use crate::state::Tail;
pub(crate) use admit::Admission;
use outcome::Current;
pub(crate) use parts::{Parts, Settings};
use stream::Stream;
pub(crate) use stream::pass_on;
use traffic::Traffic;

/// Everything that the front knows about its clients and its workers.
pub(crate) struct Hub {
    sessions: HashMap<u64, Session>,
    connections: HashMap<ConnectionId, u64>,
    /// The same for sessions that are one request; they are no connections of clients.
    brief: HashMap<ConnectionId, u64>,
    /// How often those who send such requests may ask the front.
    senders: brief::Senders,
    next_session: u64,
    machine: Machine,
    workers: Workers,
    jobs: Jobs,
    ledger: Ledger,
    /// Who gets requests; nobody while they are held.
    route: Option<WorkerId>,
    /// An operator holds new requests back.
    maintenance: bool,
    held_since: Option<Instant>,
    /// Since when no worker gets requests, whatever an operator wants.
    unrouted_since: Option<Instant>,
    /// Whether requests have been held for so long that clients at their limit
    /// are refused instead of waiting.
    held_long: watch::Sender<bool>,
    /// The moment is wanted at which nothing is in flight with this worker.
    watched: Option<WorkerId>,
    builds: BTreeMap<BuildId, Build>,
    next_build: u32,
    waiters: Vec<Waiter>,
    current: Current,
    /// Orders to a worker whose outcome somebody waits for, by job.
    asked_workers: HashMap<JobId, (WorkerId, oneshot::Sender<Result<crate::link::Done, OrderFailure>>)>,
    next_own_job: u64,
    /// Dead letters that are tried again: by session, the number and who waits.
    retried: HashMap<u64, letters::Retrial>,
    /// Who waits for a shim's answer to a ping, by session.
    pinged: HashMap<u64, Vec<oneshot::Sender<()>>>,
    /// What the machine is still to be told, in order.
    fed: VecDeque<restart::Event>,
    is_feeding: bool,
    /// Sessions that the worker that serves does not know yet, and when it gets to
    /// know the next of them; at most as many as there are sessions.
    unopened: VecDeque<u64>,
    next_opening: Option<Instant>,
    generation: u64,
    /// Which generation each worker is, for people.
    generations: detail::Generations,
    /// Clients that are gone and may come back, for people.
    departed: detail::Departed,
    last_failure: Option<String>,
    figures: Figures,
    /// Who wants the restart called off.
    cancelling: Option<super::ask::ReplyTo>,
    /// When the next request that a build on probation has failed is due.
    next_retry: Option<Instant>,
    /// The worker that has ended last, and its process.
    gone: Option<(WorkerId, u32)>,
    /// When a snapshot was last written and verified.
    last_verified: Option<String>,
    /// The part of a snapshot that is being written, and what is to be added.
    part: Option<PathBuf>,
    /// Snapshots that workers have been told to write, until they say what came of it.
    snapshots: HashMap<JobId, (WorkerId, PathBuf)>,
    tail: Tail,
    next_sweep: Instant,
    next_rotation: Instant,
    /// Since when nobody is attached.
    idle_since: Option<Instant>,
    config: Config,
    /// The values that hold, and where they come from.
    in_force: Provenance,
    /// Those that were read last.
    loaded: Provenance,
    access: Access,
    audit: Audit,
    outcomes: Outcomes,
    /// Counts what was allowed and has not come to its end.
    open: Open,
    stream: Stream,
    traffic: Traffic,
    metrics: Arc<Metrics>,
    /// The restore that is being done.
    restoring: Option<restore::Restoring>,
    /// The snapshot that is being taken by hand.
    taking: Option<restore::TakingSnapshot>,
    /// How much front and workers log at present.
    log_level: Level,
    settings: Settings,
    /// Told when the workers are gone, once the front ends.
    stopping: Option<oneshot::Sender<()>>,
    started_at: Instant,
    /// The same by the calendar.
    started_on: jiff::Timestamp,
}

/// Counted since the front started.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) replayed: u64,
    pub(crate) quarantined: u64,
    pub(crate) reconnections: u64,
    pub(crate) reconnection_time: Duration,
    pub(crate) failed_reconnections: u64,
    /// The number of the last audit record.
    pub(crate) audit_sequence: Option<u64>,
}

/// Requests that are held for longer than this make clients at their limit hear
/// of it; a handover takes a thousandth.
const HELD_LONG: Duration = Duration::from_secs(1);

/// How often snapshots and backups are put in order, beside the end of each restart.
const ROTATE_EVERY: Duration = Duration::from_secs(60 * 60);

/// How long the ledger may take to write what is left at the end.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Hub {
    pub(crate) fn new(parts: Parts, settings: Settings) -> Self {
        let Parts { machine, workers, jobs, ledger, builds, config, provenance, audit, access } = parts;
        let now = Instant::now();
        let builds: BTreeMap<BuildId, Build> = (0..).map(BuildId).zip(builds).collect();
        Self {
            sessions: HashMap::new(),
            connections: HashMap::new(),
            brief: HashMap::new(),
            senders: brief::Senders::default(),
            next_session: 1,
            machine,
            workers,
            jobs,
            ledger,
            route: None,
            maintenance: false,
            held_since: Some(now),
            unrouted_since: Some(now),
            held_long: settings.held_long.clone(),
            watched: None,
            next_build: u32::try_from(builds.len()).unwrap_or(u32::MAX),
            builds,
            waiters: Vec::new(),
            current: Current::default(),
            asked_workers: HashMap::new(),
            next_own_job: 0,
            retried: HashMap::new(),
            pinged: HashMap::new(),
            fed: VecDeque::new(),
            is_feeding: false,
            unopened: VecDeque::new(),
            next_opening: None,
            generation: 0,
            generations: detail::Generations::default(),
            departed: detail::Departed::default(),
            last_failure: None,
            figures: Figures::default(),
            cancelling: None,
            next_retry: None,
            gone: None,
            last_verified: None,
            part: None,
            snapshots: HashMap::new(),
            tail: Tail::default(),
            next_sweep: now + config.buffer.cleanup_interval,
            next_rotation: now + ROTATE_EVERY,
            idle_since: Some(now),
            in_force: provenance.clone(),
            loaded: provenance,
            access,
            audit,
            outcomes: Outcomes::default(),
            open: Open::default(),
            stream: Stream::new(settings.boot.clone(), now),
            traffic: Traffic::new(now),
            metrics: Arc::clone(&settings.metrics),
            restoring: None,
            taking: None,
            log_level: config.log.level,
            config,
            settings,
            stopping: None,
            started_at: now,
            started_on: jiff::Timestamp::now(),
        }
    }

    /// Takes events until the front has been told to stop and its workers are gone.
    pub(crate) async fn run(mut self, mut events: mpsc::Receiver<Event>) {
        loop {
            match tokio::time::timeout_at(self.wakes_at().into(), events.recv()).await {
                Ok(Some(event)) => self.on(event),
                Ok(None) => return,
                Err(_) => {}
            }
            let now = Instant::now();
            self.on_time(now);
            self.publish(now);
            // Half a restore is of no use, and the next front's workers must not meet it.
            if self.machine.has_stopped()
                && !self.is_putting_in_place()
                && let Some(stopped) = self.stopping.take()
            {
                self.come_to_an_end(events).await;
                let _ = stopped.send(());
                return;
            }
        }
    }

    /// What was allowed comes to its end and is written down before the front is gone.
    async fn come_to_an_end(mut self, mut events: mpsc::Receiver<Event>) {
        let begun = async {
            while self.open.others() > 0 {
                match events.recv().await {
                    Some(event) => self.on(event),
                    None => return,
                }
            }
        };
        let _ = tokio::time::timeout(LAST_WORDS, begun).await;
        // What comes of the rest is not known, which is written down as well.
        drop(events);
        self.taking = None;
        self.waiters.clear();
        let written = async { tokio::join!(self.ledger.flush(), self.audit.close(LAST_WORDS)) };
        let _ = tokio::time::timeout(LAST_WORDS, written).await;
    }

    fn wakes_at(&self) -> Instant {
        let held_long = self.held_since.filter(|_| !*self.held_long.borrow()).map(|since| since + HELD_LONG);
        let times = [
            self.machine.wakes_at(),
            self.idle_deadline(),
            self.retry_at(),
            held_long,
            self.next_opening,
            self.stream.wakes_at(),
        ];
        let always = self.workers.next_ping().min(self.next_sweep).min(self.next_rotation);
        times.into_iter().flatten().fold(always, Instant::min)
    }

    /// Does what is due.
    pub(crate) fn on_time(&mut self, now: Instant) {
        if self.machine.wakes_at().is_some_and(|at| now >= at) {
            self.feed(restart::Event::Timer, now);
        }
        if now >= self.workers.next_ping() {
            self.look_for_slow();
            for worker in self.workers.ping(now) {
                self.current.hung.push(worker);
                self.feed(restart::Event::Hung(worker), now);
            }
        }
        if now >= self.next_sweep {
            self.next_sweep = now + self.config.buffer.cleanup_interval;
            self.expire(now);
        }
        if now >= self.next_rotation {
            self.rotate_by_time(now);
        }
        if self.retry_at().is_some_and(|at| now >= at) {
            self.flush_all(now);
        }
        if self.next_opening.is_some_and(|at| now >= at) {
            self.open_more(now);
        }
        if self.held_since.is_some_and(|since| now >= since + HELD_LONG) {
            self.held_long.send_if_modified(|long| !std::mem::replace(long, true));
        }
        self.end_when_idle(now);
    }

    /// What has come of age is compressed and removed also in a server that is never
    /// restarted. A restart has a rotation of its own at its end.
    fn rotate_by_time(&mut self, now: Instant) {
        let is_busy = self.machine.running().is_some() || self.restoring.is_some() || self.taking.is_some();
        if !is_busy {
            self.jobs.rotate(None);
        }
        self.next_rotation = now + ROTATE_EVERY;
        self.stream.touch();
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
        let now = Instant::now();
        match event {
            Event::Connected { connection, session } => self.connected(connection, *session, now),
            Event::Posted { session, message } => self.posted(*session, message, now),
            Event::Message(message) => self.message(message, now),
            Event::InputEnded { connection } => self.input_ended(connection),
            Event::Disconnected { connection } => self.disconnected(connection),
            Event::Pong { connection } => self.shim_answered(connection),
            Event::FromWorker { worker, frames } => {
                for frame in frames {
                    self.worker_said(worker, frame, now);
                }
            }
            Event::WorkerEnded { worker, end } => self.worker_ended(worker, &end, now),
            Event::Admin { asked, reply } => self.administer(asked, reply, now),
            Event::Job { job, outcome } => self.job_ended(job, outcome, now),
            Event::BuildLine(line) => self.build_line(line),
            Event::Report { to, reply } => self.answer(to, reply),
            Event::Restart { request, to, told, by, operation, expected_generation } => {
                match self.fenced(expected_generation) {
                    Some(refusal) => self.answer(to, Reply::Refused(refusal)),
                    None => self.restart(*request, (to, told), by, Some(operation), now),
                }
            }
            Event::Admitted { admission, intent } => self.admitted(*admission, intent, now),
            Event::RestoreChecked { name, by, to, checked } => {
                self.restore_checked(name, by, to, checked, now);
            }
            Event::Audited(records) => self.audited(records),
            Event::Reloaded { to, read } => self.reloaded(to, read),
            Event::Retry { letter, to } => self.retry_letter(*letter, to, now),
            // Whoever asked may not wait any more.
            Event::Probe(asker) => drop(asker.send(self.condition(now))),
            Event::Scrape(asker) => drop(asker.send(Box::new(self.held(now)))),
            Event::Survey(survey) => self.survey(*survey, now),
            Event::ProgramChanged => self.program_changed(now),
            Event::Stop { goodbye, stopped } => {
                self.say_goodbye(&goodbye, now);
                self.stopping = Some(stopped);
            }
            Event::KillWorker => self.workers.kill_all(),
        }
    }

    /// Lets the machine take an event and does what it wants, until it wants nothing more.
    fn feed(&mut self, event: restart::Event, now: Instant) {
        self.fed.push_back(event);
        // What is done about one event may bring about another: its turn comes when
        // everything that the first one has caused is done.
        if std::mem::replace(&mut self.is_feeding, true) {
            return;
        }
        let begun = Instant::now();
        while let Some(event) = self.fed.pop_front() {
            // Phases that take microseconds are measured as well.
            let now = now + begun.elapsed();
            tracing::debug!(?event, "restart machine");
            let effects = self.machine.step(event, now);
            // Where one restart ends and another begins, the first is told of first.
            if !effects.iter().any(|effect| matches!(effect, restart::Effect::Verdict(_))) {
                self.tell_progress(now);
            }
            for effect in effects {
                let caused = self.perform(effect, now);
                self.fed.extend(caused);
            }
        }
        self.is_feeding = false;
        self.stream.touch();
    }

    /// What workers are told of the front.
    fn front_state(&self) -> FrontState {
        FrontState {
            phase: self.machine.phase(),
            maintenance_mode: self.is_held(),
            safe_mode: self.machine.safe_mode().is_some(),
            restart: self.asked_run().map(|run| run.id.clone()),
            front_started_at: self.settings.front_started_at,
            log_level: Some(self.log_level.word().to_owned()),
        }
    }

    fn asked_run(&self) -> Option<&Run> {
        self.machine.running().map(|(run, _)| run).filter(|run| run.by != restart::machine::WATCHDOG)
    }

    /// Whether new requests are held back on purpose: by a restart or by an operator.
    fn is_held(&self) -> bool {
        self.maintenance || (self.route.is_none() && self.machine.running().is_some())
    }

    /// Tells every shim that the front ends on purpose, and the workers to finish.
    fn say_goodbye(&mut self, goodbye: &Goodbye, now: Instant) {
        // Who waits for a restart hears how it ends while the connections are there.
        self.feed(restart::Event::Stop, now);
        self.end_retrials();
        let payload = serde_json::to_vec(goodbye).unwrap_or_default();
        for session in self.sessions.values() {
            session.port.send(&crate::link::Frame::control(crate::link::Kind::Goodbye, payload.clone()));
            session.port.close();
        }
        for (number, _) in self.sessions.drain() {
            self.stream.ended(number);
        }
        self.connections.clear();
        self.brief.clear();
        self.stream.touch();
        self.jobs.building().end(false, now);
    }
}

#[cfg(test)]
mod tests;

//! What the restart machine wants done. Nothing here waits: what takes time
//! comes back as an event.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use task_orchestrator_shared::error_code::ErrorCode;

use crate::front::session::Flushed;
use crate::link::{Activation, Done, Frame, Kind, Order, OrderFailure, OrderFrame, SnapshotHeader, TakeOver};
use crate::restart::effect::Begin;
use crate::restart::{BuildId, Effect, Event, JobId, Trouble, WorkerId};
use crate::state::{ClientSession, Sealed, Tail, part_path};

use super::Hub;
use super::stream::Slow;

/// What comes of an order; nothing does when the worker ends before.
pub(super) type Outcome = tokio::sync::oneshot::Receiver<Result<Done, OrderFailure>>;

/// Sessions that a worker gets to know at once, which costs it less than a
/// millisecond, and the pause until the next ones.
const OPENED_AT_ONCE: usize = 8;
const OPENING_PAUSE: Duration = Duration::from_millis(2);

impl Hub {
    /// Does one thing, and returns what has come of it where that is known at once.
    pub(super) fn perform(&mut self, effect: Effect, now: Instant) -> Option<Event> {
        match effect {
            Effect::Build(job) => match self.config.restart.build_command.clone() {
                Some(command) => {
                    if let Err(trouble) = self.jobs.build(job, command, now) {
                        return Some(Event::JobDone(job, Err(trouble)));
                    }
                }
                None => return Some(Event::JobDone(job, Ok(crate::restart::event::Done::Built))),
            },
            Effect::Examine { job, binary, known, reload } => self.examine(job, binary, known, reload),
            Effect::Start { worker, build, begin } => return self.start(worker, build, begin),
            Effect::Activate { worker, take_over } => {
                self.workers.is_busy(worker);
                let activation = Activation { take_over, front: self.front_state() };
                self.workers.tell(worker, Kind::Activate, &activation);
            }
            Effect::Snapshot(job, worker) => self.order_snapshot(job, worker),
            Effect::Verify(job, worker, bulk) => {
                let file = self.part.clone().unwrap_or_default();
                self.order(job, worker, Order::VerifySnapshot { file, bulk });
            }
            Effect::Plan { job, current, other } => return self.plan(job, current, other),
            Effect::Hold => {
                let old = self.route.take();
                self.is_unrouted(now);
                if let Some(old) = old {
                    // Clients whose log wants to know hear of it from the worker that they know.
                    self.workers.tell(old, Kind::FrontState, &self.front_state());
                }
                return Some(Event::Held);
            }
            Effect::Suspend { worker, drain } => {
                self.order(JobId(0), worker, Order::Suspend);
                if !drain {
                    return Some(Event::Settled(worker));
                }
                self.watched = Some(worker);
                return self.watched_has_settled();
            }
            Effect::Collect => {
                self.collect();
                return Some(Event::Collected);
            }
            // The table is this task's own: nobody changes it meanwhile.
            Effect::Fix => return Some(Event::Fixed),
            Effect::Restore(worker) => {
                self.restore(worker);
                return Some(Event::Restored(worker));
            }
            Effect::Release { to, clear } => {
                self.release(to, clear, now);
                return Some(Event::Released);
            }
            Effect::Apart(job) => return self.put_in_place(job),
            Effect::Seal(job, bulk) => match self.part.take() {
                Some(part) => {
                    self.current.sealing = Some(job);
                    self.jobs.seal(job, part, bulk, std::mem::take(&mut self.tail));
                }
                None => {
                    let text = "the snapshot's file is gone";
                    let trouble = Trouble::new(ErrorCode::StateSerializationFailed, text);
                    return Some(Event::JobDone(job, Err(trouble)));
                }
            },
            Effect::DiscardSnapshot => {
                if let Some(part) = self.part.take() {
                    // A worker that is still at it may yet make the file: then it goes
                    // with the word that it is done, or with the worker.
                    drop(std::fs::remove_file(part));
                }
            }
            Effect::Watch(worker) => {
                self.watched = Some(worker);
                return self.watched_has_settled();
            }
            Effect::Retire(former) => self.retire(former, now),
            Effect::Stop(worker) => {
                if let Some(known) = self.workers.get_mut(worker) {
                    known.is_dismissed = true;
                    let stop = Frame::control(Kind::Stop, bytes::Bytes::new());
                    crate::front::session::send(&known.worker.outbox, &stop);
                }
            }
            Effect::Kill(worker) => {
                let is_wanted = self.is_deliberate(worker);
                self.workers.kill(worker, is_wanted);
            }
            Effect::TellFront => self.tell_front(),
            Effect::Refuse(_) => self.refuse_all(),
            Effect::Verdict(verdict) => self.concluded(*verdict, now),
            Effect::Joined(id) => self.joined(id),
            Effect::CancelAnswer(answer) => self.cancel_answered(answer),
            Effect::SafeModeEntered(reason) => self.safe_mode_entered(&reason),
            Effect::SafeModeLeft => self.safe_mode_left(),
        }
        None
    }

    /// Workers are to know how the front is; the former one only has to finish.
    pub(super) fn tell_front(&self) {
        let (state, former) = (self.front_state(), self.machine.former());
        for worker in self.workers.ids().filter(|worker| Some(*worker) != former) {
            self.workers.tell(worker, Kind::FrontState, &state);
        }
    }

    /// Whether a worker is ended because a successor is wanted, and not because it
    /// hangs: what it had in flight is then no suspect.
    fn is_deliberate(&self, worker: WorkerId) -> bool {
        !self.current.hung.contains(&worker)
    }

    fn examine(&self, job: JobId, binary: Option<String>, known: Option<BuildId>, reload: bool) {
        let configured = || self.configured_program();
        let program = match (binary, known) {
            (_, Some(_)) => None,
            (Some(binary), None) => Some(PathBuf::from(binary)),
            (None, None) => Some(configured()),
        };
        let reload = reload.then(|| self.settings.reload.clone());
        self.jobs.examine(job, program, self.builds.values().cloned().collect(), reload);
    }

    /// The program that a restart runs where nobody names another.
    pub(super) fn configured_program(&self) -> PathBuf {
        self.config.worker.binary.clone().unwrap_or_else(|| self.settings.own_program.clone())
    }

    fn start(&mut self, worker: WorkerId, build: BuildId, begin: Begin) -> Option<Event> {
        let first = match begin {
            Begin::Prepare => Frame::control(Kind::Prepare, bytes::Bytes::new()),
            Begin::Activate => {
                let activation = Activation { take_over: TakeOver::Alone, front: self.front_state() };
                Frame::control(Kind::Activate, serde_json::to_vec(&activation).unwrap_or_default())
            }
        };
        let started = match self.builds.get(&build) {
            Some(known) => self
                .workers
                .start(worker, build, (&known.program(), known.path()), &first)
                .map_err(|error| format!("{} cannot be run: {error}", known.path().display())),
            None => Err("the build is not known any more".to_owned()),
        };
        let reason = started.err()?;
        tracing::error!(%reason, "a worker cannot be started");
        self.last_failure = Some(reason.clone());
        Some(Event::Ended { worker, reason, hopeless: false })
    }

    fn plan(&mut self, job: JobId, current: BuildId, other: Option<BuildId>) -> Option<Event> {
        let Some(build) = self.builds.get(&current).cloned() else {
            let text = "the build is not known any more";
            return Some(Event::JobDone(job, Err(Trouble::new(ErrorCode::NotReady, text))));
        };
        let can_go_back = self.machine.builds().0 == current;
        let other = other.and_then(|other| self.builds.get(&other).cloned());
        self.jobs.plan(job, build, other, can_go_back, self.configured_program());
        None
    }

    pub(super) fn order(&self, job: JobId, worker: WorkerId, order: Order) {
        self.workers.tell(worker, Kind::Order, &OrderFrame { job: job.0, order });
    }

    fn order_snapshot(&mut self, job: JobId, worker: WorkerId) {
        let file = part_path(&self.jobs.places().state);
        let running = self.machine.running().map(|(run, _)| run);
        let header = SnapshotHeader {
            restart_id: running.map(|run| run.id.to_string()).unwrap_or_default(),
            restart_reason: running.map(|run| run.request.reason.as_str().to_owned()).unwrap_or_default(),
            generation: self.generation,
        };
        self.part = Some(file.clone());
        self.snapshots.insert(job, (worker, file.clone()));
        self.order(job, worker, Order::Snapshot { file, header });
    }

    /// How the database is, once the worker has said so.
    pub(super) fn inspect(&mut self) -> Option<Outcome> {
        let worker = self.asked_worker()?;
        Some(self.ask_worker(worker, Order::Inspect))
    }

    /// The worker that is asked what the database holds.
    pub(super) fn asked_worker(&self) -> Option<WorkerId> {
        self.route.or_else(|| self.machine.active().map(|active| active.worker))
    }

    /// Tells a worker to do something whose outcome somebody waits for. There is none
    /// when the worker ends before.
    pub(super) fn ask_worker(&mut self, worker: WorkerId, order: Order) -> Outcome {
        let job = self.own_job();
        let (tell, told) = tokio::sync::oneshot::channel();
        self.asked_workers.retain(|_, (_, waiting)| !waiting.is_closed());
        self.asked_workers.insert(job, (worker, tell));
        self.order(job, worker, order);
        told
    }

    /// A number above the machine's own, which count up from one.
    pub(super) fn own_job(&mut self) -> JobId {
        self.next_own_job += 1;
        JobId(u64::MAX / 2 + self.next_own_job)
    }

    fn collect(&mut self) {
        self.tail = self.tail_now();
    }

    /// What is not in the database: the sessions' records and the counters.
    pub(super) fn tail_now(&self) -> Tail {
        let client_sessions = self.attached().map(|session| ClientSession {
            client: session.client.to_string(),
            pid: session.via.pid(),
            record: serde_json::value::to_raw_value(&session.record).unwrap_or_default(),
        });
        let counters = [
            ("crashes", self.machine.crashes()),
            ("replayed", self.figures.replayed),
            ("quarantined", self.figures.quarantined),
            ("held_requests", self.current.held),
        ];
        Tail {
            client_sessions: client_sessions.collect(),
            counters: counters.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    }

    /// The worker gets to know the sessions, first of all those that wait for it.
    fn restore(&mut self, id: WorkerId) {
        let Some(worker) = self.workers.outbox(id).cloned() else { return };
        for (&number, session) in &mut self.sessions {
            if session.waiting().next().is_some() {
                session.open_in(number, id, &worker);
            }
        }
    }

    /// What was held is sent, and what comes from here on.
    fn release(&mut self, to: WorkerId, clear: bool, now: Instant) {
        self.route = Some(to);
        if clear {
            self.clear_buffers();
        }
        let held_for = self.unrouted_since.take().map_or(Duration::ZERO, |since| now.duration_since(since));
        if !self.maintenance {
            self.is_not_held();
        }
        // Where the old worker serves on, it has them already.
        let former = self.current.old.filter(|old| *old != to);
        for session in self.sessions.values_mut() {
            if let Some(former) = former {
                session.take_subscriptions_from(former);
            }
            for pending in session.pending.values_mut() {
                pending.not_before = None;
            }
        }
        self.next_retry = None;
        if self.machine.running().is_none() {
            // Who watched while there was none was told that nothing is well. The end of a
            // restart has it measured too, and later, when the new worker has nothing better to do.
            self.measure(&[Slow::Health]);
        }
        let flushed = self.flush_all(now);
        self.current.count_released(flushed, held_for);
        self.open_all(now);
        // Neither the first worker nor one that goes on serving is come back to.
        if self.machine.running().is_some() && self.current.old != Some(to) {
            let sessions = self.connections.len() as u64;
            self.figures.reconnections += sessions;
            self.figures.reconnection_time += held_for * u32::try_from(sessions).unwrap_or(u32::MAX);
        }
    }

    /// No worker gets requests from here on.
    pub(super) fn is_unrouted(&mut self, now: Instant) {
        self.route = None;
        self.unrouted_since = self.unrouted_since.or(Some(now));
        self.held_since = self.held_since.or(Some(now));
    }

    /// Nothing is held back any more, by nobody.
    pub(super) fn is_not_held(&mut self) {
        self.held_since = None;
        self.held_long.send_if_modified(|long| std::mem::replace(long, false));
    }

    /// Lets the worker that serves know every session.
    pub(super) fn open_all(&mut self, now: Instant) {
        // A single request is opened where it is sent, and mostly ends where it is.
        let sessions = self.sessions.iter().filter(|(_, session)| !session.via.is_brief());
        self.unopened = sessions.map(|(number, _)| *number).collect();
        self.open_more(now);
    }

    /// Sessions that ask for nothing get to know the new worker a few at a time: a
    /// thousand at once would be in the way of those that ask. Who asks in between
    /// is let in first.
    pub(super) fn open_more(&mut self, now: Instant) {
        let serving = self.serving().map(|(id, worker)| (id, worker.clone()));
        let Some((id, worker)) = serving else {
            // Whoever serves next gets to know all of them.
            self.unopened.clear();
            self.next_opening = None;
            return;
        };
        for _ in 0..OPENED_AT_ONCE {
            let Some(number) = self.unopened.pop_front() else { break };
            if let Some(session) = self.sessions.get_mut(&number) {
                session.open_in(number, id, &worker);
            }
        }
        self.next_opening = (!self.unopened.is_empty()).then(|| now + OPENING_PAUSE);
    }

    /// Sends everything that waits to the worker that serves.
    pub(super) fn flush_all(&mut self, now: Instant) -> Flushed {
        let mut all = Flushed::default();
        let Some((id, worker)) = self.serving().map(|(id, worker)| (id, worker.clone())) else { return all };
        let mut finished = Vec::new();
        for (&number, session) in &mut self.sessions {
            if session.pending.values().any(super::super::session::Pending::is_waiting) {
                all.add(session.flush(number, id, &worker, now));
                if session.is_finished() {
                    finished.push(number);
                }
            }
        }
        self.figures.replayed += all.replayed;
        let all_pending = self.sessions.values().flat_map(|session| session.pending.values());
        // What is due and could not be sent waits for something else than the time.
        self.next_retry = all_pending.filter_map(|pending| pending.not_before).filter(|at| *at > now).min();
        for number in finished {
            self.close_if_finished(number);
        }
        all
    }

    pub(super) fn flush_session(&mut self, number: u64, now: Instant) {
        let Some((id, worker)) = self.serving().map(|(id, worker)| (id, worker.clone())) else { return };
        if let Some(session) = self.sessions.get_mut(&number) {
            let flushed = session.flush(number, id, &worker, now);
            self.figures.replayed += flushed.replayed;
            self.current.count_replayed(flushed);
        }
        self.close_if_finished(number);
    }

    /// The former worker writes no more: what it has not answered is the next one's.
    fn retire(&mut self, former: WorkerId, now: Instant) {
        if let Some(worker) = self.route.and_then(|id| self.workers.outbox(id)) {
            crate::front::session::send(worker, &Frame::control(Kind::Retire, bytes::Bytes::new()));
        }
        if self.watched == Some(former) {
            self.watched = None;
        }
        if let Some(generation) = self.workers.get(former).map(|known| known.generation) {
            self.lose(former, generation, false, now);
        }
        let flushed = self.flush_all(now);
        self.current.count_replayed(flushed);
    }

    /// Whether the moment has come that somebody watches for.
    pub(super) fn check_watched(&mut self, now: Instant) {
        if let Some(event) = self.watched_has_settled() {
            self.feed(event, now);
        }
    }

    fn watched_has_settled(&mut self) -> Option<Event> {
        let worker = self.watched?;
        let is_settled = self.sessions.values().all(|session| session.in_flight_with(worker) == 0);
        if is_settled {
            self.watched = None;
        }
        is_settled.then_some(Event::Settled(worker))
    }

    pub(super) fn sealed(&mut self, job: JobId, sealed: Sealed) {
        use task_orchestrator_shared::restart::StateReport;
        if sealed.size_bytes > self.config.state.warn_size.bytes() {
            tracing::warn!(bytes = sealed.size_bytes, "the snapshot is larger than state.warn_size");
        }
        if let Some(aside) = &sealed.set_aside {
            tracing::error!(?aside, "a snapshot was broken and is set aside");
            self.raise("snapshot_broken", &format!("{}: {}", aside.name, aside.reason));
        }
        self.last_verified = Some(jiff::Timestamp::now().to_string());
        // It may have come too late for its own restart, and is no other's.
        if self.current.sealing == Some(job) {
            self.current.state = Some(StateReport {
                snapshot: sealed.name.clone(),
                sha256: sealed.sha256,
                size_bytes: sealed.size_bytes,
                active_tasks: sealed.active_tasks,
                client_sessions: sealed.client_sessions,
            });
        }
        self.jobs.rotate(Some(sealed.name));
    }
}

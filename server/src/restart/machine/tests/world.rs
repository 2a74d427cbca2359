//! A world small enough to be certain about: it carries out effects at once, in
//! order, and hands the answers back one at a time, so that a fault can come
//! between any two of them. Each event is checked by the [`Ledger`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{Outcome, RestartId, RestartRequest};

use super::ledger::Ledger;
use super::names::{ended, name, prepared, ready, word};
use crate::config::Policy;
use crate::link::SnapshotBulk;
use crate::restart::effect::{Begin, Effect};
use crate::restart::event::{Ask, Done, Event, Trouble};
use crate::restart::machine::{Beginning, Machine};
use crate::restart::state::{State, Step};
use crate::restart::{BuildId, JobId, Limits, WorkerId};

/// More events than any path needs: who needs more, never settles.
const MANY: usize = 2_000;

const PROBATION: Duration = Duration::from_secs(60);

pub(super) const OLD: BuildId = BuildId(1);
pub(super) const NEW: BuildId = BuildId(2);

/// What a build does that is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It ends as soon as it is started.
    Dies { hopeless: bool },
    /// It ends when it is to take over.
    DiesWhenActivated,
    /// It proves itself and moves the database.
    Migrates { reversible: bool },
}

/// A worker as the world knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Process {
    pub(super) build: BuildId,
    pub(super) is_dead: bool,
    pub(super) was_killed: bool,
    pub(super) was_activated: bool,
}

/// See the module.
pub(super) struct World {
    machine: Option<Machine>,
    pub(super) now: Instant,
    /// Answers on their way.
    pub(super) queue: VecDeque<Event>,
    pub(super) workers: BTreeMap<WorkerId, Process>,
    pub(super) flaws: BTreeMap<BuildId, Flaw>,
    /// Effects that are never answered, by their first word.
    pub(super) silent: BTreeSet<&'static str>,
    /// Jobs that fail, by their first word.
    pub(super) failing: BTreeSet<&'static str>,
    /// What the examination finds to be run.
    pub(super) found: BuildId,
    /// Whether a former worker is done when it is watched.
    pub(super) is_idle: bool,
    /// Each event that led to effects: where the machine was then, and the effects.
    pub(super) trace: Vec<String>,
    pub(super) ledger: Ledger,
    asks: u32,
    spins: u32,
}

/// Round figures, in the order of the real ones.
pub(super) fn limits() -> Limits {
    Limits {
        timeout: Duration::from_secs(30),
        start: Duration::from_secs(10),
        promotion: Duration::from_secs(5),
        suspension: Duration::from_secs(5),
        policy: Policy::Abort,
        drain: Duration::from_secs(20),
        exit: Duration::from_secs(5),
        build: None,
        probation: PROBATION,
        hot_standby: false,
        spare_delay: Duration::from_millis(250),
        crashes_in_10_seconds: 3,
        crashes_in_10_minutes: 10,
        quiet: Duration::from_secs(600),
    }
}

impl World {
    /// Nothing has been started.
    pub(super) fn new(limits: Limits, previous: Option<BuildId>, is_on_probation: bool) -> Self {
        let now = Instant::now();
        let name = "auto".to_owned();
        let beginning = Beginning { current: OLD, previous, is_on_probation, name, seed: 11 };
        Self {
            machine: Some(Machine::new(beginning, limits, now)),
            now,
            queue: VecDeque::new(),
            workers: BTreeMap::new(),
            flaws: BTreeMap::new(),
            silent: BTreeSet::new(),
            failing: BTreeSet::new(),
            found: OLD,
            is_idle: true,
            trace: Vec::new(),
            ledger: Ledger::default(),
            asks: 0,
            spins: 0,
        }
    }

    /// The first worker serves.
    pub(super) fn serving(limits: Limits) -> Self {
        let mut world = Self::new(limits, None, false);
        world.settle();
        world.trace.clear();
        world
    }

    /// The new build serves, its probation is over or not.
    pub(super) fn upgraded(limits: Limits, is_on_probation: bool) -> Self {
        let mut world = Self::serving(limits);
        world.found = NEW;
        world.ask(RestartRequest::default());
        world.settle();
        if !is_on_probation {
            world.pass(PROBATION);
        }
        world.trace.clear();
        world
    }

    pub(super) fn machine(&self) -> &Machine {
        self.machine.as_ref().unwrap()
    }

    pub(super) fn machine_mut(&mut self) -> &mut Machine {
        self.machine.as_mut().unwrap()
    }

    /// The machine is told this, and what it wants is carried out.
    pub(super) fn tell(&mut self, event: Event) {
        let before = self.machine.take().unwrap();
        let was = before.active();
        let told = event.clone();
        if let Event::Ended { worker, .. } = &event
            && let Some(process) = self.workers.get_mut(worker)
        {
            process.is_dead = true;
        }
        let (machine, effects) = before.on(event, self.now);
        let names: Vec<String> = effects.iter().map(name).collect();
        if !names.is_empty() {
            self.trace.push(format!("{}: {}", machine.phase(), names.join(", ")));
        }
        self.ledger.told(&told);
        for effect in &effects {
            self.ledger.wants(effect, &machine, &self.workers);
            self.carry_out(effect);
        }
        self.ledger.after(&told, &effects, &machine, &self.workers, was);
        self.machine = Some(machine);
    }

    fn carry_out(&mut self, effect: &Effect) {
        let is_silent = self.silent.contains(word(&name(effect)));
        if let Effect::Start { worker, build, .. } = effect {
            let process = Process { build: *build, is_dead: false, was_killed: false, was_activated: false };
            self.workers.insert(*worker, process);
        }
        match effect {
            Effect::Start { worker, begin: Begin::Activate, .. } | Effect::Activate { worker, .. } => {
                self.process(*worker).was_activated = true;
            }
            Effect::Kill(worker) if self.workers.contains_key(worker) => {
                self.process(*worker).was_killed = true;
            }
            _ => {}
        }
        let answer = if is_silent { None } else { self.answer(effect) };
        self.queue.extend(answer);
    }

    fn process(&mut self, worker: WorkerId) -> &mut Process {
        self.workers.get_mut(&worker).unwrap()
    }

    /// What comes back, where the world is as it should be.
    fn answer(&self, effect: &Effect) -> Option<Event> {
        let lives = |worker: &WorkerId| self.workers.get(worker).is_some_and(|process| !process.is_dead);
        let flaw = |worker: &WorkerId| {
            self.workers.get(worker).and_then(|process| self.flaws.get(&process.build)).copied()
        };
        match effect {
            Effect::Build(job) => Some(self.job(effect, *job, Done::Built)),
            Effect::Examine { job, known, .. } => {
                Some(self.job(effect, *job, Done::Examined(known.unwrap_or(self.found))))
            }
            Effect::Snapshot(job, worker) => {
                lives(worker).then(|| self.job(effect, *job, Done::Snapshot(SnapshotBulk::default())))
            }
            Effect::Verify(job, worker, _) => lives(worker).then(|| self.job(effect, *job, Done::Verified)),
            Effect::Plan { job, .. } => Some(self.job(effect, *job, Done::Planned)),
            Effect::Seal(job, _) => Some(self.job(effect, *job, Done::Sealed)),
            Effect::Apart(job) => {
                let alive = self.workers.iter().find(|(_, process)| !process.is_dead);
                assert!(alive.is_none(), "{alive:?} may have the database open\n{}", self.trace.join("\n"));
                Some(self.job(effect, *job, Done::Apart))
            }
            Effect::Start { worker, begin, .. } => Some(match (flaw(worker), begin) {
                (Some(Flaw::Dies { hopeless }), _) => ended(*worker, hopeless),
                (Some(Flaw::DiesWhenActivated), Begin::Activate) => ended(*worker, false),
                (_, Begin::Activate) => ready(*worker),
                (Some(Flaw::Migrates { reversible }), Begin::Prepare) => prepared(*worker, true, reversible),
                (_, Begin::Prepare) => prepared(*worker, false, true),
            }),
            Effect::Activate { worker, .. } => lives(worker).then(|| match flaw(worker) {
                Some(Flaw::Dies { hopeless }) => ended(*worker, hopeless),
                Some(Flaw::DiesWhenActivated) => ended(*worker, false),
                _ => ready(*worker),
            }),
            Effect::Hold => Some(Event::Held),
            Effect::Suspend { worker, .. } => lives(worker).then_some(Event::Settled(*worker)),
            Effect::Watch(worker) => (self.is_idle && lives(worker)).then_some(Event::Settled(*worker)),
            Effect::Collect => Some(Event::Collected),
            Effect::Fix => Some(Event::Fixed),
            Effect::Restore(worker) => lives(worker).then_some(Event::Restored(*worker)),
            Effect::Release { .. } => Some(Event::Released),
            Effect::Stop(worker) | Effect::Kill(worker) => lives(worker).then(|| ended(*worker, false)),
            Effect::Retire(_)
            | Effect::DiscardSnapshot
            | Effect::TellFront
            | Effect::Refuse(_)
            | Effect::Verdict(_)
            | Effect::Joined(_)
            | Effect::CancelAnswer(_)
            | Effect::SafeModeEntered(_)
            | Effect::SafeModeLeft => None,
        }
    }

    fn job(&self, effect: &Effect, job: JobId, done: Done) -> Event {
        let fails = self.failing.contains(word(&name(effect)));
        let trouble = || Trouble::new(ErrorCode::NotReady, "the job failed");
        Event::JobDone(job, if fails { Err(trouble()) } else { Ok(done) })
    }

    /// Whether this can still be heard: the dead say nothing but that they are dead, once.
    fn is_audible(&self, event: &Event) -> bool {
        let worker = match event {
            Event::Prepared(worker, _)
            | Event::Ready(worker, _)
            | Event::Settled(worker)
            | Event::Restored(worker)
            | Event::Ended { worker, .. } => worker,
            _ => return true,
        };
        self.workers.get(worker).is_none_or(|process| !process.is_dead)
    }

    /// The next answer, or the time. False when there is nothing to wait for.
    pub(super) fn step(&mut self) -> bool {
        while let Some(event) = self.queue.pop_front() {
            if self.is_audible(&event) {
                self.tell(event);
                return true;
            }
        }
        if self.is_at_rest() {
            return false;
        }
        let Some(at) = self.machine().wakes_at() else { return false };
        self.now = self.now.max(at);
        self.tell(Event::Timer);
        // One time may lead to the next that is due already, but not for ever.
        let is_later = self.machine().wakes_at().is_none_or(|at| at > self.now);
        self.spins = if is_later || !self.queue.is_empty() { 0 } else { self.spins + 1 };
        assert!(self.spins < 3, "it spins in {:?}", self.machine().state());
        true
    }

    /// Only duties that may wait are left.
    fn is_at_rest(&self) -> bool {
        let machine = self.machine();
        let quiet = match machine.state() {
            State::Serving(_) => machine.former().is_none(),
            State::Stopping { .. } => true,
            State::Restarting { .. } | State::Recovering { .. } => false,
        };
        let spare = machine.standby().and_then(|worker| self.workers.get(&worker));
        let waits_for_spare = self.ledger.wants_spare && spare.is_none();
        quiet && !waits_for_spare
    }

    /// Until nothing happens any more.
    pub(super) fn settle(&mut self) {
        for _ in 0..MANY {
            if !self.step() {
                return;
            }
        }
        panic!("never settles: {:?}\n{}", self.machine().state(), self.trace.join("\n"));
    }

    /// At most so many events: a world in which nothing works never comes to rest.
    pub(super) fn run(&mut self, events: usize) {
        for _ in 0..events {
            if !self.step() {
                return;
            }
        }
    }

    /// Until this holds, one answer after the other.
    pub(super) fn until(&mut self, holds: impl Fn(&Self) -> bool) -> bool {
        for _ in 0..MANY {
            if holds(self) {
                return true;
            }
            if !self.step() {
                return holds(self);
            }
        }
        false
    }

    /// So much time passes, with everything that happens meanwhile.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        for _ in 0..MANY {
            while let Some(event) = self.queue.pop_front() {
                if self.is_audible(&event) {
                    self.tell(event);
                }
            }
            match self.machine().wakes_at() {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.tell(Event::Timer);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    /// Somebody wants a restart; its name.
    pub(super) fn ask(&mut self, request: RestartRequest) -> RestartId {
        self.ask_for(request, false)
    }

    /// Somebody wants something done while no worker lives.
    pub(super) fn ask_apart(&mut self) -> RestartId {
        let request = RestartRequest {
            graceful: false,
            preserve_state: false,
            build: false,
            ..RestartRequest::default()
        };
        self.ask_for(request, true)
    }

    fn ask_for(&mut self, request: RestartRequest, apart: bool) -> RestartId {
        self.asks += 1;
        let id = RestartId(format!("asked-{}", self.asks));
        let ask = Ask { id: id.clone(), request, by: "mcp:test".to_owned(), apart };
        self.tell(Event::Asked(Box::new(ask)));
        id
    }

    /// This worker ends by itself.
    pub(super) fn crash(&mut self, worker: WorkerId) {
        if self.workers.get(&worker).is_some_and(|process| !process.is_dead) {
            self.tell(ended(worker, false));
        }
    }

    /// The worker that serves ends by itself.
    pub(super) fn crash_active(&mut self) {
        let active = self.machine().active().expect("somebody serves");
        self.crash(active.worker);
    }

    /// The build of the worker that serves, where nothing else happens.
    pub(super) fn serves(&self) -> Option<BuildId> {
        match self.machine().state() {
            State::Serving(serving) => Some(serving.active.build),
            _ => None,
        }
    }

    /// How this restart ended.
    pub(super) fn outcome(&self, id: &RestartId) -> Option<Outcome> {
        self.ledger.outcome(id)
    }

    /// The step by its name, without what is in it; the state's where it has none.
    pub(super) fn place(&self) -> String {
        let text = match self.machine().state() {
            State::Restarting { step: Step::Before(step), .. } => format!("{step:?}"),
            State::Restarting { step: Step::After(step), .. } => format!("After{step:?}"),
            other => format!("{other:?}"),
        };
        text.split(['(', ' ']).next().unwrap_or_default().to_owned()
    }

    pub(super) fn phase(&self) -> Phase {
        self.machine().phase()
    }
}

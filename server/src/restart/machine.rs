//! The restart machine: (state, event, time) → (state, effects).
//!
//! [`Machine::on`] takes the machine by value, so that no half-changed state can
//! be seen. Stale events are ignored. Every hold is met by exactly one release.

mod after;
mod before;
mod crew;
mod ending;
mod stop;
#[cfg(test)]
mod tests;
mod timer;
mod view;

use std::time::{Duration, Instant};

use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{Kind, Outcome, Reason, RestartId};

use super::crash_log::CrashLog;
use super::delays::Delays;
use super::effect::{Begin, Effect, Verdict};
use super::event::{Ask, Event, Trouble};
use super::ids::{BuildId, JobId, WorkerId};
use super::limits::Limits;
use super::run::Run;
use super::state::{Active, After, Before, Serving, State, Step};
use crew::{Crew, Former, Spare};

/// After so many attempts in a row without a worker that serves, requests are
/// refused with the reason instead of waiting; attempts go on.
const ATTEMPTS_TO_GIVE_UP: u32 = 5;

/// See the module.
#[derive(Debug)]
pub struct Machine {
    state: State,
    rest: Rest,
}

/// What every state has.
#[derive(Debug)]
struct Rest {
    limits: Limits,
    /// What serves, and is started after a crash.
    current: BuildId,
    /// What served before and can be gone back to.
    previous: Option<BuildId>,
    crew: Crew,
    crashes: CrashLog,
    delays: Delays,
    safe: Option<SafeMode>,
    /// Why requests are refused at present, where they are.
    refusal: Option<String>,
    /// Asked for while a crash was being recovered from: comes next.
    next: Option<Ask>,
    /// In the names of restarts that nobody asked for.
    name: String,
    workers: u64,
    jobs: u64,
    restarts: u64,
    out: Vec<Effect>,
}

/// Too many crashes.
#[derive(Debug)]
struct SafeMode {
    reason: String,
    until: Instant,
}

/// What a front that starts knows.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// The build to run.
    pub current: BuildId,
    /// The one to go back to.
    pub previous: Option<BuildId>,
    /// Whether the current one is on probation.
    pub is_on_probation: bool,
    /// In the names of restarts that nobody asked for.
    pub name: String,
    /// For jitter.
    pub seed: u64,
}

impl Machine {
    /// A machine that starts its first worker as soon as it is told the time.
    pub fn new(beginning: Beginning, limits: Limits, now: Instant) -> Self {
        let Beginning { current, previous, is_on_probation, name, seed } = beginning;
        let mut rest = Rest {
            limits,
            current,
            previous,
            crew: Crew::default(),
            crashes: CrashLog::default(),
            delays: Delays::new(seed),
            safe: None,
            refusal: None,
            next: None,
            name,
            workers: 0,
            jobs: 0,
            restarts: 0,
            out: Vec::new(),
        };
        let mut run = rest.unasked(Kind::Crash, WATCHDOG, now, current);
        run.is_first_start = true;
        run.probation = is_on_probation.then(|| now + rest.limits.probation);
        // Nothing is released before the first worker serves.
        run.holds = true;
        Self { state: State::Recovering { run: Box::new(run), until: now }, rest }
    }

    /// Takes one event.
    #[must_use]
    pub fn on(mut self, event: Event, now: Instant) -> (Self, Vec<Effect>) {
        let effects = self.step(event, now);
        (self, effects)
    }

    /// The same for an owner who cannot give it away.
    pub fn step(&mut self, event: Event, now: Instant) -> Vec<Effect> {
        let rest = &mut self.rest;
        // By value: the old state is gone while the new one is made.
        let state = std::mem::replace(&mut self.state, State::Stopping { alive: Vec::new() });
        let mut state = match event {
            Event::Asked(ask) => rest.asked(state, *ask, now),
            Event::CancelAsked => rest.cancel(state, now),
            Event::Ended { worker, reason, hopeless } => rest.ended(state, worker, reason, hopeless, now),
            Event::Hung(worker) => rest.hung(state, worker),
            Event::Failing(worker) => rest.failing(state, worker, now),
            Event::Timer => rest.timer(state, now),
            Event::Stop => rest.stop(state, now),
            event => rest.advance(state, event, now),
        };
        // A person who wants a restart does not wait for the next attempt either.
        if !matches!(state, State::Restarting { .. })
            && let Some(ask) = rest.next.take()
        {
            state = rest.asked(state, ask, now);
        }
        if let State::Restarting { run, step } = &mut state {
            run.mark(step.phase(), now);
        }
        self.state = state;
        std::mem::take(&mut self.rest.out)
    }
}

/// The worker that stands by in a step before the fence.
fn standby_of(before: &Before) -> Option<WorkerId> {
    match before {
        Before::Build { .. } | Before::Examine(_) | Before::Clear => None,
        Before::Prove { worker: standby, .. }
        | Before::Snapshot { standby, .. }
        | Before::Verify { standby, .. }
        | Before::Plan { standby, .. }
        | Before::Hold(standby)
        | Before::Suspend { standby, .. }
        | Before::Collect(standby)
        | Before::Seal { standby, .. }
        | Before::Fix(standby) => Some(*standby),
    }
}

impl Rest {
    fn put(&mut self, effect: Effect) {
        self.out.push(effect);
    }

    fn job(&mut self) -> JobId {
        self.jobs += 1;
        JobId(self.jobs)
    }

    fn worker(&mut self) -> WorkerId {
        self.workers += 1;
        WorkerId(self.workers)
    }

    /// A restart that nobody asked for.
    fn unasked(&mut self, kind: Kind, by: &str, now: Instant, target: BuildId) -> Run {
        self.restarts += 1;
        let id = RestartId(format!("{}-{}", self.name, self.restarts));
        Run::unasked(id, kind, by, now, target)
    }

    fn asked(&mut self, state: State, ask: Ask, now: Instant) -> State {
        match state {
            State::Serving(serving) => self.begin(ask, Some(serving), now),
            State::Restarting { run, step } => self.asked_again(run, step, ask, now),
            State::Recovering { run, until } if is_asked(&run) => {
                self.put(Effect::Joined(run.id.clone()));
                State::Recovering { run, until }
            }
            State::Recovering { mut run, .. } => {
                // A person who wants a restart does not wait for the next attempt.
                run.note(Phase::ProcessRestart, trouble_superseded());
                self.conclude(*run, Outcome::Failed, "a restart by hand took its place", now);
                self.begin(ask, None, now)
            }
            State::Stopping { alive } => {
                let run = Run::asked(ask, now, self.current);
                self.refuse_run(run, "the server is about to end", now);
                State::Stopping { alive }
            }
        }
    }

    /// A second restart joins the first. Only an emergency does not wait for a
    /// graceful one that can still be called off.
    fn asked_again(&mut self, run: Box<Run>, step: Step, ask: Ask, now: Instant) -> State {
        if !is_asked(&run) {
            match &self.next {
                Some(next) => self.out.push(Effect::Joined(next.id.clone())),
                None => self.next = Some(ask),
            }
            return State::Restarting { run, step };
        }
        match step {
            Step::Before(before) if run.request.graceful && !ask.request.graceful => {
                let text = "an emergency restart took its place";
                let state = self.abort(run, &before, None, Outcome::Cancelled, text, now);
                self.asked(state, ask, now)
            }
            step => {
                self.put(Effect::Joined(run.id.clone()));
                State::Restarting { run, step }
            }
        }
    }

    fn begin(&mut self, ask: Ask, serving: Option<Serving>, now: Instant) -> State {
        let mut run = Run::asked(ask, now, self.current);
        run.before = serving.map(|serving| serving.active);
        run.old = run.before;
        run.probation = serving.and_then(|serving| serving.probation);
        // Without a worker, requests are held already.
        run.holds = run.old.is_none();
        if run.request.rollback {
            let Some(previous) = self.previous else {
                self.refuse_run(run, "there is no previous build to go back to", now);
                return self.resting(serving, now);
            };
            run.target = previous;
        }
        self.put(Effect::TellFront);
        let run = Box::new(run);
        if run.apart {
            return self.end_old(run, now);
        }
        let wants_build = run.request.build
            && run.request.graceful
            && run.request.reason == Reason::ManualRequest
            && run.request.binary.is_none()
            && !run.request.rollback;
        match self.limits.build {
            Some(limit) if wants_build => self.build(run, limit, now),
            _ => self.examine(run, now),
        }
    }

    /// Where it was before a restart that did not even begin.
    fn resting(&mut self, serving: Option<Serving>, now: Instant) -> State {
        match serving {
            Some(serving) => State::Serving(serving),
            None => {
                let mut run = self.unasked(Kind::Crash, WATCHDOG, now, self.current);
                run.holds = true;
                State::Recovering { run: Box::new(run), until: now }
            }
        }
    }

    /// A restart that cannot even begin.
    fn refuse_run(&mut self, mut run: Run, text: &str, now: Instant) {
        run.note(Phase::Preparation, Trouble::new(ErrorCode::NotReady, text));
        self.conclude(run, Outcome::Failed, text, now);
    }

    /// Tells how a restart has ended.
    fn conclude(&mut self, run: Run, outcome: Outcome, message: &str, now: Instant) {
        if !run.is_first_start {
            let verdict = Verdict { run, outcome, message: message.to_owned(), at: now };
            self.put(Effect::Verdict(Box::new(verdict)));
        }
    }

    fn cancel(&mut self, state: State, now: Instant) -> State {
        let no = |text: &str| Effect::CancelAnswer(Err(text.to_owned()));
        match state {
            State::Restarting { run, step: Step::Before(before) } if run.old.is_some() => {
                self.put(Effect::CancelAnswer(Ok(())));
                self.abort(run, &before, None, Outcome::Cancelled, "called off", now)
            }
            state => {
                self.put(match &state {
                    State::Serving(_) | State::Stopping { .. } => no("no restart runs"),
                    State::Restarting { .. } | State::Recovering { .. } => no(
                        "the old worker does not serve any more: the restart has to go on, or back by itself",
                    ),
                });
                state
            }
        }
    }

    /// One more worker has ended that was not asked to.
    fn count_crash(&mut self, now: Instant) {
        let (short, long) = (self.limits.crashes_in_10_seconds, self.limits.crashes_in_10_minutes);
        let until = now + self.limits.quiet;
        match (self.crashes.add(now, short, long), &mut self.safe) {
            (_, Some(safe)) => safe.until = until,
            (Some(reason), none) => {
                *none = Some(SafeMode { reason: reason.clone(), until });
                self.put(Effect::SafeModeEntered(reason));
            }
            (None, None) => {}
        }
    }

    fn leave_safe_mode(&mut self) {
        self.crashes.clear();
        self.delays.reset();
        if self.safe.take().is_some() {
            self.put(Effect::SafeModeLeft);
        }
    }

    /// A spare or former worker that is killed and not waited for.
    fn dismiss(&mut self, worker: WorkerId) {
        self.put(Effect::Kill(worker));
        self.crew.spare = Spare::Leaving(worker);
    }
}

/// Whether a person or a program asked for it and waits.
fn is_asked(run: &Run) -> bool {
    !run.is_first_start && run.by != WATCHDOG
}

/// Who is named as the asker of restarts that nobody asked for.
pub const WATCHDOG: &str = "watchdog";

fn trouble_superseded() -> Trouble {
    Trouble::new(ErrorCode::WorkerUnavailable, "no worker could be started before a restart by hand began")
}

fn earliest(times: impl IntoIterator<Item = Option<Instant>>) -> Option<Instant> {
    times.into_iter().flatten().min()
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

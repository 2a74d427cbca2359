//! Workers that end, hang, or fail one request after the other: whoever it is,
//! and wherever the machine is.

use super::after::after;
use super::*;

impl Rest {
    /// Everything that is no order and no accident.
    pub(super) fn advance(&mut self, state: State, event: Event, now: Instant) -> State {
        match (&event, &mut self.crew) {
            (Event::Settled(worker), Crew { former: Some(former), .. }) if former.worker == *worker => {
                if former.leaving.is_none() {
                    former.leaving = Some(now + self.limits.exit);
                    self.out.push(Effect::Stop(*worker));
                }
                return state;
            }
            (Event::Prepared(worker, _), Crew { spare, .. }) if spare.worker() == Some(*worker) => {
                if let Spare::Starting { worker, build, .. } = *spare {
                    *spare = Spare::Ready { worker, build };
                }
                return state;
            }
            _ => {}
        }
        match state {
            State::Restarting { run, step: Step::Before(step) } => self.advance_before(run, step, event, now),
            State::Restarting { run, step: Step::After(step) } => self.advance_after(run, step, event, now),
            state => state,
        }
    }

    pub(super) fn ended(
        &mut self,
        state: State,
        worker: WorkerId,
        reason: String,
        hopeless: bool,
        now: Instant,
    ) -> State {
        if self.crew.former.as_ref().is_some_and(|former| former.worker == worker) {
            self.crew.former = None;
            self.put(Effect::Retire(worker));
            return self.went(state, now);
        }
        if self.crew.spare.worker() == Some(worker) {
            let was_wanted = !matches!(self.crew.spare, Spare::Leaving(_));
            self.crew.spare = Spare::None;
            if was_wanted {
                // A spare that does not work is tried again, but not all the time.
                self.spare_in(now, self.limits.start);
            } else {
                self.spare_in(now, self.limits.spare_delay);
            }
            return self.went(state, now);
        }
        match state {
            State::Serving(serving) if serving.active.worker == worker => self.crashed(serving, &reason, now),
            State::Restarting { run, step: Step::Before(step) } => {
                self.ended_before(run, step, worker, reason, now)
            }
            State::Restarting { run, step: Step::After(step) } => {
                self.ended_after(run, step, worker, (reason, hopeless), now)
            }
            State::Stopping { mut alive } => {
                alive.retain(|other| *other != worker);
                State::Stopping { alive }
            }
            state => state,
        }
    }

    /// Somebody beside the worker that serves is gone.
    fn went(&mut self, state: State, now: Instant) -> State {
        match state {
            State::Restarting { run, step: Step::Before(Before::Clear) } if self.crew.is_alone() => {
                self.prove(run, now)
            }
            State::Restarting { run, step: Step::After(After::Apart { job: None, .. }) } => {
                self.is_apart(run, now)
            }
            State::Serving(serving) => {
                self.spare_in(now, self.limits.spare_delay);
                State::Serving(serving)
            }
            State::Stopping { mut alive } => {
                let (former, spare) = (self.crew.former.as_ref(), self.crew.spare.worker());
                alive.retain(|other| {
                    former.is_some_and(|former| former.worker == *other) || spare == Some(*other)
                });
                State::Stopping { alive }
            }
            state => state,
        }
    }

    /// The worker that served has ended.
    fn crashed(&mut self, serving: Serving, reason: &str, now: Instant) -> State {
        self.count_crash(now);
        let mut run = self.recovery(Some(serving.active), serving.probation, now);
        let kind = run.kind;
        let text = format!("the worker ended: {reason}");
        run.note(Phase::Idle, Trouble::new(ErrorCode::WorkerUnavailable, text));
        self.hold_for(&mut run);
        self.put(Effect::TellFront);
        let delay = self.delays.after_failure();
        if delay.is_zero() || kind == Kind::Rollback {
            self.take_over(Box::new(run), now)
        } else {
            State::Recovering { run: Box::new(run), until: now + delay }
        }
    }

    /// Somebody has to serve again. During its probation that is the previous build.
    pub(super) fn recovery(
        &mut self,
        before: Option<Active>,
        probation: Option<Instant>,
        now: Instant,
    ) -> Run {
        let is_on_probation = before.is_some() && probation.is_some_and(|until| now < until);
        let (kind, target) = match self.previous.filter(|_| is_on_probation) {
            Some(previous) => (Kind::Rollback, previous),
            None => (Kind::Crash, self.current),
        };
        let mut run = self.unasked(kind, WATCHDOG, now, target);
        run.before = before;
        run
    }

    fn ended_before(
        &mut self,
        mut run: Box<Run>,
        step: Before,
        worker: WorkerId,
        reason: String,
        now: Instant,
    ) -> State {
        if standby_of(&step) == Some(worker) {
            let text = format!("the next worker ended: {reason}");
            let phase = Step::Before(step).phase();
            run.note(phase, Trouble::new(ErrorCode::WorkerUnavailable, text.clone()));
            // It need not be ended any more.
            return self.abort(run, &Before::Clear, None, Outcome::Failed, &text, now);
        }
        if !run.lost(worker) {
            return State::Restarting { run, step: Step::Before(step) };
        }
        self.count_crash(now);
        let trouble =
            Trouble::new(ErrorCode::WorkerUnavailable, format!("the old worker ended meanwhile: {reason}"));
        self.hold_for(&mut run);
        match step {
            // Nothing stands by yet, and this may take long: first somebody has to serve.
            Before::Build { .. } | Before::Examine(_) | Before::Clear => {
                let text = trouble.text.clone();
                self.abort(run, &step, Some(trouble), Outcome::Failed, &text, now)
            }
            Before::Snapshot { standby, is_still, .. } | Before::Verify { standby, is_still, .. } => {
                run.note(Step::Before(step).phase(), trouble);
                run.bulk = None;
                self.put(Effect::DiscardSnapshot);
                if is_still { self.collect(run, standby) } else { self.plan(run, standby) }
            }
            Before::Hold(standby) | Before::Suspend { standby, .. } => {
                run.note(Phase::TaskSuspension, trouble);
                self.collect(run, standby)
            }
            step @ (Before::Prove { .. }
            | Before::Plan { .. }
            | Before::Collect(_)
            | Before::Seal { .. }
            | Before::Fix(_)) => {
                run.note(Step::Before(step.clone()).phase(), trouble);
                State::Restarting { run, step: Step::Before(step) }
            }
        }
    }

    fn ended_after(
        &mut self,
        mut run: Box<Run>,
        step: After,
        worker: WorkerId,
        (reason, hopeless): (String, bool),
        now: Instant,
    ) -> State {
        let phase = Step::After(step.clone()).phase();
        let was_old = run.lost(worker);
        let text = format!("the {} worker ended: {reason}", if was_old { "old" } else { "new" });
        let trouble = Trouble::new(ErrorCode::WorkerUnavailable, text);
        match step {
            After::End { worker: ending, .. } if ending == worker => {
                if run.troubles.is_empty() {
                    self.take_over(run, now)
                } else {
                    self.failed(run, hopeless, now)
                }
            }
            After::Start { worker: started, .. } | After::Promote { worker: started, .. }
                if started == worker =>
            {
                run.note(phase, trouble);
                self.failed(run, hopeless, now)
            }
            After::TakeBack { .. } if was_old => {
                run.note(phase, trouble);
                self.failed(run, hopeless, now)
            }
            After::Restore(active) | After::Resume(active) if active.worker == worker => {
                run.note(phase, trouble);
                self.failed(run, hopeless, now)
            }
            After::Seal { active, .. } if active.worker == worker => {
                run.note(phase, trouble);
                // It is being completed as it is, and only once.
                run.bulk = None;
                self.failed(run, hopeless, now)
            }
            step => {
                if was_old {
                    run.note(phase, trouble);
                }
                after(run, step)
            }
        }
    }

    /// The successor is gone. The old worker takes over again, where it lives.
    pub(super) fn failed(&mut self, mut run: Box<Run>, hopeless: bool, now: Instant) -> State {
        self.hold_for(&mut run);
        match run.old {
            Some(old) => self.take_back(run, old, now),
            None => self.next_attempt(run, hopeless, now),
        }
    }

    /// A worker that gives no sign of life is killed; the rest follows from its end.
    pub(super) fn hung(&mut self, state: State, worker: WorkerId) -> State {
        self.put(Effect::Kill(worker));
        state
    }

    /// The new build fails one request after the other: back to the previous one,
    /// which is proved first like any other.
    pub(super) fn failing(&mut self, state: State, worker: WorkerId, now: Instant) -> State {
        let State::Serving(serving) = state else { return state };
        let Some(previous) = self.previous.filter(|_| serving.probation.is_some()) else {
            return State::Serving(serving);
        };
        if serving.active.worker != worker {
            return State::Serving(serving);
        }
        let mut run = self.unasked(Kind::Rollback, WATCHDOG, now, previous);
        run.request.graceful = true;
        run.before = Some(serving.active);
        run.old = run.before;
        run.deadline = Some(now + self.limits.timeout);
        let text = "the new build fails one request after the other";
        run.note(Phase::Idle, Trouble::new(ErrorCode::WorkerUnavailable, text));
        self.put(Effect::TellFront);
        self.clear(Box::new(run), now)
    }

    /// A step after the fence took too long.
    pub(super) fn late(&mut self, mut run: Box<Run>, step: After, now: Instant) -> State {
        let phase = Step::After(step.clone()).phase();
        let text = format!("{} for too long", Step::After(step.clone()).message());
        let trouble = Trouble::new(ErrorCode::TimeoutExceeded, text);
        match step {
            After::End { worker, .. } => {
                self.put(Effect::Kill(worker));
                after(run, After::End { worker, deadline: now + self.limits.exit })
            }
            After::Start { worker, .. } | After::Promote { worker, .. } => {
                run.note(phase, trouble);
                self.put(Effect::Kill(worker));
                if run.old.is_some() {
                    // Whatever it does from here on, the database belongs to the old one.
                    self.crew.spare = Spare::Leaving(worker);
                    return self.failed(run, false, now);
                }
                after(run, After::End { worker, deadline: now + self.limits.exit })
            }
            After::Apart { job, .. } => {
                // How long the job takes depends on the data, and half of it is of no use.
                let alive = self.crew.spare.worker().filter(|_| job.is_none());
                self.out.extend(alive.map(Effect::Kill));
                after(run, After::Apart { job, deadline: now + self.limits.exit })
            }
            After::TakeBack { .. } => {
                run.note(phase, trouble);
                match run.old.take() {
                    Some(old) => {
                        self.put(Effect::Kill(old.worker));
                        after(run, After::End { worker: old.worker, deadline: now + self.limits.exit })
                    }
                    None => self.failed(run, false, now),
                }
            }
            After::Seal { active, .. } => {
                run.note(phase, trouble);
                self.complete(run, active, now)
            }
            // The worker has done its part, and gets requests: only the front is slow.
            After::Resume(active) => {
                run.note(phase, trouble);
                self.resumed(run, active, now)
            }
            After::Restore(active) => {
                run.note(phase, trouble);
                self.hold_for(&mut run);
                self.put(Effect::Kill(active.worker));
                match run.old {
                    Some(old) if old != active => {
                        self.crew.spare = Spare::Leaving(active.worker);
                        self.take_back(run, old, now)
                    }
                    _ => {
                        run.old = None;
                        after(run, After::End { worker: active.worker, deadline: now + self.limits.exit })
                    }
                }
            }
        }
    }

    /// A step before the fence took too long.
    pub(super) fn late_before(&mut self, run: Box<Run>, step: Before, now: Instant) -> State {
        if let (Before::Suspend { standby, .. }, crate::config::Policy::Force) = (&step, self.limits.policy) {
            // What has not finished is sent to the next worker; the old one is fenced.
            return self.collect(run, *standby);
        }
        let waited = run.deadline.map_or(Duration::ZERO, |_| now.duration_since(run.began));
        let message = Step::Before(step.clone()).message();
        let text = format!("given up after {}: {message}", seconds(waited));
        let trouble = Trouble::new(ErrorCode::TimeoutExceeded, text.clone());
        self.abort(run, &step, Some(trouble), Outcome::Failed, &text, now)
    }
}

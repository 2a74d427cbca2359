//! Steps after the fence, and the way there without an old worker: the only way
//! is forward, or back to what is known to work.

use super::*;
use crate::link::TakeOver;

impl Rest {
    /// Requests are held back from here on, if they are not already.
    pub(super) fn hold_for(&mut self, run: &mut Run) {
        if !run.holds {
            run.holds = true;
            self.put(Effect::Hold);
        }
    }

    /// Ends the worker that serves, at once.
    pub(super) fn end_old(&mut self, mut run: Box<Run>, now: Instant) -> State {
        self.hold_for(&mut run);
        match run.old {
            Some(old) => {
                self.put(Effect::Kill(old.worker));
                after(run, After::End { worker: old.worker, deadline: now + self.limits.exit })
            }
            None => self.take_over(run, now),
        }
    }

    /// Nobody serves: the spare does, or a worker that is started.
    pub(super) fn take_over(&mut self, run: Box<Run>, now: Instant) -> State {
        match self.crew.spare {
            Spare::Ready { worker, build } if build == run.target => {
                self.crew.spare = Spare::None;
                self.promote(run, worker, TakeOver::Alone, now)
            }
            Spare::Starting { worker, build, deadline } if build == run.target => {
                // It is further than a new one would be, and comes to serve by itself.
                self.crew.spare = Spare::None;
                self.put(Effect::Activate { worker, take_over: TakeOver::Alone });
                after(run, After::Start { worker, build, deadline })
            }
            Spare::Ready { worker, .. } | Spare::Starting { worker, .. } => {
                self.dismiss(worker);
                self.start(run, now)
            }
            Spare::None | Spare::Due(_) | Spare::Leaving(_) => self.start(run, now),
        }
    }

    pub(super) fn start(&mut self, run: Box<Run>, now: Instant) -> State {
        let (worker, build) = (self.worker(), run.target);
        self.put(Effect::Start { worker, build, begin: Begin::Activate });
        after(run, After::Start { worker, build, deadline: now + self.limits.start })
    }

    pub(super) fn promote(
        &mut self,
        run: Box<Run>,
        worker: WorkerId,
        take_over: TakeOver,
        now: Instant,
    ) -> State {
        self.put(Effect::Activate { worker, take_over });
        let migrates = run.prepared.as_ref().is_some_and(|prepared| prepared.migration_due);
        let soon = now + self.limits.promotion;
        // Moving the database takes as long as there is data.
        let deadline = if migrates { run.deadline.map_or(soon, |whole| whole.max(soon)) } else { soon };
        let build = run.target;
        after(run, After::Promote { worker, build, deadline })
    }

    /// The successor failed before it had answered anything.
    pub(super) fn take_back(&mut self, run: Box<Run>, old: Active, now: Instant) -> State {
        self.put(Effect::Activate { worker: old.worker, take_over: TakeOver::Alone });
        after(run, After::TakeBack { deadline: now + self.limits.promotion })
    }

    /// What a step after the fence was waiting for.
    pub(super) fn advance_after(
        &mut self,
        mut run: Box<Run>,
        step: After,
        event: Event,
        now: Instant,
    ) -> State {
        match (step, event) {
            (
                After::Start { worker, build, .. } | After::Promote { worker, build, .. },
                Event::Ready(by, ready),
            ) if worker == by => {
                run.successor = Some((worker, ready));
                self.put(Effect::Restore(worker));
                after(run, After::Restore(Active { worker, build }))
            }
            (After::TakeBack { deadline }, Event::Ready(by, ready)) => match run.old {
                Some(old) if old.worker == by => {
                    run.successor = Some((by, ready));
                    self.put(Effect::Restore(by));
                    after(run, After::Restore(old))
                }
                _ => after(run, After::TakeBack { deadline }),
            },
            (After::Restore(active), Event::Restored(by)) if active.worker == by => {
                self.put(Effect::Release { to: by, clear: run.clears() });
                run.holds = false;
                after(run, After::Resume(active))
            }
            (After::Resume(active), Event::Released) => self.resumed(run, active, now),
            (After::Seal { job, active }, Event::JobDone(done, result)) if job == done => {
                if let Err(trouble) = result {
                    run.note(Phase::ServiceResume, trouble);
                }
                self.complete(run, active, now)
            }
            (step, _) => after(run, step),
        }
    }

    fn resumed(&mut self, run: Box<Run>, active: Active, now: Instant) -> State {
        if run.old == Some(active) {
            return self.came_back(run, active, now);
        }
        let mut run = run;
        if let Some(old) = run.old.take() {
            let time = if run.drain { Duration::ZERO } else { self.limits.drain };
            self.crew.former = Some(Former { worker: old.worker, until: now + time, leaving: None });
            self.put(Effect::Watch(old.worker));
        }
        match &run.bulk {
            Some(bulk) if !run.drain && !run.went_back => {
                let job = self.job();
                self.out.push(Effect::Seal(job, bulk.clone()));
                after(run, After::Seal { job, active })
            }
            _ => self.complete(run, active, now),
        }
    }

    /// The old worker has the database again.
    fn came_back(&mut self, run: Box<Run>, active: Active, now: Instant) -> State {
        if run.bulk.is_some() {
            self.put(Effect::DiscardSnapshot);
        }
        let probation = run.probation;
        let message = last_words(&run);
        self.conclude(*run, Outcome::Failed, &message, now);
        self.put(Effect::TellFront);
        self.spare_in(now, self.limits.spare_delay);
        State::Serving(Serving { active, probation })
    }

    pub(super) fn complete(&mut self, run: Box<Run>, active: Active, now: Instant) -> State {
        let mut probation = if active.build == self.current { run.probation } else { None };
        if active.build != self.current {
            let is_way_back = run.kind == Kind::Rollback;
            // A build that failed on probation is nothing to go back to.
            self.previous = (!is_way_back || is_asked(&run)).then_some(self.current);
            self.current = active.build;
            let job = self.job();
            self.put(Effect::Plan { job, current: self.current, other: self.previous });
            let on_trial = !is_way_back && !self.limits.probation.is_zero();
            probation = on_trial.then(|| now + self.limits.probation);
        }
        self.refusal = None;
        if is_asked(&run) && !run.went_back {
            self.leave_safe_mode();
        }
        let (outcome, message) = match (run.went_back, run.kind) {
            (true, _) => {
                (Outcome::RolledBack, format!("the previous build serves again: {}", last_words(&run)))
            }
            (false, Kind::Crash) => (Outcome::Complete, "the worker had ended; a new one serves".to_owned()),
            (false, Kind::Rollback) => (Outcome::Complete, "the previous build serves".to_owned()),
            (false, Kind::Graceful | Kind::Emergency) => {
                (Outcome::Complete, "the new worker serves".to_owned())
            }
        };
        self.conclude(*run, outcome, &message, now);
        self.put(Effect::TellFront);
        self.spare_in(now, self.limits.spare_delay);
        State::Serving(Serving { active, probation })
    }

    /// No worker lives, and the attempt at hand has failed.
    pub(super) fn next_attempt(&mut self, mut run: Box<Run>, hopeless: bool, now: Instant) -> State {
        self.hold_for(&mut run);
        self.count_crash(now);
        let known = run.before.map_or(self.current, |before| before.build);
        if run.target != known {
            // What served before is known to have worked.
            run.target = known;
            run.went_back = true;
            return self.take_over(run, now);
        }
        let delay = self.delays.after_failure();
        if hopeless || self.delays.failures() >= ATTEMPTS_TO_GIVE_UP || self.safe.is_some() {
            self.give_up(&run);
        }
        let is_late = run.deadline.is_some_and(|deadline| now >= deadline);
        if is_asked(&run) && (is_late || self.refusal.is_some()) {
            run = self.go_on_unasked(run, now);
        }
        State::Recovering { run, until: now + delay }
    }

    /// Requests are refused instead of waiting.
    fn give_up(&mut self, run: &Run) {
        let reason = last_words(run);
        if self.refusal.as_ref() != Some(&reason) {
            self.put(Effect::Refuse(reason.clone()));
            self.refusal = Some(reason);
        }
    }

    /// Who asked is told that it failed; attempts go on.
    pub(super) fn go_on_unasked(&mut self, run: Box<Run>, now: Instant) -> Box<Run> {
        let mut next = self.unasked(Kind::Crash, WATCHDOG, now, self.current);
        next.holds = run.holds;
        next.before = run.before;
        let message = last_words(&run);
        self.conclude(*run, Outcome::Failed, &message, now);
        Box::new(next)
    }
}

pub(super) fn after(run: Box<Run>, step: After) -> State {
    State::Restarting { run, step: Step::After(step) }
}

/// What went wrong last.
pub(super) fn last_words(run: &Run) -> String {
    run.troubles.last().map_or_else(|| "it failed".to_owned(), |(_, trouble)| trouble.text.clone())
}

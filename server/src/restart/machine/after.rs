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

    /// Nobody serves: the spare does, or a worker that is started. It shares the
    /// database with nobody, so a former worker is ended; what it has not answered
    /// follows from its end.
    pub(super) fn take_over(&mut self, run: Box<Run>, now: Instant) -> State {
        if let Some(former) = &mut self.crew.former {
            former.leaving = Some(now + self.limits.exit);
            self.out.push(Effect::Kill(former.worker));
        }
        if run.apart {
            return self.apart(run, now);
        }
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

    /// Nobody may live: a spare goes as well, and all are waited for.
    fn apart(&mut self, run: Box<Run>, now: Instant) -> State {
        match self.crew.spare {
            Spare::Starting { worker, .. } | Spare::Ready { worker, .. } => self.dismiss(worker),
            Spare::Due(_) => self.crew.spare = Spare::None,
            Spare::None | Spare::Leaving(_) => {}
        }
        self.is_apart(run, now)
    }

    /// Does what needs that nobody lives, once nobody does.
    pub(super) fn is_apart(&mut self, run: Box<Run>, now: Instant) -> State {
        let deadline = now + self.limits.exit;
        if !self.crew.is_alone() {
            return after(run, After::Apart { job: None, deadline });
        }
        let job = self.job();
        self.put(Effect::Apart(job));
        after(run, After::Apart { job: Some(job), deadline })
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
            (After::Apart { job: Some(job), .. }, Event::JobDone(done, result)) if job == done => {
                run.apart = false;
                if let Err(trouble) = result {
                    run.spoiled = Some(trouble.text.clone());
                    run.note(Phase::ProcessRestart, trouble);
                }
                self.take_over(run, now)
            }
            (
                After::Start { worker, build, .. } | After::Promote { worker, build, .. },
                Event::Ready(by, ready),
            ) if worker == by => {
                run.successor = Some((worker, ready));
                self.restore(run, Active { worker, build }, now)
            }
            (After::TakeBack { deadline }, Event::Ready(by, ready)) => match run.old {
                Some(old) if old.worker == by => {
                    run.successor = Some((by, ready));
                    self.restore(run, old, now)
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

    fn restore(&mut self, mut run: Box<Run>, active: Active, now: Instant) -> State {
        self.put(Effect::Restore(active.worker));
        // Opening the sessions, and sending what may be a full buffer.
        run.served_by = Some(now + self.limits.start);
        after(run, After::Restore(active))
    }

    pub(super) fn resumed(&mut self, run: Box<Run>, active: Active, now: Instant) -> State {
        if run.old == Some(active) {
            return self.came_back(run, active, now);
        }
        let mut run = run;
        if let Some(old) = run.old.take() {
            let time = if run.drain { Duration::ZERO } else { self.limits.drain };
            self.crew.former = Some(Former { worker: old.worker, until: now + time, leaving: None });
            self.put(Effect::Watch(old.worker));
        } else if let Some(gone) = run.shares_with.take_if(|_| !run.went_back) {
            // It ended before its successor served: nobody else would say so.
            self.put(Effect::Retire(gone));
        }
        match &run.bulk {
            Some(bulk) if !run.drain && !run.went_back => {
                let job = self.job();
                self.out.push(Effect::Seal(job, bulk.clone()));
                after(run, After::Seal { job, active })
            }
            Some(_) if !run.drain => {
                self.put(Effect::DiscardSnapshot);
                self.complete(run, active, now)
            }
            _ => self.complete(run, active, now),
        }
    }

    /// The old worker has the database again.
    fn came_back(&mut self, run: Box<Run>, active: Active, now: Instant) -> State {
        if run.bulk.is_some() {
            self.put(Effect::DiscardSnapshot);
        }
        self.plan_as_before(&run);
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
            let is_way_back = run.kind == Kind::Rollback || run.went_back;
            // A build that failed on probation is nothing to go back to, nor is one
            // that cannot read the database any more.
            let is_of_use = (!is_way_back || is_asked(&run)) && !run.is_for_good();
            self.previous = is_of_use.then_some(self.current);
            self.current = active.build;
            let job = self.job();
            self.put(Effect::Plan { job, current: self.current, other: self.previous });
            let on_trial = !is_way_back && self.previous.is_some() && !self.limits.probation.is_zero();
            probation = on_trial.then(|| now + self.limits.probation);
        } else {
            self.plan_as_before(&run);
        }
        self.refusal = None;
        if is_asked(&run) && !run.went_back {
            self.leave_safe_mode();
        }
        let (outcome, message) = match (run.went_back, run.kind) {
            (true, Kind::Rollback) => {
                (Outcome::Failed, format!("the build that was to be left serves on: {}", last_words(&run)))
            }
            (true, _) => {
                (Outcome::RolledBack, format!("the previous build serves again: {}", last_words(&run)))
            }
            (false, Kind::Crash) => (Outcome::Complete, "the worker had ended; a new one serves".to_owned()),
            (false, Kind::Rollback) => (Outcome::Complete, "the previous build serves".to_owned()),
            (false, Kind::Graceful | Kind::Emergency) => {
                (Outcome::Complete, "the new worker serves".to_owned())
            }
        };
        let (outcome, message) = match &run.spoiled {
            Some(why) => (Outcome::Failed, format!("a new worker serves what there was before: {why}")),
            None => (outcome, message),
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
        let known = self.known(&run);
        if run.target != known {
            // What served before is known to have worked.
            run.tried = Some(run.target);
            run.target = known;
            run.went_back = true;
            return self.take_over(run, now);
        }
        let delay = self.delays.after_failure();
        let is_hopeless = hopeless && !Self::tries_moved(&mut run);
        if is_hopeless || self.delays.failures() >= ATTEMPTS_TO_GIVE_UP || self.safe.is_some() {
            self.give_up(&run);
        }
        let is_late = run.deadline.is_some_and(|deadline| now >= deadline);
        if is_asked(&run) && (is_late || self.refusal.is_some()) {
            run = self.go_on_unasked(run, now);
        }
        State::Recovering { run, until: now + delay }
    }

    /// The build before cannot run any more: the next one may have moved the database
    /// for good before it ended, and is then the only one that can read it.
    fn tries_moved(run: &mut Run) -> bool {
        let moved = if run.is_for_good() { run.tried.take() } else { None };
        if let Some(moved) = moved {
            run.target = moved;
            run.went_back = false;
        }
        moved.is_some()
    }

    /// The build that is gone back to: what served before, or for the first worker of
    /// a front whose build is on probation, the previous one.
    fn known(&self, run: &Run) -> BuildId {
        let previous = self.previous.filter(|_| run.is_first_start && run.probation.is_some());
        run.before.map(|before| before.build).or(previous).unwrap_or(self.current)
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
        next.is_planned = run.is_planned;
        (next.target, next.tried) = (run.target, run.tried);
        next.prepared.clone_from(&run.prepared);
        if run.bulk.is_some() {
            self.put(Effect::DiscardSnapshot);
        }
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

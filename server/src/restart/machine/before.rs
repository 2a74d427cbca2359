//! Steps before the fence: everything that can fail does so here, while the old
//! worker could serve on. One function a step.

use super::*;
use crate::link::{SnapshotBulk, TakeOver, WorkerPrepared};
use crate::restart::event::Done;

impl Rest {
    pub(super) fn build(&mut self, run: Box<Run>, limit: Duration, now: Instant) -> State {
        let job = self.job();
        self.put(Effect::Build(job));
        before(run, Before::Build { job, deadline: now + limit })
    }

    pub(super) fn examine(&mut self, mut run: Box<Run>, now: Instant) -> State {
        let asked = run.request.timeout.map(|seconds| Duration::from_secs(seconds.into()));
        run.deadline = Some(now + asked.unwrap_or(self.limits.timeout));
        let is_bare = run.request.binary.is_none() && run.request.reason != Reason::ConfigurationUpdate;
        if !run.request.graceful && is_bare {
            return self.end_old(run, now);
        }
        let job = self.job();
        self.put(Effect::Examine {
            job,
            binary: run.request.binary.clone(),
            known: run.request.rollback.then_some(run.target),
            reload: run.request.reason == Reason::ConfigurationUpdate,
        });
        before(run, Before::Examine(job))
    }

    /// Two generations at most are alive: a spare goes, and the former worker has to finish.
    pub(super) fn clear(&mut self, run: Box<Run>, now: Instant) -> State {
        match self.crew.spare {
            // Proved some time ago and perhaps for another configuration: the next
            // worker proves itself afresh.
            Spare::Starting { worker, .. } | Spare::Ready { worker, .. } => self.dismiss(worker),
            Spare::Due(_) => self.crew.spare = Spare::None,
            Spare::None | Spare::Leaving(_) => {}
        }
        if let Some(former) = &mut self.crew.former {
            former.until = former.until.min(now + self.limits.suspension);
        }
        if self.crew.is_alone() { self.prove(run, now) } else { before(run, Before::Clear) }
    }

    pub(super) fn prove(&mut self, run: Box<Run>, now: Instant) -> State {
        let worker = self.worker();
        self.put(Effect::Start { worker, build: run.target, begin: Begin::Prepare });
        let deadline = self.within(&run, now + self.limits.start);
        before(run, Before::Prove { worker, deadline })
    }

    fn proved(
        &mut self,
        mut run: Box<Run>,
        worker: WorkerId,
        prepared: WorkerPrepared,
        now: Instant,
    ) -> State {
        let (due, reversible) = (prepared.migration_due, prepared.reversible);
        let (found, schema) = (prepared.found, prepared.schema);
        run.drain |= due;
        run.prepared = Some(prepared);
        if due && !reversible && run.request.reason != Reason::SchemaMigration {
            let text = format!(
                "the new build moves the database from schema {found} to {schema}, and the build at hand \
                 could not read it afterwards: ask with reason schema_migration if that is meant"
            );
            let step = Before::Prove { worker, deadline: now };
            let trouble = Trouble::new(ErrorCode::DatabaseFailed, text.clone());
            return self.abort(run, &step, Some(trouble), Outcome::Failed, &text, now);
        }
        match run.old {
            Some(old) if run.request.preserve_state && !run.drain => self.snapshot(run, old, worker, false),
            _ => self.plan(run, worker),
        }
    }

    fn snapshot(&mut self, run: Box<Run>, old: Active, standby: WorkerId, is_still: bool) -> State {
        let job = self.job();
        self.put(Effect::Snapshot(job, old.worker));
        before(run, Before::Snapshot { job, standby, is_still })
    }

    fn verify(&mut self, mut run: Box<Run>, standby: WorkerId, bulk: SnapshotBulk, is_still: bool) -> State {
        let job = self.job();
        self.put(Effect::Verify(job, standby, bulk.clone()));
        run.bulk = Some(bulk);
        before(run, Before::Verify { job, standby, is_still })
    }

    /// What cannot be undone is written down first: after an irreversible
    /// migration only the new build can be run.
    pub(super) fn plan(&mut self, mut run: Box<Run>, standby: WorkerId) -> State {
        if run.target == self.current {
            return self.hold(run, standby);
        }
        let job = self.job();
        run.is_planned = true;
        let (current, other) =
            if run.is_for_good() { (run.target, None) } else { (self.current, Some(run.target)) };
        self.put(Effect::Plan { job, current, other });
        before(run, Before::Plan { job, standby })
    }

    fn hold(&mut self, mut run: Box<Run>, standby: WorkerId) -> State {
        if run.old.is_none() || run.holds {
            // Nobody serves: everything is held already.
            return self.collect(run, standby);
        }
        run.holds = true;
        self.put(Effect::Hold);
        before(run, Before::Hold(standby))
    }

    fn suspend(&mut self, run: Box<Run>, standby: WorkerId, now: Instant) -> State {
        let Some(old) = run.old else { return self.collect(run, standby) };
        self.put(Effect::Suspend { worker: old.worker, drain: run.drain });
        let deadline = self.within(&run, now + self.limits.suspension);
        before(run, Before::Suspend { standby, deadline })
    }

    /// Nothing has to be waited for any more.
    pub(super) fn settled(&mut self, run: Box<Run>, standby: WorkerId) -> State {
        match run.old {
            // Nothing else runs now: the snapshot is of the moment of the fence.
            Some(old) if run.drain && run.request.preserve_state => self.snapshot(run, old, standby, true),
            _ => self.collect(run, standby),
        }
    }

    pub(super) fn collect(&mut self, run: Box<Run>, standby: WorkerId) -> State {
        self.put(Effect::Collect);
        before(run, Before::Collect(standby))
    }

    fn collected(&mut self, run: Box<Run>, standby: WorkerId) -> State {
        match &run.bulk {
            // A handover completes it when nobody waits any more.
            Some(bulk) if run.drain => {
                let job = self.job();
                self.out.push(Effect::Seal(job, bulk.clone()));
                before(run, Before::Seal { job, standby })
            }
            _ => self.fix(run, standby),
        }
    }

    fn fix(&mut self, run: Box<Run>, standby: WorkerId) -> State {
        self.put(Effect::Fix);
        before(run, Before::Fix(standby))
    }

    fn fence(&mut self, mut run: Box<Run>, standby: WorkerId, now: Instant) -> State {
        run.shares_with = run.old.filter(|_| !run.drain).map(|old| old.worker);
        let take_over = if run.shares_with.is_some() { TakeOver::Handover } else { TakeOver::Alone };
        self.promote(run, standby, take_over, now)
    }

    /// What a step before the fence was waiting for.
    pub(super) fn advance_before(
        &mut self,
        run: Box<Run>,
        step: Before,
        event: Event,
        now: Instant,
    ) -> State {
        match (step, event) {
            (Before::Build { job, .. }, Event::JobDone(done, Ok(Done::Built))) if job == done => {
                self.examine(run, now)
            }
            (Before::Examine(job), Event::JobDone(done, Ok(Done::Examined(build)))) if job == done => {
                let mut run = run;
                run.target = build;
                if run.request.graceful { self.clear(run, now) } else { self.end_old(run, now) }
            }
            (Before::Prove { worker, .. }, Event::Prepared(by, prepared)) if worker == by => {
                self.proved(run, worker, prepared, now)
            }
            (Before::Snapshot { job, standby, is_still }, Event::JobDone(done, Ok(Done::Snapshot(bulk))))
                if job == done =>
            {
                self.verify(run, standby, bulk, is_still)
            }
            (Before::Verify { job, standby, is_still }, Event::JobDone(done, Ok(Done::Verified)))
                if job == done =>
            {
                if is_still {
                    self.collect(run, standby)
                } else {
                    self.plan(run, standby)
                }
            }
            (Before::Plan { job, standby }, Event::JobDone(done, Ok(Done::Planned))) if job == done => {
                self.hold(run, standby)
            }
            (Before::Hold(standby), Event::Held) => self.suspend(run, standby, now),
            (Before::Suspend { standby, .. }, Event::Settled(worker))
                if run.old.is_some_and(|old| old.worker == worker) =>
            {
                self.settled(run, standby)
            }
            (Before::Collect(standby), Event::Collected) => self.collected(run, standby),
            (Before::Seal { job, standby }, Event::JobDone(done, Ok(Done::Sealed))) if job == done => {
                self.fix(run, standby)
            }
            (Before::Fix(standby), Event::Fixed) => self.fence(run, standby, now),
            (step, Event::JobDone(done, Err(trouble))) if job_of(&step) == Some(done) => {
                let text = trouble.text.clone();
                self.abort(run, &step, Some(trouble), Outcome::Failed, &text, now)
            }
            (step, _) => before(run, step),
        }
    }

    /// Nothing has changed: the old worker serves on.
    pub(super) fn abort(
        &mut self,
        mut run: Box<Run>,
        step: &Before,
        trouble: Option<Trouble>,
        outcome: Outcome,
        message: &str,
        now: Instant,
    ) -> State {
        let phase = Step::Before(step.clone()).phase();
        if let Some(trouble) = trouble {
            run.note(phase, trouble);
        }
        if let Some(standby) = standby_of(step) {
            self.dismiss(standby);
        }
        if run.request.preserve_state {
            self.put(Effect::DiscardSnapshot);
        }
        self.plan_as_before(&run);
        let (old, lost, probation, kind) = (run.old, run.before, run.probation, run.kind);
        if let Some(old) = old.filter(|_| run.holds) {
            self.put(Effect::Release { to: old.worker, clear: false });
        }
        let held = run.holds && old.is_none();
        self.conclude(*run, outcome, message, now);
        self.put(Effect::TellFront);
        match old {
            // A rollback that did not come about leaves nothing to go back to for a second time.
            Some(active) => {
                let probation = probation.filter(|_| kind != Kind::Rollback);
                self.spare_in(now, self.limits.spare_delay);
                State::Serving(Serving { active, probation })
            }
            None => {
                let before = lost.filter(|lost| lost.build == self.current);
                let mut run = self.recovery(before, probation, now);
                run.holds = held;
                self.hold_for(&mut run);
                self.take_over(Box::new(run), now)
            }
        }
    }

    /// A restart that is not carried out leaves no plan behind.
    pub(super) fn plan_as_before(&mut self, run: &Run) {
        if run.is_planned {
            let job = self.job();
            self.put(Effect::Plan { job, current: self.current, other: self.previous });
        }
    }

    /// The step's own deadline, but not beyond the restart's.
    fn within(&self, run: &Run, deadline: Instant) -> Instant {
        run.deadline.map_or(deadline, |whole| whole.min(deadline))
    }

    /// A spare is wanted again.
    pub(super) fn spare_in(&mut self, now: Instant, delay: Duration) {
        if self.limits.hot_standby && matches!(self.crew.spare, Spare::None) {
            self.crew.spare = Spare::Due(now + delay);
        }
    }
}

fn before(run: Box<Run>, step: Before) -> State {
    State::Restarting { run, step: Step::Before(step) }
}

/// The job whose end a step waits for.
fn job_of(step: &Before) -> Option<JobId> {
    match step {
        Before::Build { job, .. }
        | Before::Examine(job)
        | Before::Snapshot { job, .. }
        | Before::Verify { job, .. }
        | Before::Plan { job, .. }
        | Before::Seal { job, .. } => Some(*job),
        Before::Clear
        | Before::Prove { .. }
        | Before::Hold(_)
        | Before::Suspend { .. }
        | Before::Collect(_)
        | Before::Fix(_) => None,
    }
}

//! Deadlines: each is a time in the state that has it, and its expiry an event
//! like any other.

use super::*;

impl Rest {
    pub(super) fn wakes_at(&self, state: &State) -> Option<Instant> {
        let own = match state {
            State::Serving(serving) => serving.probation,
            State::Restarting { run, step: Step::Before(step) } => {
                earliest([deadline_before(step), run.deadline])
            }
            State::Restarting { run, step: Step::After(step) } => deadline_after(run, step),
            State::Recovering { until, .. } => Some(*until),
            State::Stopping { .. } => return None,
        };
        let quiet = match (state, &self.safe) {
            (State::Serving(_), Some(safe)) => Some(safe.until),
            _ => None,
        };
        earliest([own, quiet, self.crew.wakes_at()])
    }

    pub(super) fn timer(&mut self, state: State, now: Instant) -> State {
        self.crew_timer(&state, now);
        match state {
            State::Serving(mut serving) => {
                if serving.probation.is_some_and(|until| now >= until) {
                    serving.probation = None;
                }
                if self.safe.as_ref().is_some_and(|safe| now >= safe.until) {
                    self.leave_safe_mode();
                    self.put(Effect::TellFront);
                }
                State::Serving(serving)
            }
            State::Restarting { run, step: Step::Before(step) }
                if earliest([deadline_before(&step), run.deadline])
                    .is_some_and(|deadline| now >= deadline) =>
            {
                self.late_before(run, step, now)
            }
            State::Restarting { run, step: Step::After(step) }
                if deadline_after(&run, &step).is_some_and(|deadline| now >= deadline) =>
            {
                self.late(run, step, now)
            }
            State::Recovering { mut run, until } if now >= until => {
                if is_asked(&run) && run.deadline.is_some_and(|deadline| now >= deadline) {
                    run = self.go_on_unasked(run, now);
                }
                self.take_over(run, now)
            }
            state => state,
        }
    }

    fn crew_timer(&mut self, state: &State, now: Instant) {
        if let Some(former) = &mut self.crew.former {
            let worker = former.worker;
            match former.leaving {
                Some(at) if now >= at => {
                    former.leaving = Some(now + self.limits.exit);
                    self.out.push(Effect::Kill(worker));
                }
                None if now >= former.until => {
                    // Fenced first, then killed: what it has not answered goes to the active one.
                    former.leaving = Some(now + self.limits.exit);
                    self.out.push(Effect::Retire(worker));
                    self.out.push(Effect::Kill(worker));
                }
                Some(_) | None => {}
            }
        }
        match self.crew.spare {
            Spare::Due(at) if now >= at => self.start_spare(state, now),
            Spare::Starting { worker, deadline, .. } if now >= deadline => {
                self.put(Effect::Kill(worker));
                self.crew.spare = Spare::Leaving(worker);
            }
            Spare::None
            | Spare::Due(_)
            | Spare::Starting { .. }
            | Spare::Ready { .. }
            | Spare::Leaving(_) => {}
        }
    }

    /// Only beside a worker that serves alone.
    fn start_spare(&mut self, state: &State, now: Instant) {
        if self.crew.former.is_some() || !matches!(state, State::Serving(_)) {
            self.crew.spare = Spare::None;
            return;
        }
        let (worker, build) = (self.worker(), self.current);
        self.put(Effect::Start { worker, build, begin: Begin::Prepare });
        self.crew.spare = Spare::Starting { worker, build, deadline: now + self.limits.start };
    }
}

fn deadline_before(step: &Before) -> Option<Instant> {
    match step {
        Before::Build { deadline, .. }
        | Before::Prove { deadline, .. }
        | Before::Suspend { deadline, .. } => Some(*deadline),
        Before::Examine(_)
        | Before::Clear
        | Before::Snapshot { .. }
        | Before::Verify { .. }
        | Before::Plan { .. }
        | Before::Hold(_)
        | Before::Collect(_)
        | Before::Seal { .. }
        | Before::Fix(_) => None,
    }
}

fn deadline_after(run: &Run, step: &After) -> Option<Instant> {
    match step {
        After::End { deadline, .. }
        | After::Apart { deadline, .. }
        | After::Start { deadline, .. }
        | After::Promote { deadline, .. }
        | After::TakeBack { deadline } => Some(*deadline),
        After::Seal { .. } => run.deadline,
        After::Restore(_) | After::Resume(_) => run.served_by,
    }
}

//! What others may know of the machine, and the little that they tell it beside events.

use super::*;

impl Machine {
    /// When it has to be told the time.
    pub fn wakes_at(&self) -> Option<Instant> {
        self.rest.wakes_at(&self.state)
    }

    /// Where a restart is.
    pub fn phase(&self) -> Phase {
        match &self.state {
            State::Serving(_) | State::Stopping { .. } => Phase::Idle,
            State::Restarting { run, .. } | State::Recovering { run, .. } if run.is_first_start => {
                Phase::Idle
            }
            State::Restarting { step, .. } => step.phase(),
            State::Recovering { .. } => Phase::ProcessRestart,
        }
    }

    /// The restart that runs and where it is.
    pub fn running(&self) -> Option<(&Run, Option<&Step>)> {
        match &self.state {
            State::Restarting { run, .. } | State::Recovering { run, .. } if run.is_first_start => None,
            State::Restarting { run, step } => Some((run, Some(step))),
            State::Recovering { run, .. } => Some((run, None)),
            State::Serving(_) | State::Stopping { .. } => None,
        }
    }

    /// The state, for reports and tests.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The worker that serves, or could.
    pub fn active(&self) -> Option<Active> {
        match &self.state {
            State::Serving(serving) => Some(serving.active),
            State::Restarting {
                step: Step::After(After::Seal { active, .. } | After::Resume(active)),
                ..
            } => Some(*active),
            State::Restarting { run, step: Step::Before(_) } => run.old,
            State::Restarting { .. } | State::Recovering { .. } | State::Stopping { .. } => None,
        }
    }

    /// The worker that is being started or stands by.
    pub fn standby(&self) -> Option<WorkerId> {
        match &self.state {
            State::Restarting { step: Step::Before(before), .. } => standby_of(before),
            State::Restarting {
                step: Step::After(After::Start { worker, .. } | After::Promote { worker, .. }),
                ..
            } => Some(*worker),
            _ => None,
        }
        .or_else(|| self.rest.crew.spare.worker())
    }

    /// The worker whose successor serves.
    pub fn former(&self) -> Option<WorkerId> {
        self.rest.crew.former.as_ref().map(|former| former.worker)
    }

    /// Every worker that may be alive.
    pub fn alive(&self) -> Vec<WorkerId> {
        let mut alive: Vec<WorkerId> = match &self.state {
            State::Stopping { alive } => alive.clone(),
            State::Restarting { run, step: Step::After(after) } => {
                let started = match after {
                    After::End { worker, .. }
                    | After::Start { worker, .. }
                    | After::Promote { worker, .. } => Some(*worker),
                    After::Restore(active) | After::Resume(active) | After::Seal { active, .. } => {
                        Some(active.worker)
                    }
                    After::Apart { .. } | After::TakeBack { .. } => None,
                };
                started.into_iter().chain(run.old.map(|old| old.worker)).collect()
            }
            _ => self.active().map(|active| active.worker).into_iter().chain(self.standby()).collect(),
        };
        alive.extend(self.former());
        alive.extend(self.rest.crew.spare.worker());
        alive.sort_unstable();
        alive.dedup();
        alive
    }

    /// Whether a failed answer of this worker may still become a good one,
    /// because the previous build comes back when there are more of them.
    pub fn withholds_faults(&self, worker: WorkerId) -> bool {
        let on_probation = match &self.state {
            State::Serving(serving) => serving.active.worker == worker && serving.probation.is_some(),
            State::Restarting { run, step: Step::Before(_) } => {
                run.kind == Kind::Rollback && run.old.is_some_and(|old| old.worker == worker)
            }
            // It has only just taken over.
            State::Restarting { run, step: Step::After(After::Seal { active, .. }) } => {
                active.worker == worker && run.before.is_some_and(|before| before.build != active.build)
            }
            State::Restarting { .. } | State::Recovering { .. } | State::Stopping { .. } => false,
        };
        on_probation && (self.rest.previous.is_some() || matches!(self.state, State::Restarting { .. }))
    }

    /// Whether trouble brings the previous build back by itself.
    pub fn is_on_probation(&self) -> bool {
        matches!(&self.state, State::Serving(serving) if serving.probation.is_some())
    }

    /// Too many crashes, and why.
    pub fn safe_mode(&self) -> Option<&str> {
        self.rest.safe.as_ref().map(|safe| safe.reason.as_str())
    }

    /// Why requests are refused at present, where they are.
    pub fn refusal(&self) -> Option<&str> {
        self.rest.refusal.as_deref()
    }

    /// Ends of workers that nobody had asked for, and starts that failed.
    pub fn crashes(&self) -> u64 {
        self.rest.crashes.total()
    }

    /// What is run at present, and what could be gone back to.
    pub fn builds(&self) -> (BuildId, Option<BuildId>) {
        (self.rest.current, self.rest.previous)
    }

    /// The configuration has been read again.
    pub fn set_limits(&mut self, limits: Limits) {
        self.rest.limits = limits;
    }

    /// A worker that answers requests is not one that crashes at once.
    pub fn answered(&mut self) {
        if self.rest.delays.failures() > 0 {
            self.rest.delays.reset();
        }
    }

    /// Whether the front is about to end: nothing is started any more.
    pub fn is_stopping(&self) -> bool {
        matches!(self.state, State::Stopping { .. })
    }

    /// Whether the front may end: no worker is alive.
    pub fn has_stopped(&self) -> bool {
        matches!(&self.state, State::Stopping { alive } if alive.is_empty())
    }
}

//! The front ends: who waits is answered, who is alive is told to finish.

use super::*;

impl Rest {
    /// Whoever waits for a restart is told that it ends here. One whose worker serves
    /// already is complete: the next front has to run the same build.
    fn conclude_at_stop(&mut self, state: State, now: Instant) -> State {
        let text = "the server is about to end";
        match &state {
            State::Restarting { step: Step::After(After::Seal { .. }), .. }
            | State::Serving(_)
            | State::Stopping { .. } => {}
            State::Restarting { run, .. } | State::Recovering { run, .. } => {
                let mut run = run.as_ref().clone();
                if matches!(state, State::Restarting { step: Step::Before(_), .. }) {
                    if run.request.preserve_state {
                        self.put(Effect::DiscardSnapshot);
                    }
                    self.plan_as_before(&run);
                }
                run.note(Phase::Idle, Trouble::new(ErrorCode::NotReady, text));
                self.conclude(run, Outcome::Failed, text, now);
            }
        }
        match state {
            State::Restarting { run, step: Step::After(After::Seal { active, .. }) } => {
                self.complete(run, active, now)
            }
            state => state,
        }
    }

    /// Nothing is started from here on.
    pub(super) fn stop(&mut self, state: State, now: Instant) -> State {
        let state = self.conclude_at_stop(state, now);
        let mut alive = Vec::new();
        let (graceful, others): (Option<WorkerId>, Vec<WorkerId>) = match &state {
            State::Serving(serving) => (Some(serving.active.worker), Vec::new()),
            State::Restarting { run, step: Step::Before(before) } => {
                (run.old.map(|old| old.worker), standby_of(before).into_iter().collect())
            }
            State::Restarting { run, step: Step::After(after) } => match after {
                After::Restore(active) | After::Resume(active) | After::Seal { active, .. } => {
                    // The old one finishes what it holds.
                    if let Some(old) = run.old.filter(|old| old != active) {
                        self.put(Effect::Stop(old.worker));
                        alive.push(old.worker);
                    }
                    (Some(active.worker), Vec::new())
                }
                After::End { worker, .. } | After::Start { worker, .. } | After::Promote { worker, .. } => {
                    (run.old.map(|old| old.worker), vec![*worker])
                }
                After::Apart { .. } => (None, Vec::new()),
                After::TakeBack { .. } => (run.old.map(|old| old.worker), Vec::new()),
            },
            State::Recovering { .. } => (None, Vec::new()),
            State::Stopping { .. } => return state,
        };
        if let Some(worker) = graceful {
            self.put(Effect::Stop(worker));
            alive.push(worker);
        }
        if let Some(former) = &self.crew.former {
            let worker = former.worker;
            self.put(Effect::Stop(worker));
            alive.push(worker);
        }
        for worker in others.into_iter().chain(self.crew.spare.worker()) {
            self.put(Effect::Kill(worker));
            alive.push(worker);
        }
        self.crew = Crew::default();
        alive.sort_unstable();
        alive.dedup();
        State::Stopping { alive }
    }
}

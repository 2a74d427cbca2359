//! What must hold whatever happens. Checked after each event of each test.

use std::collections::{BTreeMap, BTreeSet};

use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{Outcome, RestartId};

use super::world::Process;
use crate::link::TakeOver;
use crate::restart::WorkerId;
use crate::restart::effect::{Begin, Effect};
use crate::restart::event::Event;
use crate::restart::machine::Machine;
use crate::restart::run::Run;
use crate::restart::state::{Active, State};

/// More than any event needs.
const MAX_EFFECTS: usize = 16;

type Workers = BTreeMap<WorkerId, Process>;

/// See the module.
#[derive(Default)]
pub(super) struct Ledger {
    /// Releases and holds so far: the first hold is before the beginning.
    holds: u32,
    releases: u32,
    /// Who got the last release.
    serving: Option<WorkerId>,
    /// Reported hung, or asked to take the database back.
    in_doubt: BTreeSet<WorkerId>,
    /// How each restart ended.
    verdicts: BTreeMap<String, Outcome>,
    /// Who asked, and whose outcome is theirs.
    asks: BTreeMap<String, String>,
    last_ask: Option<String>,
    is_safe: bool,
    /// Whether a spare has to be waited for at the end.
    pub(super) wants_spare: bool,
}

impl Ledger {
    /// The machine hears this.
    pub(super) fn told(&mut self, event: &Event) {
        match event {
            Event::Asked(ask) => {
                self.last_ask = Some(ask.id.0.clone());
                self.asks.insert(ask.id.0.clone(), ask.id.0.clone());
            }
            Event::Hung(worker) => {
                self.in_doubt.insert(*worker);
            }
            _ => {}
        }
    }

    /// The machine wants this; the world has not done it yet.
    pub(super) fn wants(&mut self, effect: &Effect, machine: &Machine, workers: &Workers) {
        self.nothing_of_the_dead(effect, workers);
        match effect {
            Effect::Hold => {
                self.holds += 1;
                assert_eq!(self.holds, self.releases, "held twice");
            }
            Effect::Release { to, .. } => {
                self.releases += 1;
                assert_eq!(self.holds + 1, self.releases, "released without a hold");
                self.serving = Some(*to);
            }
            Effect::Activate { worker, take_over } => self.one_writes(*worker, *take_over, machine, workers),
            Effect::Start { worker, begin: Begin::Activate, .. } => {
                self.one_writes(*worker, TakeOver::Alone, machine, workers);
            }
            Effect::Stop(worker) | Effect::Kill(worker) => self.not_too_early(*worker, machine),
            Effect::Verdict(verdict) => {
                let id = verdict.run.id.0.clone();
                phases_go_on(&verdict.run);
                assert!(self.verdicts.insert(id, verdict.outcome).is_none(), "two verdicts");
            }
            Effect::Joined(id) => {
                let asker = self.last_ask.clone().expect("somebody has asked");
                self.asks.insert(asker, id.0.clone());
            }
            Effect::SafeModeEntered(_) => {
                assert!(!std::mem::replace(&mut self.is_safe, true), "safe mode entered twice");
            }
            Effect::SafeModeLeft => {
                assert!(std::mem::replace(&mut self.is_safe, false), "safe mode left twice");
            }
            _ => {}
        }
    }

    fn nothing_of_the_dead(&self, effect: &Effect, workers: &Workers) {
        let worker = match effect {
            Effect::Activate { worker, .. }
            | Effect::Snapshot(_, worker)
            | Effect::Verify(_, worker, _)
            | Effect::Suspend { worker, .. }
            | Effect::Restore(worker)
            | Effect::Release { to: worker, .. }
            | Effect::Watch(worker)
            | Effect::Stop(worker) => worker,
            _ => return,
        };
        let process = workers.get(worker).expect("a worker that was started");
        assert!(!process.is_dead, "{effect:?} of a worker that has ended");
    }

    /// Who takes over finds nobody who writes, except the one it has the work from.
    fn one_writes(&mut self, worker: WorkerId, how: TakeOver, machine: &Machine, workers: &Workers) {
        let others: Vec<WorkerId> = workers
            .iter()
            .filter(|(other, process)| **other != worker && process.was_activated)
            .filter(|(_, process)| !process.is_dead && !process.was_killed)
            .map(|(other, _)| *other)
            .collect();
        let run = match machine.state() {
            State::Restarting { run, .. } => run,
            state => panic!("w{} takes over in {state:?}", worker.0),
        };
        let is_active =
            |old: &WorkerId| *old != worker && workers.get(old).is_some_and(|old| !old.was_killed);
        let old = run.old.map(|old| old.worker).filter(is_active);
        match how {
            TakeOver::Handover => {
                assert_eq!(others, Vec::from_iter(old), "a handover is from the old worker only");
                assert!(!run.drain && machine.former().is_none());
            }
            TakeOver::Alone if run.drain => assert_eq!(others, Vec::from_iter(old)),
            TakeOver::Alone => assert_eq!(others, [], "w{} is not alone", worker.0),
        }
        if self.serving == Some(worker) {
            self.in_doubt.insert(worker);
        }
    }

    /// Who serves is only ended when that was asked for, or it is of no use any more.
    fn not_too_early(&self, worker: WorkerId, machine: &Machine) {
        let is_harsh = match machine.state() {
            State::Restarting { run, .. } | State::Recovering { run, .. } => !run.request.graceful,
            State::Stopping { .. } => true,
            State::Serving(_) => false,
        };
        let serves = self.serving == Some(worker) && !self.in_doubt.contains(&worker);
        assert!(is_harsh || !serves, "w{} was ended while it served", worker.0);
    }

    /// After the event.
    pub(super) fn after(
        &mut self,
        event: &Event,
        effects: &[Effect],
        machine: &Machine,
        workers: &Workers,
        was: Option<Active>,
    ) {
        assert!(effects.len() <= MAX_EFFECTS, "{} effects of {event:?}", effects.len());
        let alive = workers.values().filter(|process| !process.is_dead && !process.was_killed).count();
        assert!(alive <= 2, "{alive} generations are alive after {event:?}");
        let is_held = self.holds + 1 > self.releases;
        match machine.state() {
            State::Restarting { run, .. } => {
                assert_eq!(run.holds, is_held, "{event:?}");
                phases_go_on(run);
            }
            State::Recovering { .. } => assert!(is_held),
            State::Serving(serving) => {
                assert!(!is_held, "held for ever after {event:?}");
                let process = workers.get(&serving.active.worker);
                assert!(process.is_some_and(|process| !process.is_dead), "a dead worker serves");
                assert_eq!(self.serving, Some(serving.active.worker), "requests go to somebody else");
            }
            State::Stopping { .. } => {}
        }
        for effect in effects {
            if let Effect::CancelAnswer(Ok(())) = effect {
                assert_eq!(machine.active(), was, "called off, and still another one serves");
            }
        }
        waits_for_nothing_for_ever(machine);
    }

    /// Everybody who asked has been answered, once.
    pub(super) fn all_answered(&self) {
        for (asker, whose) in &self.asks {
            assert!(self.verdicts.contains_key(whose), "{asker} was never answered ({whose})");
        }
    }

    pub(super) fn outcome(&self, id: &RestartId) -> Option<Outcome> {
        let whose = self.asks.get(&id.0).unwrap_or(&id.0);
        self.verdicts.get(whose).copied()
    }
}

/// What can be late has a time at which it is.
fn waits_for_nothing_for_ever(machine: &Machine) {
    let has_duty = match machine.state() {
        State::Restarting { .. } | State::Recovering { .. } => true,
        State::Serving(serving) => serving.probation.is_some() || machine.former().is_some(),
        State::Stopping { .. } => false,
    };
    assert!(!has_duty || machine.wakes_at().is_some(), "waits for ever in {:?}", machine.state());
}

/// The eight phases in their order. Only something that went wrong leads back,
/// and then to the start of a worker.
fn phases_go_on(run: &Run) {
    for pair in run.marks.windows(2) {
        let [(earlier, _), (later, _)] = pair else { continue };
        let is_retry = *later == Phase::ProcessRestart && !run.troubles.is_empty();
        assert!(earlier < later || is_retry, "{earlier} before {later}: {:?}", run.marks);
    }
}

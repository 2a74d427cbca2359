//! Everything that can go wrong at one moment.

use std::time::Duration;

use task_orchestrator_shared::restart::{RestartId, RestartRequest};

use super::names::{ended, prepared, ready};
use super::world::World;
use crate::link::SnapshotBulk;
use crate::restart::event::{Done, Event, Trouble};
use crate::restart::machine::Machine;
use crate::restart::state::{After, State, Step};
use crate::restart::{BuildId, JobId, WorkerId};
use task_orchestrator_shared::error_code::ErrorCode;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    ActiveDies,
    StandbyDies,
    /// Who served before dies: the one that could take over again, or a former one.
    OldDies,
    OldHangs,
    BothDie,
    BothDieStandbyFirst,
    ActiveHangs,
    StandbyHangs,
    /// Whatever was on its way is lost: job, worker or front.
    NothingComesBack,
    JobFails,
    AskedAgain,
    EmergencyAsked,
    Cancelled,
    Stopped,
    Stale,
    ClockJumps,
    Failing,
}

impl Fault {
    pub(super) const ALL: [Self; 17] = [
        Self::ActiveDies,
        Self::StandbyDies,
        Self::OldDies,
        Self::OldHangs,
        Self::BothDie,
        Self::BothDieStandbyFirst,
        Self::ActiveHangs,
        Self::StandbyHangs,
        Self::NothingComesBack,
        Self::JobFails,
        Self::AskedAgain,
        Self::EmergencyAsked,
        Self::Cancelled,
        Self::Stopped,
        Self::Stale,
        Self::ClockJumps,
        Self::Failing,
    ];

    /// It happens now. The names of restarts that were asked for by it.
    pub(super) fn strike(self, world: &mut World) -> Option<RestartId> {
        let machine = world.machine();
        let (active, old) = (active(machine), old(machine));
        let standby = machine.standby();
        match self {
            Self::ActiveDies => kill(world, active),
            Self::StandbyDies => kill(world, standby),
            Self::OldDies => kill(world, old),
            Self::OldHangs => hang(world, old),
            Self::BothDie => {
                kill(world, active);
                kill(world, standby);
            }
            Self::BothDieStandbyFirst => {
                kill(world, standby);
                kill(world, active);
            }
            Self::ActiveHangs => hang(world, active),
            Self::StandbyHangs => hang(world, standby),
            Self::NothingComesBack => {
                // The end of a process is never lost: the system reports it.
                // Nor is what is done while nobody lives: it runs in the front itself.
                let apart = match world.machine().state() {
                    State::Restarting { step: Step::After(After::Apart { job, .. }), .. } => *job,
                    _ => None,
                };
                world.queue.retain(|event| match event {
                    Event::Ended { .. } => true,
                    Event::JobDone(job, _) => Some(*job) == apart,
                    _ => false,
                });
            }
            Self::JobFails => {
                for event in &mut world.queue {
                    if let Event::JobDone(_, result) = event {
                        *result = Err(Trouble::new(ErrorCode::NotReady, "the job failed"));
                    }
                }
            }
            Self::AskedAgain => return Some(world.ask(RestartRequest::default())),
            Self::EmergencyAsked => {
                return Some(world.ask(RestartRequest { graceful: false, ..RestartRequest::default() }));
            }
            Self::Cancelled => world.tell(Event::CancelAsked),
            Self::Stopped => world.tell(Event::Stop),
            Self::Stale => stale(world),
            Self::ClockJumps => {
                world.now += Duration::from_secs(3600);
                world.tell(Event::Timer);
            }
            Self::Failing => active.into_iter().for_each(|worker| world.tell(Event::Failing(worker))),
        }
        None
    }
}

/// Who serves, or is about to.
fn active(machine: &Machine) -> Option<WorkerId> {
    match machine.state() {
        State::Restarting { step: Step::After(After::Restore(active)), .. } => Some(active.worker),
        _ => machine.active().map(|active| active.worker),
    }
}

fn old(machine: &Machine) -> Option<WorkerId> {
    match machine.state() {
        State::Restarting { run, .. } => run.old.map(|old| old.worker).or(machine.former()),
        _ => machine.former(),
    }
}

fn kill(world: &mut World, worker: Option<WorkerId>) {
    worker.into_iter().for_each(|worker| world.crash(worker));
}

fn hang(world: &mut World, worker: Option<WorkerId>) {
    let alive = worker.filter(|worker| world.workers.get(worker).is_some_and(|process| !process.is_dead));
    if let Some(worker) = alive {
        // It says nothing any more, and ends when it is killed.
        world.queue.retain(|event| !is_of(event, worker));
        world.tell(Event::Hung(worker));
    }
}

fn is_of(event: &Event, worker: WorkerId) -> bool {
    match event {
        Event::Prepared(by, _) | Event::Ready(by, _) | Event::Settled(by) | Event::Restored(by) => {
            *by == worker
        }
        _ => false,
    }
}

/// News of jobs and workers that are long gone, each of which would be good news.
pub(super) fn stale(world: &mut World) {
    let (job, worker) = (JobId(9_000), WorkerId(9_000));
    let place = world.place();
    let done = [
        Done::Built,
        Done::Examined(BuildId(7)),
        Done::Snapshot(SnapshotBulk::default()),
        Done::Verified,
        Done::Planned,
        Done::Sealed,
    ];
    let failed = Event::JobDone(job, Err(Trouble::new(ErrorCode::NotReady, "from the past")));
    let news = done.into_iter().map(|done| Event::JobDone(job, Ok(done))).chain([
        failed,
        prepared(worker, true, false),
        ready(worker),
        ended(worker, true),
        Event::Failing(worker),
        Event::Settled(worker),
        Event::Restored(worker),
        Event::Timer,
    ]);
    for event in news {
        let told = format!("{event:?}");
        let lines = world.trace.len();
        world.tell(event);
        // Only the time may be right for something.
        if told != "Timer" {
            assert_eq!(world.place(), place, "{told}");
            assert_eq!(world.trace.len(), lines, "{told}: {:?}", world.trace.last());
        }
    }
}

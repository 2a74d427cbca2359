//! The end of each fault at each step, as a table: how the asker's restart ended,
//! and which build serves. `-` is a server that was told to end.

use task_orchestrator_shared::restart::{Outcome, RestartRequest};

use super::faults::Fault;
use super::world::{NEW, World, limits};

/// One row: neighbours with the same end share a cell.
fn row(request: &RestartRequest, fault: Fault) -> String {
    let mut cells: Vec<(String, String)> = Vec::new();
    for steps in 0.. {
        let mut world = World::serving(limits());
        world.found = NEW;
        let id = world.ask(request.clone());
        if !(0..steps).all(|_| world.step()) {
            break;
        }
        let place = world.place();
        fault.strike(&mut world);
        world.settle();
        let letter = match world.outcome(&id) {
            Some(Outcome::Complete) => "complete",
            Some(Outcome::Failed) => "failed",
            Some(Outcome::RolledBack) => "rolled back",
            Some(Outcome::Cancelled) => "called off",
            None => panic!("{fault:?} at {place}: no answer"),
        };
        let end =
            format!("{letter} {}", world.serves().map_or("-".to_owned(), |build| format!("b{}", build.0)));
        if cells.last().is_none_or(|(_, last)| *last != end) {
            cells.push((place, end));
        }
    }
    let cells: Vec<String> = cells.into_iter().map(|(place, end)| format!("{place}: {end}")).collect();
    format!("{fault:?} | {}", cells.join(" | "))
}

fn table(request: &RestartRequest) -> Vec<String> {
    Fault::ALL.into_iter().map(|fault| row(request, fault)).collect()
}

#[test]
fn upgrade() {
    assert_eq!(
        table(&RestartRequest::default()),
        [
            "ActiveDies | Examine: failed b1 | Prove: complete b2 | AfterRestore: failed b1 | AfterSeal: rolled back b1 | Serving: complete b1",
            "StandbyDies | Examine: complete b2 | Prove: failed b1 | AfterRestore: complete b2",
            "OldDies | Examine: failed b1 | Prove: complete b2",
            "OldHangs | Examine: complete b2",
            "BothDie | Examine: failed b1 | AfterSeal: rolled back b1 | Serving: complete b1",
            "BothDieStandbyFirst | Examine: failed b1 | AfterSeal: rolled back b1 | Serving: complete b1",
            "ActiveHangs | Examine: complete b2 | AfterRestore: failed b1 | AfterResume: rolled back b1 | AfterSeal: complete b1",
            "StandbyHangs | Examine: complete b2 | Prove: failed b1 | AfterRestore: complete b2",
            "NothingComesBack | Examine: failed b1 | AfterResume: complete b2",
            "JobFails | Examine: failed b1 | Prove: complete b2 | Snapshot: failed b1 | Hold: complete b2",
            "AskedAgain | Examine: complete b2",
            "EmergencyAsked | Examine: called off b1 | AfterPromote: complete b2",
            "Cancelled | Examine: called off b1 | AfterPromote: complete b2",
            "Stopped | Examine: failed - | AfterSeal: complete -",
            "Stale | Examine: complete b2",
            "ClockJumps | Examine: failed b1 | AfterResume: complete b2",
            "Failing | Examine: complete b2 | Serving: complete b1",
        ]
    );
}

#[test]
fn emergency_upgrade() {
    let binary = Some("new".to_owned());
    assert_eq!(
        table(&RestartRequest { graceful: false, binary, ..RestartRequest::default() }),
        [
            "ActiveDies | Examine: failed b1 | AfterEnd: complete b2 | AfterRestore: rolled back b1 | Serving: complete b1",
            "StandbyDies | Examine: complete b2 | AfterStart: rolled back b1 | AfterRestore: complete b2",
            "OldDies | Examine: failed b1 | AfterEnd: complete b2",
            "OldHangs | Examine: complete b2",
            "BothDie | Examine: failed b1 | AfterEnd: complete b2 | AfterStart: rolled back b1 | Serving: complete b1",
            "BothDieStandbyFirst | Examine: failed b1 | AfterEnd: complete b2 | AfterStart: rolled back b1 | Serving: complete b1",
            "ActiveHangs | Examine: complete b2 | AfterRestore: rolled back b1 | AfterResume: complete b1",
            "StandbyHangs | Examine: complete b2 | AfterStart: rolled back b1 | AfterRestore: complete b2",
            "NothingComesBack | Examine: failed b1 | AfterEnd: complete b2 | AfterStart: rolled back b1 | AfterResume: complete b2",
            "JobFails | Examine: failed b1 | AfterEnd: complete b2",
            "AskedAgain | Examine: complete b2",
            "EmergencyAsked | Examine: complete b2",
            "Cancelled | Examine: called off b1 | AfterEnd: complete b2",
            "Stopped | Examine: failed - | Serving: complete -",
            "Stale | Examine: complete b2",
            "ClockJumps | Examine: failed b1 | AfterEnd: complete b2 | AfterStart: rolled back b1 | AfterResume: complete b2",
            "Failing | Examine: complete b2 | Serving: complete b1",
        ]
    );
}

//! Each path is stopped before each of its events, and each fault strikes there.
//! The end is the same table for all: who serves, and what the asker is told.

use std::collections::BTreeSet;

use task_orchestrator_shared::restart::{Outcome, Reason, RestartRequest};

use super::faults::Fault;
use super::world::{Flaw, NEW, OLD, World, limits};
use crate::config::Policy;
use crate::restart::state::State;

/// A path: how the world is, and what is asked for.
struct Path {
    name: &'static str,
    hot: bool,
    found_new: bool,
    flaw: Option<Flaw>,
    previous: bool,
    request: RestartRequest,
}

fn paths() -> Vec<Path> {
    let plain = |name: &'static str, request: RestartRequest| Path {
        name,
        hot: false,
        found_new: false,
        flaw: None,
        previous: false,
        request,
    };
    let ask = RestartRequest::default;
    let emergency = || RestartRequest { graceful: false, ..ask() };
    vec![
        plain("handover", ask()),
        Path { hot: true, ..plain("handover with a spare", ask()) },
        Path { found_new: true, ..plain("upgrade", ask()) },
        Path { found_new: true, ..plain("no snapshot", RestartRequest { preserve_state: false, ..ask() }) },
        plain("drain", RestartRequest { drain: true, ..ask() }),
        Path { found_new: true, ..plain("upgrade by drain", RestartRequest { drain: true, ..ask() }) },
        Path {
            found_new: true,
            flaw: Some(Flaw::Migrates { reversible: true }),
            ..plain("migration", ask())
        },
        Path {
            found_new: true,
            flaw: Some(Flaw::Migrates { reversible: false }),
            ..plain("migration for good", RestartRequest { reason: Reason::SchemaMigration, ..ask() })
        },
        plain("emergency", emergency()),
        Path { hot: true, ..plain("emergency with a spare", emergency()) },
        Path {
            found_new: true,
            ..plain("emergency upgrade", RestartRequest { binary: Some("new".to_owned()), ..emergency() })
        },
        Path { previous: true, ..plain("rollback", RestartRequest { rollback: true, ..ask() }) },
        Path {
            previous: true,
            ..plain("rollback at once", RestartRequest { rollback: true, ..emergency() })
        },
        plain("reload", RestartRequest { reason: Reason::ConfigurationUpdate, ..ask() }),
        plain("error recovery", RestartRequest { reason: Reason::ErrorRecovery, ..ask() }),
        Path {
            found_new: true,
            flaw: Some(Flaw::DiesWhenActivated),
            ..plain("upgrade that does not serve", ask())
        },
        Path {
            found_new: true,
            flaw: Some(Flaw::Dies { hopeless: true }),
            ..plain("upgrade that does not start", ask())
        },
    ]
}

impl Path {
    fn begin(&self, policy: Policy, builds: bool) -> (World, task_orchestrator_shared::restart::RestartId) {
        let mut limits = limits();
        limits.hot_standby = self.hot;
        limits.policy = policy;
        limits.build = builds.then_some(std::time::Duration::from_secs(100));
        let mut world = if self.previous { World::upgraded(limits, true) } else { World::serving(limits) };
        world.ledger.wants_spare = self.hot;
        world.settle();
        world.found = if self.found_new { NEW } else { OLD };
        world.flaws.extend(self.flaw.map(|flaw| (NEW, flaw)));
        let id = world.ask(self.request.clone());
        (world, id)
    }
}

#[test]
fn any_fault_at_any_step_leaves_a_worker_that_serves_and_an_answer() {
    let (mut runs, mut places, mut failures) = (0, BTreeSet::new(), Vec::new());
    for path in paths() {
        for (policy, builds) in [(Policy::Abort, false), (Policy::Force, true)] {
            for fault in Fault::ALL {
                let mut steps = 0;
                loop {
                    let (mut world, id) = path.begin(policy, builds);
                    let went = (0..steps).all(|_| world.step());
                    if !went {
                        break;
                    }
                    steps += 1;
                    runs += 1;
                    let what = format!("{} / {fault:?} at {} ({})", path.name, world.place(), world.phase());
                    places.insert(world.place());
                    let was_running = world.machine().running().is_some();
                    let was_before = world.machine().active().is_some();
                    let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        let second = fault.strike(&mut world);
                        world.settle();
                        world.ledger.all_answered();
                        let outcome = world.outcome(&id).expect("an answer");
                        let end = End { serves: world.serves(), outcome };
                        expect(&path, fault, was_running, was_before, end, &world);
                        second.into_iter().for_each(|second| assert!(world.outcome(&second).is_some()));
                    }));
                    if let Err(why) = tried {
                        let why = why.downcast_ref::<String>().cloned().unwrap_or_default();
                        failures.push(format!("{what}: {why}\n    {}", world.trace.join("\n    ")));
                    }
                }
                assert!(steps >= 3, "{} has no steps", path.name);
            }
        }
    }
    assert!(failures.is_empty(), "{} of {runs}\n{}", failures.len(), failures.join("\n"));
    assert!(runs > 5_000, "only {runs} runs");
    for place in PLACES {
        assert!(places.contains(*place), "{place} was never tried: {places:?}");
    }
}

/// Every step there is.
const PLACES: &[&str] = &[
    "Build",
    "Examine",
    "Clear",
    "Prove",
    "Snapshot",
    "Verify",
    "Plan",
    "Hold",
    "Suspend",
    "Collect",
    "Seal",
    "Fix",
    "AfterEnd",
    "AfterStart",
    "AfterPromote",
    "AfterTakeBack",
    "AfterRestore",
    "AfterResume",
    "AfterSeal",
    "Serving",
];

struct End {
    serves: Option<crate::restart::BuildId>,
    outcome: Outcome,
}

/// The table of ends.
fn expect(path: &Path, fault: Fault, was_running: bool, was_before: bool, end: End, world: &World) {
    if fault == Fault::Stopped {
        assert!(matches!(world.machine().state(), State::Stopping { .. }));
        assert!(world.machine().has_stopped());
        return;
    }
    let serves = end.serves.expect("a worker serves");
    let is_flawed = matches!(path.flaw, Some(Flaw::Dies { .. } | Flaw::DiesWhenActivated));
    if is_flawed {
        assert_eq!(serves, OLD, "what cannot serve, serves");
        assert_ne!(end.outcome, Outcome::Complete);
        return;
    }
    match (end.outcome, fault) {
        (Outcome::Cancelled, Fault::Cancelled | Fault::EmergencyAsked) => assert!(was_running && was_before),
        (Outcome::Cancelled, other) => panic!("{other:?} calls nothing off"),
        (Outcome::Complete, _) if !was_running => {}
        (Outcome::Complete, Fault::Cancelled | Fault::AskedAgain | Fault::Stale) => {
            let wanted = if path.found_new && !path.previous { NEW } else { OLD };
            assert_eq!(serves, wanted);
        }
        (Outcome::Failed | Outcome::RolledBack, Fault::AskedAgain | Fault::EmergencyAsked | Fault::Stale) => {
            panic!("{fault:?} made it fail")
        }
        _ => {}
    }
}

//! A build that has only just taken over: trouble brings the previous one back.

use std::time::Duration;

use task_orchestrator_shared::restart::{Outcome, RestartRequest};

use super::world::{Flaw, NEW, OLD, World, limits};
use crate::restart::event::Event;
use crate::restart::state::State;

fn worker(world: &World) -> crate::restart::WorkerId {
    world.machine().active().unwrap().worker
}

#[test]
fn crash_hang_and_failing_each_bring_the_previous_build_back() {
    for trouble in ["crash", "hang", "failing"] {
        let mut world = World::upgraded(limits(), true);
        assert!(world.machine().withholds_faults(worker(&world)));
        let active = worker(&world);
        match trouble {
            "crash" => world.crash(active),
            "hang" => world.tell(Event::Hung(active)),
            _ => world.tell(Event::Failing(active)),
        }
        world.settle();
        assert_eq!(world.serves(), Some(OLD), "{trouble}");
        assert_eq!(world.machine().builds(), (OLD, None), "{trouble}: nothing to go back to");
        assert!(world.trace.iter().any(|line| line.contains("plan b1 -")), "{trouble}: {:?}", world.trace);
        assert!(world.trace.iter().any(|line| line.contains("verdict Complete")), "{trouble}");
    }
}

#[test]
fn a_failing_build_serves_until_the_previous_one_is_proved() {
    let mut world = World::upgraded(limits(), true);
    let active = worker(&world);
    world.tell(Event::Failing(active));
    assert_eq!(world.place(), "Prove");
    assert_eq!(world.machine().active().map(|active| active.build), Some(NEW));
    assert!(world.machine().withholds_faults(active));
    world.flaws.insert(OLD, Flaw::Dies { hopeless: true });
    let standby = world.machine().standby().unwrap();
    world.crash(standby);
    world.settle();
    assert_eq!(world.serves(), Some(NEW), "the previous one does not start: who serves, serves on");
    let is_over = matches!(world.machine().state(), State::Serving(serving) if serving.probation.is_none());
    assert!(is_over, "and it is not tried again with each error");
}

#[test]
fn after_probation_a_crash_is_a_crash() {
    for how in ["timer", "late timer"] {
        let mut world = World::upgraded(limits(), true);
        match how {
            "timer" => world.pass(limits().probation),
            // The machine slept, and is told of the crash first.
            _ => world.now += Duration::from_secs(3_600),
        }
        assert!(how != "timer" || !world.machine().withholds_faults(worker(&world)));
        world.crash_active();
        world.settle();
        assert_eq!(world.serves(), Some(NEW), "{how}");
        assert_eq!(world.machine().builds(), (NEW, Some(OLD)), "{how}: it can still be asked for");
    }
}

#[test]
fn failing_after_probation_or_of_another_worker_is_ignored() {
    let mut world = World::upgraded(limits(), true);
    world.tell(Event::Failing(crate::restart::WorkerId(1)));
    world.pass(limits().probation);
    let active = worker(&world);
    world.tell(Event::Failing(active));
    assert_eq!(world.trace, Vec::<String>::new());
}

#[test]
fn when_the_previous_build_fails_as_well_the_one_at_hand_serves_on() {
    let mut world = World::upgraded(limits(), true);
    world.flaws.insert(OLD, Flaw::Dies { hopeless: false });
    world.crash_active();
    world.settle();
    assert_eq!(world.serves(), Some(NEW));
    assert_eq!(world.machine().builds(), (NEW, Some(OLD)));
    let verdicts: Vec<&String> = world.trace.iter().filter(|line| line.contains("verdict")).collect();
    assert!(verdicts.len() == 1 && verdicts[0].contains("verdict Failed"), "{verdicts:?}");
}

#[test]
fn a_rollback_by_hand_that_does_not_start_has_failed() {
    for graceful in [true, false] {
        let mut world = World::upgraded(limits(), false);
        world.flaws.insert(OLD, Flaw::Dies { hopeless: true });
        let id = world.ask(RestartRequest { rollback: true, graceful, ..RestartRequest::default() });
        world.settle();
        assert_eq!((world.serves(), world.outcome(&id)), (Some(NEW), Some(Outcome::Failed)), "{graceful}");
    }
}

#[test]
fn a_crash_while_the_next_restart_is_prepared_counts_as_in_probation() {
    for place in ["Examine", "Build", "Clear"] {
        let mut all = limits();
        all.build = (place == "Build").then_some(Duration::from_secs(100));
        let mut world = World::upgraded(all, true);
        world.is_idle = place != "Clear";
        if place == "Clear" {
            // A former worker takes its time.
            world.found = NEW;
            world.ask(RestartRequest::default());
            assert!(world.until(|world| world.machine().former().is_some() && world.serves().is_some()));
        }
        world.ask(RestartRequest::default());
        assert!(world.until(|world| world.place() == place), "{place}");
        world.crash_active();
        world.settle();
        assert_eq!(world.serves(), Some(OLD), "{place}");
    }
}

#[test]
fn a_front_that_starts_with_a_build_on_probation_goes_back_as_well() {
    let mut world = World::new(limits(), Some(NEW), true);
    world.flaws.insert(OLD, Flaw::Dies { hopeless: true });
    world.settle();
    assert_eq!(world.serves(), Some(NEW), "the one it is told to go back to");
    assert_eq!(world.machine().builds(), (NEW, None));
    let is_over = matches!(world.machine().state(), State::Serving(serving) if serving.probation.is_none());
    assert!(is_over, "what worked before is not on probation");
    // Without probation there is no way back by itself.
    let mut world = World::new(limits(), Some(NEW), false);
    world.flaws.insert(OLD, Flaw::Dies { hopeless: true });
    world.run(20);
    assert_eq!(world.machine().builds(), (OLD, Some(NEW)));
    assert!(matches!(world.machine().state(), State::Recovering { .. } | State::Restarting { .. }));
}

#[test]
fn a_restart_of_the_same_build_keeps_the_probation() {
    let mut world = World::upgraded(limits(), true);
    world.ask(RestartRequest::default());
    world.settle();
    assert_eq!(world.serves(), Some(NEW));
    assert!(matches!(world.machine().state(), State::Serving(serving) if serving.probation.is_some()));
}

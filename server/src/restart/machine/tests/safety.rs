//! Too many crashes, and workers that cannot be started.

use std::time::Duration;

use task_orchestrator_shared::restart::{Outcome, RestartRequest};

use super::world::{Flaw, OLD, World, limits};
use crate::restart::state::State;

/// So many crashes with this time between them; after each, somebody serves again.
fn crashes(world: &mut World, count: usize, apart: Duration) {
    for _ in 0..count {
        assert!(world.until(|world| world.serves().is_some()));
        world.crash_active();
        world.settle();
        world.machine_mut().answered();
        world.pass(apart);
    }
}

fn count(world: &World, word: &str) -> usize {
    world.trace.iter().filter(|line| line.split([' ', ',', ':']).any(|part| part == word)).count()
}

#[test]
fn more_than_three_crashes_in_ten_seconds_are_too_many() {
    let mut world = World::serving(limits());
    crashes(&mut world, 3, Duration::from_secs(2));
    assert_eq!(world.machine().safe_mode(), None);
    crashes(&mut world, 1, Duration::from_secs(1));
    assert_eq!(world.machine().safe_mode(), Some("more than 3 crashes in 10 s"));
    assert_eq!(world.serves(), Some(OLD), "reading still works");
    crashes(&mut world, 5, Duration::from_secs(1));
    assert_eq!(count(&world, "safe"), 1, "entered once");
    assert_eq!(world.machine().crashes(), 9);
}

#[test]
fn more_than_ten_crashes_in_ten_minutes_are_too_many() {
    let mut world = World::serving(limits());
    crashes(&mut world, 10, Duration::from_secs(50));
    assert_eq!(world.machine().safe_mode(), None);
    crashes(&mut world, 1, Duration::ZERO);
    assert_eq!(world.machine().safe_mode(), Some("more than 10 crashes in 10 min"));
    let mut world = World::serving(limits());
    crashes(&mut world, 30, Duration::from_secs(61));
    assert_eq!(world.machine().safe_mode(), None, "slow enough");
}

#[test]
fn safe_mode_is_left_after_the_quiet_time_and_not_before() {
    let mut world = World::serving(limits());
    crashes(&mut world, 4, Duration::ZERO);
    world.pass(limits().quiet / 2);
    crashes(&mut world, 1, Duration::ZERO);
    world.pass(limits().quiet * 3 / 4);
    assert!(world.machine().safe_mode().is_some(), "a crash in it begins it anew");
    world.pass(limits().quiet);
    assert_eq!(world.machine().safe_mode(), None);
    assert_eq!(count(&world, "unsafe"), 1);
    crashes(&mut world, 3, Duration::ZERO);
    assert_eq!(world.machine().safe_mode(), None, "what was before is forgotten");
    crashes(&mut world, 1, Duration::ZERO);
    assert_eq!(count(&world, "safe"), 2, "and then it can begin again");
}

#[test]
fn a_restart_by_hand_leaves_safe_mode_and_one_that_fails_does_not() {
    for graceful in [true, false] {
        let mut world = World::serving(limits());
        crashes(&mut world, 4, Duration::ZERO);
        world.failing.insert("examine");
        let binary = Some("new".to_owned());
        let id = world.ask(RestartRequest { graceful, binary, ..RestartRequest::default() });
        world.settle();
        assert_eq!(world.outcome(&id), Some(Outcome::Failed));
        assert!(world.machine().safe_mode().is_some());
        world.failing.clear();
        let id = world.ask(RestartRequest { graceful, ..RestartRequest::default() });
        world.settle();
        assert_eq!(world.outcome(&id), Some(Outcome::Complete));
        assert_eq!(world.machine().safe_mode(), None);
    }
}

/// No worker can be started any more.
fn broken() -> World {
    let mut world = World::serving(limits());
    world.flaws.insert(OLD, Flaw::Dies { hopeless: false });
    world.crash_active();
    world
}

#[test]
fn after_five_attempts_requests_are_refused_until_a_worker_serves() {
    let mut world = World::serving(crate::restart::Limits { crashes_in_10_seconds: 100, ..limits() });
    world.flaws.insert(OLD, Flaw::Dies { hopeless: false });
    world.crash_active();
    for crashes in 1..=5 {
        assert!(world.until(|world| world.machine().crashes() == crashes), "{crashes}");
        assert_eq!(world.machine().refusal().is_some(), crashes == 5, "{crashes}");
    }
    world.run(50);
    assert_eq!(count(&world, "refuse"), 1, "said once, for one reason");
    world.flaws.clear();
    world.settle();
    assert_eq!(world.serves(), Some(OLD));
    assert_eq!(world.machine().refusal(), None);
}

#[test]
fn a_worker_that_says_it_is_useless_is_believed_and_tried_again_all_the_same() {
    let mut world = World::new(limits(), None, false);
    world.flaws.insert(OLD, Flaw::Dies { hopeless: true });
    assert!(world.until(|world| world.machine().refusal().is_some()));
    assert_eq!(world.machine().crashes(), 1, "no need for five");
    world.flaws.clear();
    world.settle();
    assert_eq!((world.serves(), world.machine().refusal()), (Some(OLD), None));
}

#[test]
fn a_restart_by_hand_does_not_wait_for_the_next_attempt() {
    for graceful in [true, false] {
        let mut world = broken();
        let waits = |world: &World| matches!(world.machine().state(), State::Recovering { until, .. } if *until > world.now);
        assert!(world.until(waits));
        world.flaws.clear();
        let now = world.now;
        let id = world.ask(RestartRequest { graceful, ..RestartRequest::default() });
        assert!(world.until(|world| world.outcome(&id).is_some()));
        assert_eq!(world.outcome(&id), Some(Outcome::Complete));
        assert_eq!(world.now, now, "at once");
    }
}

#[test]
fn what_was_asked_for_during_an_attempt_begins_when_that_attempt_has_failed() {
    let mut world = broken();
    assert!(world.until(|world| world.place() == "AfterStart" && world.machine().crashes() > 2));
    let id = world.ask(RestartRequest { graceful: false, ..RestartRequest::default() });
    let joiner = world.ask(RestartRequest::default());
    assert_eq!(world.outcome(&id), None);
    let now = world.now;
    world.run(1);
    assert_eq!(world.machine().running().map(|(run, _)| run.id.clone()), Some(id.clone()));
    assert_eq!(world.now, now, "a person does not wait for the next attempt");
    world.flaws.clear();
    world.settle();
    assert!(world.outcome(&id).is_some());
    assert_eq!(world.outcome(&joiner), world.outcome(&id), "who joined has the same answer");
}

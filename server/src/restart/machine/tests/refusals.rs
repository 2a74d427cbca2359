//! What must not be done, what must not be forgotten, and what is put right again.

use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{Outcome, Reason, RestartRequest};

use super::world::{Flaw, NEW, OLD, World, limits};
use crate::restart::event::Event;
use crate::restart::state::State;

fn has(world: &World, words: &str) -> bool {
    world.trace.iter().any(|line| line.contains(words))
}

/// An upgrade is under way, and has come to this step.
fn upgrading(flaw: Option<Flaw>, place: &str) -> World {
    let mut world = World::serving(limits());
    world.found = NEW;
    world.flaws.extend(flaw.map(|flaw| (NEW, flaw)));
    world.ask(RestartRequest { reason: Reason::SchemaMigration, ..RestartRequest::default() });
    assert!(world.until(|world| world.place() == place), "{place}");
    world.trace.clear();
    world
}

#[test]
fn who_waits_is_told_when_the_server_ends() {
    for place in ["Prove", "Hold", "AfterPromote", "AfterRestore"] {
        let mut world = upgrading(None, place);
        world.tell(Event::Stop);
        world.settle();
        world.ledger.all_answered();
        assert!(has(&world, "verdict Failed"), "{place}");
        let after = world.ask(RestartRequest::default());
        assert_eq!(world.outcome(&after), Some(Outcome::Failed), "{place}: none begins any more");
    }
    // Also who waits for a crash to be over.
    let mut world = World::serving(limits());
    world.crash_active();
    let id = world.ask(RestartRequest::default());
    world.tell(Event::Stop);
    assert_eq!(world.outcome(&id), Some(Outcome::Failed));
}

#[test]
fn a_server_that_ends_when_the_new_build_serves_leaves_it_to_the_next_front() {
    let mut world = upgrading(None, "AfterSeal");
    world.tell(Event::Stop);
    assert!(has(&world, "plan b2 b1"), "{:?}", world.trace);
    assert!(has(&world, "verdict Complete"));
}

#[test]
fn the_old_worker_finishes_what_it_holds_when_the_server_ends() {
    let mut world = upgrading(None, "AfterRestore");
    world.tell(Event::Stop);
    assert!(has(&world, "stop w1") && !has(&world, "kill w1"), "{:?}", world.trace);
    world.settle();
    assert!(world.machine().has_stopped());
}

#[test]
fn a_plan_for_good_is_taken_back_when_nothing_comes_of_it() {
    let migrates = Some(Flaw::Migrates { reversible: false });
    let mut world = upgrading(migrates, "Hold");
    world.tell(Event::CancelAsked);
    assert!(has(&world, "plan b1 -"), "the next front would move the database: {:?}", world.trace);
    // The same when the old worker takes over again.
    let mut world = upgrading(migrates, "AfterPromote");
    world.crash(crate::restart::WorkerId(2));
    world.settle();
    assert_eq!(world.serves(), Some(OLD));
    assert!(has(&world, "plan b1 -"), "{:?}", world.trace);
}

#[test]
fn a_plan_that_came_to_nothing_does_not_forget_the_previous_build() {
    let mut world = World::upgraded(limits(), false);
    world.found = crate::restart::BuildId(3);
    world.ask(RestartRequest::default());
    assert!(world.until(|world| world.place() == "Suspend"));
    world.tell(Event::CancelAsked);
    assert!(has(&world, "plan b2 b1"), "{:?}", world.trace);
}

#[test]
fn after_a_migration_for_good_there_is_no_probation_to_go_back_from() {
    let mut world = upgrading(Some(Flaw::Migrates { reversible: false }), "AfterPromote");
    world.settle();
    assert_eq!(world.machine().builds(), (NEW, None));
    world.crash_active();
    world.settle();
    assert_eq!(world.serves(), Some(NEW));
    assert!(!has(&world, "start w3 b1"), "the old build cannot read the database");
}

#[test]
fn a_build_that_moved_the_database_for_good_and_died_is_tried_again() {
    let mut world = upgrading(Some(Flaw::Migrates { reversible: false }), "AfterPromote");
    // The database has been moved: the build before cannot read it.
    world.flaws.insert(OLD, Flaw::Dies { hopeless: true });
    world.crash(crate::restart::WorkerId(2));
    world.settle();
    assert_eq!(world.serves(), Some(NEW), "{:?}", world.trace);
    assert_eq!(world.machine().builds(), (NEW, None));
    assert_eq!(world.machine().refusal(), None);
}

#[test]
fn a_drained_snapshot_belongs_to_the_state_serialization() {
    let mut world = World::serving(limits());
    world.ask(RestartRequest { drain: true, ..RestartRequest::default() });
    for place in ["Snapshot", "Verify", "Collect", "Seal"] {
        assert!(world.until(|world| world.place() == place));
        assert_eq!(world.phase(), Phase::StateSerialization, "{place}");
    }
}

#[test]
fn an_old_worker_that_dies_before_its_successor_serves_is_retired() {
    for place in ["AfterPromote", "AfterRestore", "AfterResume"] {
        let mut world = upgrading(None, place);
        world.crash(crate::restart::WorkerId(1));
        world.settle();
        assert!(has(&world, "retire w1"), "{place}: the successor would share the database for ever");
    }
}

#[test]
fn a_former_worker_is_ended_before_another_takes_over_alone() {
    for emergency in [false, true] {
        let mut world = upgrading(None, "AfterResume");
        world.is_idle = false;
        assert!(world.until(|world| world.serves().is_some()));
        assert_eq!(world.machine().former(), Some(crate::restart::WorkerId(1)));
        if emergency {
            world.ask(RestartRequest { graceful: false, ..RestartRequest::default() });
        } else {
            world.crash_active();
        }
        world.settle();
        let kill = world.trace.iter().position(|line| line.contains("kill w1")).unwrap();
        let start = world.trace.iter().position(|line| line.contains("start w3")).unwrap();
        assert!(kill <= start, "{:?}", world.trace);
        assert!(has(&world, "retire w1"));
    }
}

#[test]
fn a_worker_that_does_not_open_the_sessions_is_given_up() {
    let mut world = World::serving(limits());
    world.silent.insert("restore");
    world.ask(RestartRequest::default());
    assert!(world.until(|world| world.place() == "AfterRestore"));
    world.silent.clear();
    world.settle();
    assert!(has(&world, "kill w2") && has(&world, "activate w1 alone"), "{:?}", world.trace);
    assert_eq!(world.machine().active().map(|active| active.worker.0), Some(1));
}

#[test]
fn a_snapshot_that_is_not_completed_is_removed() {
    let mut world = upgrading(None, "AfterPromote");
    world.crash(crate::restart::WorkerId(1));
    world.crash(crate::restart::WorkerId(2));
    world.settle();
    assert_eq!(world.serves(), Some(OLD));
    assert!(has(&world, "discard") && !has(&world, "seal"), "{:?}", world.trace);
}

#[test]
fn a_snapshot_is_completed_once() {
    let mut world = World::serving(limits());
    world.ask(RestartRequest::default());
    assert!(world.until(|world| world.place() == "AfterSeal"));
    world.crash_active();
    world.settle();
    assert_eq!(world.trace.iter().filter(|line| line.contains("seal")).count(), 1, "{:?}", world.trace);
}

#[test]
fn the_last_thing_that_went_wrong_is_known_however_long_it_goes_on() {
    let mut world = World::new(limits(), None, false);
    world.flaws.insert(OLD, Flaw::Dies { hopeless: false });
    world.run(150);
    assert!(world.until(|world| matches!(world.machine().state(), State::Recovering { .. })));
    world.flaws.clear();
    assert!(world.until(|world| world.place() == "AfterStart"));
    let standby = world.machine().standby().unwrap();
    world.queue.clear();
    world.tell(Event::Ended { worker: standby, reason: "another reason".to_owned(), hopeless: false });
    assert!(world.machine().refusal().is_some_and(|reason| reason.contains("another reason")));
}

#[test]
fn a_rollback_without_a_previous_build_does_not_begin() {
    let mut world = World::serving(limits());
    let id = world.ask(RestartRequest { rollback: true, ..RestartRequest::default() });
    assert_eq!(world.outcome(&id), Some(Outcome::Failed));
    assert_eq!(world.trace, ["idle: verdict Failed"]);
}

//! The paths as tables: where the machine is after each event, and what it wants.

use std::time::Duration;

use task_orchestrator_shared::restart::{Outcome, Reason, RestartRequest};

use super::world::{Flaw, NEW, OLD, World, limits};
use crate::restart::event::Event;

fn ask() -> RestartRequest {
    RestartRequest::default()
}

fn trace(world: &mut World) -> Vec<String> {
    world.settle();
    world.ledger.all_answered();
    std::mem::take(&mut world.trace)
}

fn hot() -> World {
    let mut world = World::serving(crate::restart::Limits { hot_standby: true, ..limits() });
    world.ledger.wants_spare = true;
    world.settle();
    world.trace.clear();
    world
}

#[test]
fn first_start() {
    let mut world = World::new(limits(), None, false);
    assert_eq!(
        trace(&mut world),
        ["idle: start w1 b1 activate", "idle: restore w1", "idle: release w1", "idle: tell",]
    );
}

#[test]
fn graceful_handover_to_the_same_build() {
    let mut world = World::serving(limits());
    world.ask(ask());
    assert_eq!(
        trace(&mut world),
        [
            "preparation: tell, examine",
            "preparation: start w2 b1 prepare",
            "preparation: snapshot w1",
            "preparation: verify w2",
            "maintenance_mode: hold",
            "task_suspension: suspend w1",
            "state_serialization: collect",
            "connection_preservation: fix",
            "process_restart: activate w2 handover",
            "state_restoration: restore w2",
            "service_resume: release w2",
            "service_resume: watch w1, seal",
            "service_resume: stop w1",
            "idle: verdict Complete, tell",
            "idle: retire w1",
        ]
    );
}

#[test]
fn upgrade_with_a_plan() {
    let mut world = World::serving(limits());
    world.found = NEW;
    world.ask(ask());
    assert_eq!(
        trace(&mut world),
        [
            "preparation: tell, examine",
            "preparation: start w2 b2 prepare",
            "preparation: snapshot w1",
            "preparation: verify w2",
            "preparation: plan b1 b2",
            "maintenance_mode: hold",
            "task_suspension: suspend w1",
            "state_serialization: collect",
            "connection_preservation: fix",
            "process_restart: activate w2 handover",
            "state_restoration: restore w2",
            "service_resume: release w2",
            "service_resume: watch w1, seal",
            "service_resume: stop w1",
            "idle: plan b2 b1, verdict Complete, tell",
            "idle: retire w1",
        ]
    );
    assert_eq!(world.machine().builds(), (NEW, Some(OLD)));
}

#[test]
fn drain() {
    let mut world = World::serving(limits());
    world.ask(RestartRequest { drain: true, ..ask() });
    assert_eq!(
        trace(&mut world),
        [
            "preparation: tell, examine",
            "preparation: start w2 b1 prepare",
            "maintenance_mode: hold",
            "task_suspension: suspend w1 drain",
            "state_serialization: snapshot w1",
            "state_serialization: verify w2",
            "state_serialization: collect",
            "state_serialization: seal",
            "connection_preservation: fix",
            "process_restart: activate w2 alone",
            "state_restoration: restore w2",
            "service_resume: release w2",
            "idle: watch w1, verdict Complete, tell",
            "idle: stop w1",
            "idle: retire w1",
        ]
    );
}

#[test]
fn a_migration_that_is_due_is_drained_for() {
    let mut world = World::serving(limits());
    world.found = NEW;
    world.flaws.insert(NEW, Flaw::Migrates { reversible: true });
    world.ask(ask());
    assert_eq!(
        trace(&mut world),
        [
            "preparation: tell, examine",
            "preparation: start w2 b2 prepare",
            "preparation: plan b1 b2",
            "maintenance_mode: hold",
            "task_suspension: suspend w1 drain",
            "state_serialization: snapshot w1",
            "state_serialization: verify w2",
            "state_serialization: collect",
            "state_serialization: seal",
            "connection_preservation: fix",
            "process_restart: activate w2 alone",
            "state_restoration: restore w2",
            "service_resume: release w2",
            "idle: watch w1, plan b2 b1, verdict Complete, tell",
            "idle: stop w1",
            "idle: retire w1",
        ]
    );
}

#[test]
fn a_migration_for_good_is_refused_unless_it_is_meant() {
    let mut world = World::serving(limits());
    world.found = NEW;
    world.flaws.insert(NEW, Flaw::Migrates { reversible: false });
    world.ask(ask());
    assert_eq!(
        trace(&mut world),
        [
            "preparation: tell, examine",
            "preparation: start w2 b2 prepare",
            "idle: kill w2, discard, verdict Failed, tell",
        ]
    );
    world.trace.clear();
    world.ask(RestartRequest { reason: Reason::SchemaMigration, ..ask() });
    assert_eq!(
        trace(&mut world),
        [
            "preparation: tell, examine",
            "preparation: start w3 b2 prepare",
            "preparation: plan b2 -",
            "maintenance_mode: hold",
            "task_suspension: suspend w1 drain",
            "state_serialization: snapshot w1",
            "state_serialization: verify w3",
            "state_serialization: collect",
            "state_serialization: seal",
            "connection_preservation: fix",
            "process_restart: activate w3 alone",
            "state_restoration: restore w3",
            "service_resume: release w3",
            "idle: watch w1, plan b2 -, verdict Complete, tell",
            "idle: stop w1",
            "idle: retire w1",
        ]
    );
    assert_eq!(world.machine().builds(), (NEW, None), "the old one cannot read it any more");
}

#[test]
fn emergency_without_and_with_a_spare() {
    let emergency = RestartRequest { graceful: false, ..ask() };
    let mut world = World::serving(limits());
    world.ask(emergency.clone());
    assert_eq!(
        trace(&mut world),
        [
            "process_restart: tell, hold, kill w1",
            "process_restart: start w2 b1 activate",
            "state_restoration: restore w2",
            "service_resume: release w2",
            "idle: verdict Complete, tell",
        ]
    );
    let mut world = hot();
    world.ask(emergency);
    assert_eq!(
        trace(&mut world),
        [
            "process_restart: tell, hold, kill w1",
            "process_restart: activate w2 alone",
            "state_restoration: restore w2",
            "service_resume: release w2",
            "idle: verdict Complete, tell",
            "idle: start w3 b1 prepare",
        ]
    );
}

#[test]
fn crash_without_and_with_a_spare() {
    let mut world = World::serving(limits());
    world.crash_active();
    assert_eq!(
        trace(&mut world),
        [
            "process_restart: hold, tell, start w2 b1 activate",
            "state_restoration: restore w2",
            "service_resume: release w2",
            "idle: verdict Complete, tell",
        ]
    );
    let mut world = hot();
    world.crash_active();
    assert_eq!(
        trace(&mut world),
        [
            "process_restart: hold, tell, activate w2 alone",
            "state_restoration: restore w2",
            "service_resume: release w2",
            "idle: verdict Complete, tell",
            "idle: start w3 b1 prepare",
        ]
    );
}

#[test]
fn a_hung_worker_is_killed_and_its_end_is_a_crash() {
    let mut world = World::serving(limits());
    let active = world.machine().active().unwrap().worker;
    world.tell(Event::Hung(active));
    assert_eq!(
        trace(&mut world),
        [
            "idle: kill w1",
            "process_restart: hold, tell, start w2 b1 activate",
            "state_restoration: restore w2",
            "service_resume: release w2",
            "idle: verdict Complete, tell",
        ]
    );
}

#[test]
fn rollback_by_hand() {
    let mut world = World::upgraded(limits(), false);
    world.ask(RestartRequest { rollback: true, ..ask() });
    assert_eq!(
        trace(&mut world),
        [
            "preparation: tell, examine",
            "preparation: start w3 b1 prepare",
            "preparation: snapshot w2",
            "preparation: verify w3",
            "preparation: plan b2 b1",
            "maintenance_mode: hold",
            "task_suspension: suspend w2",
            "state_serialization: collect",
            "connection_preservation: fix",
            "process_restart: activate w3 handover",
            "state_restoration: restore w3",
            "service_resume: release w3",
            "service_resume: watch w2, seal",
            "service_resume: stop w2",
            "idle: plan b1 b2, verdict Complete, tell",
            "idle: retire w2",
        ]
    );
    assert_eq!(world.machine().builds(), (OLD, Some(NEW)), "and forward again");
}

#[test]
fn the_build_command_comes_first_and_its_failure_changes_nothing() {
    let limits = crate::restart::Limits { build: Some(Duration::from_secs(100)), ..limits() };
    let mut world = World::serving(limits);
    world.failing.insert("build");
    world.ask(ask());
    assert_eq!(trace(&mut world), ["preparation: tell, build", "idle: discard, verdict Failed, tell",]);
    world.failing.clear();
    world.trace.clear();
    world.ask(ask());
    assert_eq!(
        trace(&mut world),
        [
            "preparation: tell, build",
            "preparation: examine",
            "preparation: start w2 b1 prepare",
            "preparation: snapshot w1",
            "preparation: verify w2",
            "maintenance_mode: hold",
            "task_suspension: suspend w1",
            "state_serialization: collect",
            "connection_preservation: fix",
            "process_restart: activate w2 handover",
            "state_restoration: restore w2",
            "service_resume: release w2",
            "service_resume: watch w1, seal",
            "service_resume: stop w1",
            "idle: verdict Complete, tell",
            "idle: retire w1",
        ]
    );
}

#[test]
fn a_new_configuration_is_read_at_the_examination() {
    let mut world = World::serving(limits());
    world.ask(RestartRequest { reason: Reason::ConfigurationUpdate, ..ask() });
    assert_eq!(
        trace(&mut world),
        [
            "preparation: tell, examine reload",
            "preparation: start w2 b1 prepare",
            "preparation: snapshot w1",
            "preparation: verify w2",
            "maintenance_mode: hold",
            "task_suspension: suspend w1",
            "state_serialization: collect",
            "connection_preservation: fix",
            "process_restart: activate w2 handover",
            "state_restoration: restore w2",
            "service_resume: release w2",
            "service_resume: watch w1, seal",
            "service_resume: stop w1",
            "idle: verdict Complete, tell",
            "idle: retire w1",
        ]
    );
    world.trace.clear();
    world.ask(RestartRequest { reason: Reason::ConfigurationUpdate, graceful: false, ..ask() });
    assert_eq!(
        trace(&mut world),
        [
            "preparation: tell, examine reload",
            "process_restart: hold, kill w2",
            "process_restart: start w3 b1 activate",
            "state_restoration: restore w3",
            "service_resume: release w3",
            "idle: verdict Complete, tell",
        ]
    );
}

#[test]
fn called_off_while_requests_are_held() {
    let mut world = World::serving(limits());
    world.ask(ask());
    assert!(world.until(|world| world.place() == "Suspend"));
    world.trace.clear();
    world.tell(Event::CancelAsked);
    assert_eq!(
        trace(&mut world),
        ["idle: cancel yes, kill w2, discard, release w1, verdict Cancelled, tell",]
    );
}

#[test]
fn something_is_done_while_no_worker_lives() {
    let mut world = World::serving(limits());
    let id = world.ask_apart();
    assert_eq!(
        trace(&mut world),
        [
            "process_restart: tell, hold, kill w1",
            "process_restart: apart",
            "process_restart: start w2 b1 activate",
            "state_restoration: restore w2",
            "service_resume: release w2",
            "idle: verdict Complete, unsafe, tell",
        ]
        .map(|line| line.replace(" unsafe,", ""))
    );
    assert_eq!(world.outcome(&id), Some(Outcome::Complete));
}

#[test]
fn a_spare_and_a_former_worker_are_ended_before_it() {
    let mut world = hot();
    world.ask_apart();
    let lines = trace(&mut world);
    let place = |word: &str| lines.iter().position(|line| line.contains(word));
    assert!(place("kill w2") < place("apart") && place("apart") < place("start w3 b1 activate"), "{lines:?}");
    let mut world = World::serving(limits());
    world.is_idle = false;
    world.ask(ask());
    assert!(world.until(|world| world.machine().former().is_some() && world.serves().is_some()));
    world.ask_apart();
    let lines = trace(&mut world);
    let place = |word: &str| lines.iter().position(|line| line.contains(word));
    assert!(place("kill w1").is_some() && place("kill w1") < place("apart"), "{lines:?}");
}

#[test]
fn when_it_fails_a_worker_serves_what_there_was() {
    let mut world = World::serving(limits());
    world.failing.insert("apart");
    let id = world.ask_apart();
    let lines = trace(&mut world);
    assert!(lines.last().is_some_and(|line| line.contains("verdict Failed")), "{lines:?}");
    assert_eq!((world.outcome(&id), world.serves()), (Some(Outcome::Failed), Some(OLD)));
}

#[test]
fn it_is_done_although_no_worker_can_serve() {
    let mut world = World::serving(limits());
    world.flaws.insert(OLD, Flaw::Dies { hopeless: false });
    world.crash_active();
    world.run(20);
    let id = world.ask_apart();
    assert!(world.until(|world| world.trace.iter().any(|line| line.contains("apart"))));
    world.flaws.clear();
    world.settle();
    assert_eq!(world.serves(), Some(OLD));
    // The first worker after it may have been one that died as before.
    assert!(world.outcome(&id).is_some());
}

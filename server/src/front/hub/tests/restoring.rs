//! A restore while clients stay connected, and a snapshot by hand.

use task_orchestrator_shared::admin::backup::Restored;

use super::rig::*;
use crate::front::ask::ReplyTo;
use crate::front::jobs::JobOutcome;
use crate::restart::Trouble;
use crate::restart::state::{After, State, Step};

/// The backup was looked at and is of use.
fn restore(rig: &mut Rig) -> Asker {
    let (asker, tell) = Asker::new();
    let (name, by) = ("backup".to_owned(), "admin:ada".to_owned());
    rig.on(Event::RestoreChecked { name, by, to: ReplyTo::Admin(tell), checked: Ok(()) });
    asker
}

/// The job that replaces the database, once no worker lives.
fn job(rig: &Rig) -> Option<JobId> {
    match rig.hub.machine.state() {
        State::Restarting { step: Step::After(After::Apart { job, .. }), .. } => *job,
        _ => None,
    }
}

fn is_done(rig: &mut Rig, job: JobId, trouble: Option<Trouble>) {
    let done = Restored { name: "backup".to_owned(), tasks: 7, kept: None, lost: None, held_ms: 0.0 };
    let outcome = JobOutcome::Restored(trouble.map_or(Ok(done), Err));
    rig.on(Event::Job { job, outcome });
}

fn stop(rig: &mut Rig) {
    let stopped = oneshot::channel().0;
    rig.on(Event::Stop { goodbye: Goodbye { resume: false, reason: String::new() }, stopped });
}

fn is_restored(asker: &mut Asker) -> bool {
    matches!(asker.answer(), Some(Reply::Restored(restored)) if restored.tasks == 7)
}

#[test]
fn the_database_is_replaced_while_nobody_has_it_and_who_asked_meanwhile_is_answered() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    let mut asker = restore(&mut rig);
    assert!(rig.is_killed(1) && job(&rig).is_none());
    rig.call(&client, 1);
    assert_eq!(restore(&mut rig).refusal(), ErrorCode::RestartInProgress);
    let mut joined = rig.ask_restart(plain());
    rig.dies(1);
    let job = job(&rig).expect("nobody lives");
    assert_eq!(rig.launched(), 1, "nothing is started before the database is in its place");
    is_done(&mut rig, job, None);
    rig.serves(2);
    assert!(is_restored(&mut asker) && rig.hub.restoring.is_none());
    assert_eq!(joined.report().outcome, Some(Outcome::Complete));
    assert_eq!(summary(&rig.got(2)), [(Kind::Open, 0), (Kind::Message, 1)]);
}

#[test]
fn a_file_that_is_no_good_costs_nobody_anything() {
    let mut rig = Rig::serving();
    let mut asker = rig.ask(Request::RestoreBackup { name: "no-such-file".to_owned() });
    assert!(matches!(rig.pump_for(&mut asker), Reply::Refused(_)));
    assert!(!rig.is_killed(1) && rig.hub.restoring.is_none());
    assert_eq!(outcomes(&rig.audit())[0].1, [AuditOutcome::Refused]);
}

#[test]
fn where_nothing_is_restored_what_there_was_serves_again() {
    let mut rig = Rig::serving();
    let mut asker = restore(&mut rig);
    rig.dies(1);
    let job = job(&rig).expect("nobody lives");
    is_done(&mut rig, job, Some(Trouble::new(ErrorCode::DatabaseFailed, "no room")));
    rig.serves(2);
    assert_eq!(asker.refusal(), ErrorCode::DatabaseFailed);
    assert!(rig.hub.restoring.is_none() && rig.hub.route.is_some());
}

#[test]
fn a_restore_during_a_crash_waits_for_the_worker_and_ends_it() {
    let mut rig = Rig::serving();
    rig.kill();
    let mut asker = restore(&mut rig);
    rig.start();
    let alive = rig.launched();
    while job(&rig).is_none() {
        rig.dies(alive);
    }
    let job = job(&rig).expect("nobody lives");
    is_done(&mut rig, job, None);
    rig.serves(rig.launched());
    assert!(is_restored(&mut asker) && rig.hub.restoring.is_none());
}

#[test]
fn without_a_worker_and_in_safe_mode_a_restore_is_the_way_out() {
    let mut rig = Rig::with("[restart]\ncrashes_in_10_seconds = 1\n");
    rig.start();
    for _ in 0..3 {
        rig.kill();
        if rig.hub.machine.safe_mode().is_none() {
            rig.start();
        }
    }
    assert!(rig.hub.machine.safe_mode().is_some());
    let mut asker = restore(&mut rig);
    if job(&rig).is_none() {
        rig.dies(rig.launched());
    }
    let job = job(&rig).expect("nobody lives");
    is_done(&mut rig, job, None);
    rig.serves(rig.launched());
    assert!(is_restored(&mut asker) && rig.hub.machine.safe_mode().is_none());
}

#[test]
fn the_front_does_not_end_over_half_a_restore() {
    let mut rig = Rig::serving();
    let mut asker = restore(&mut rig);
    rig.dies(1);
    let job = job(&rig).expect("nobody lives");
    stop(&mut rig);
    assert!(rig.hub.machine.has_stopped() && rig.hub.is_putting_in_place());
    assert!(asker.answer().is_none());
    is_done(&mut rig, job, None);
    assert!(is_restored(&mut asker) && !rig.hub.is_putting_in_place());
    assert!(rig.hub.restoring.is_none());
}

#[test]
fn a_restore_that_the_end_comes_before_is_refused() {
    let mut rig = Rig::serving();
    let mut asker = restore(&mut rig);
    stop(&mut rig);
    assert_eq!(asker.refusal(), ErrorCode::NotReady);
    assert!(rig.hub.restoring.is_none() && !rig.hub.is_putting_in_place());
    assert_eq!(restore(&mut rig).refusal(), ErrorCode::RestartInProgress);
}

#[test]
fn a_snapshot_by_hand_ends_with_its_worker_or_goes_on_with_it() {
    let mut rig = Rig::serving();
    let mut first = rig.ask(Request::Snapshot);
    assert_eq!(rig.ask(Request::Snapshot).refusal(), ErrorCode::Overloaded);
    let order = rig.order(1);
    rig.handed_over();
    assert!(first.answer().is_none(), "the former worker may finish it");
    rig.outcome(1, order.job, crate::link::Done::Verified);
    assert_eq!(first.refusal(), ErrorCode::StateSerializationFailed);
    let mut second = rig.ask(Request::Snapshot);
    rig.kill();
    assert_eq!(second.refusal(), ErrorCode::WorkerUnavailable);
    assert_eq!(rig.ask(Request::Snapshot).refusal(), ErrorCode::WorkerUnavailable);
    assert!(rig.hub.taking.is_none());
}

#[test]
fn a_snapshot_that_cannot_be_completed_is_refused() {
    let mut rig = Rig::serving();
    let mut asker = rig.ask(Request::Snapshot);
    let order = rig.order(1);
    // The worker says that it has written it, and has not.
    rig.outcome(1, order.job, crate::link::Done::Snapshot(SnapshotBulk::default()));
    assert!(matches!(rig.pump_for(&mut asker), Reply::Refused(_)));
    assert!(rig.hub.taking.is_none());
}

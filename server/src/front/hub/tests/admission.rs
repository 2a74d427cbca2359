//! Who may do what, and what is written down of it.

use super::rig::*;

const MAINTENANCE: Request = Request::Maintenance { on: true };

fn restart() -> Request {
    Request::Restart(Box::new(plain()))
}

/// From a restart that was asked for until the next worker serves.
fn carried_through(rig: &mut Rig) {
    let before = rig.launched();
    while rig.launched() == before {
        rig.pump();
    }
    rig.prepared();
    rig.serves(before + 1);
}

#[test]
fn what_is_denied_has_no_effect_and_is_written_down() {
    let mut rig = Rig::serving();
    let reader = Caller { wanted: Some(Role::Readonly), ..owner() };
    let looker = Caller { only_looks: true, ..owner() };
    let stranger = Caller { uid: 4_000_000_001, groups: vec![4_000_000_001], ..owner() };
    for caller in [reader, looker, stranger] {
        let mut asker = rig.ask_as(caller, Context::default(), MAINTENANCE);
        assert_eq!(asker.refusal(), ErrorCode::PermissionDenied);
    }
    assert!(!rig.hub.maintenance);
    let records = rig.audit();
    let denied = records.iter().filter(|record| matches!(record.event, AuditEvent::Denied { .. })).count();
    assert!(denied >= 2 && outcomes(&records).is_empty(), "{records:?}");
}

#[test]
fn nothing_happens_before_it_is_written_down_and_its_outcome_is_written_once() {
    let mut rig = Rig::serving();
    let mut asker = rig.ask_as(owner(), Context::default(), MAINTENANCE);
    assert!(asker.answer().is_none() && !rig.hub.maintenance);
    rig.pump_until_admitted();
    assert!(asker.answer().is_some() && rig.hub.maintenance);
    assert_eq!(outcomes(&rig.audit()), [("maintenance".to_owned(), vec![AuditOutcome::Done])]);
}

#[test]
fn what_is_meant_for_another_generation_is_refused() {
    let mut rig = Rig::serving();
    let context = Context { expected_generation: Some(7), ..Context::default() };
    let mut asker = rig.ask_as(owner(), context, MAINTENANCE);
    rig.pump_until_admitted();
    assert_eq!((asker.refusal(), rig.hub.maintenance), (ErrorCode::NotReady, false));
    let mut asker = rig.ask_as(owner(), keyed("a", Some(7)), restart());
    rig.pump_until_admitted();
    rig.pump();
    assert_eq!((asker.refusal(), rig.launched()), (ErrorCode::NotReady, 1));
    assert_eq!(outcomes(&rig.audit()).iter().filter(|(_, ends)| *ends == [AuditOutcome::Refused]).count(), 2);
}

#[test]
fn a_restart_that_is_asked_for_again_is_found_although_it_moved_the_generation_on() {
    let mut rig = Rig::serving();
    let mut first = rig.ask_as(owner(), keyed("a", Some(1)), restart());
    carried_through(&mut rig);
    let first = first.report();
    assert_eq!(rig.hub.generation, 2);
    let again = rig.ask_as(owner(), keyed("a", Some(1)), restart()).report();
    assert_eq!(again.restart_id, first.restart_id);
    // The next front knows it from its ledger only.
    rig.hub.outcomes = Outcomes::default();
    let mut again = rig.ask_as(owner(), keyed("a", Some(1)), restart());
    let Reply::Restart(again) = rig.pump_for(&mut again) else { panic!("not found") };
    assert_eq!((again.restart_id, rig.launched()), (first.restart_id, 2));
    let all = outcomes(&rig.audit());
    assert!(all.iter().all(|(_, ends)| *ends == [AuditOutcome::Done]), "{all:?}");
}

#[test]
fn who_asks_again_meanwhile_gets_the_events_and_the_answer_of_the_same_restart() {
    let mut rig = Rig::serving();
    let mut first = rig.ask_as(owner(), keyed("a", None), restart());
    // Before it is written down, and while it runs.
    let mut early = rig.ask_as(owner(), keyed("a", None), restart());
    while rig.launched() == 1 {
        rig.pump();
    }
    let mut late = rig.ask_as(owner(), keyed("a", None), restart());
    assert!(early.events.try_recv().is_ok());
    rig.prepared();
    rig.serves(2);
    assert!(late.events.try_recv().is_ok());
    let id = first.report().restart_id;
    assert_eq!([early.report().restart_id, late.report().restart_id], [id.clone(), id]);
    assert_eq!(outcomes(&rig.audit()), [("restart".to_owned(), vec![AuditOutcome::Done])]);
    assert!(rig.hub.waiters.is_empty());
}

#[test]
fn who_waits_for_something_else_does_not_see_a_restart_go_on() {
    let mut rig = Rig::serving();
    let mut asked = [0; 2].map(|_| rig.ask_as(owner(), keyed("s", None), Request::Snapshot));
    rig.hand_over(plain());
    assert!(asked[1].events.try_recv().is_err());
}

#[test]
fn each_intent_has_one_outcome_whatever_becomes_of_its_restart_and_its_asker() {
    let mut rig = Rig::serving();
    drop(rig.hand_over(RestartRequest { drain: true, preserve_state: true, ..plain() }));
    drop(rig.ask_restart(emergency()));
    rig.dies(1);
    rig.dies(2);
    rig.serves(3);
    drop(rig.ask_restart(RestartRequest { rollback: true, ..plain() }));
    drop(rig.ask(Request::CancelRestart));
    let ends: Vec<_> = outcomes(&rig.audit()).into_iter().map(|(_, ends)| ends).collect();
    let expected = [AuditOutcome::Failed, AuditOutcome::Done, AuditOutcome::Failed, AuditOutcome::Refused];
    assert_eq!(ends, expected.map(|end| vec![end]));
}

#[test]
fn the_outcome_of_a_restart_is_written_at_its_end_also_when_its_asker_does_not_wait() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.tool(&client, 1, "orchestrator_restart_server", json!({"wait": false}));
    rig.pump_for_answer(&client, 1);
    assert_eq!(outcomes(&rig.audit())[0].1, []);
    while rig.launched() == 1 {
        rig.pump();
    }
    rig.prepared();
    rig.saves(1, 2);
    rig.serves(2);
    while !rig.hub.waiters.is_empty() {
        rig.pump();
    }
    assert_eq!(outcomes(&rig.audit())[0].1, [AuditOutcome::Done]);
}

#[test]
fn what_the_end_of_the_front_finds_unfinished_is_finished_or_written_down() {
    let mut rig = Rig::serving();
    rig.ask(Request::ReloadConfig);
    rig.ask(Request::Snapshot);
    let mut restart = rig.hand_over(RestartRequest { drain: true, ..plain() });
    let stopped = oneshot::channel().0;
    rig.on(Event::Stop { goodbye: Goodbye { resume: false, reason: String::new() }, stopped });
    assert_eq!(restart.report().outcome, Some(Outcome::Failed));
    rig.dies(1);
    rig.dies(2);
    let records = rig.run_to_its_end();
    let mut ends = outcomes(&records);
    ends.sort_by(|one, other| one.0.cmp(&other.0));
    let refused = |method: &str| (method.to_owned(), vec![AuditOutcome::Refused]);
    let failed = ("restart".to_owned(), vec![AuditOutcome::Failed]);
    assert_eq!(ends, [refused("reload_config"), failed, refused("snapshot")]);
}

#[test]
fn an_answer_that_is_lost_is_written_down_as_unknown() {
    let mut rig = Rig::serving();
    let mut asker = rig.ask(Request::ReloadConfig);
    assert_eq!(rig.hub.open.others(), 1);
    // The hub ends without having read it.
    while rig.hub.open.others() > 0 {
        drop(rig.next());
    }
    assert!(asker.answer().is_none());
    assert_eq!(outcomes(&rig.audit())[0].1, [AuditOutcome::Unknown]);
}

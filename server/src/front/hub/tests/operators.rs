//! What operators want: maintenance, restarts that join or replace each other,
//! buffers that are cleared, requests that have waited too long.

use super::rig::*;
use task_orchestrator_shared::report::DeadCause;

fn letters(rig: &mut Rig) -> Vec<DeadCause> {
    let mut asker = rig.ask(Request::DeadLetters { limit: 10 });
    match rig.pump_for(&mut asker) {
        Reply::DeadLetters(letters) => letters.into_iter().map(|letter| letter.cause).collect(),
        other => panic!("{other:?}"),
    }
}

fn is_refused(asker: &mut Asker) -> bool {
    matches!(asker.answer(), Some(Reply::Refused(_)))
}

#[test]
fn maintenance_holds_what_is_new_through_a_restart_and_keeps_the_order() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.ask(Request::Maintenance { on: true });
    rig.call(&client, 1);
    rig.say(&client, 2, notification());
    rig.later(Duration::from_secs(2));
    assert!(*rig.hub.held_long.borrow());
    let mut asker = rig.handed_over();
    let report = asker.report();
    assert_eq!(
        (report.outcome, report.downtime_ms),
        (Some(Outcome::Complete), 0.0),
        "it has held nothing up"
    );
    assert!(*rig.hub.held_long.borrow() && rig.hub.held_since.is_some(), "it is still held");
    rig.call(&client, 3);
    assert_eq!(rig.got(2).iter().filter(|frame| frame.kind != Kind::Open).count(), 0);
    let told = rig.ask(Request::Maintenance { on: false }).answer();
    assert!(matches!(told, Some(Reply::Done(done)) if done.message.contains("2 requests")));
    let sent = rig.got(2);
    assert_eq!(summary(&sent), [(Kind::Message, 1), (Kind::Message, 2), (Kind::Message, 3)]);
    assert!(!*rig.hub.held_long.borrow() && rig.hub.held_since.is_none());
}

#[test]
fn maintenance_that_ends_while_a_restart_holds_is_not_the_restarts_time() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.ask(Request::Maintenance { on: true });
    rig.call(&client, 1);
    let pending = rig.hub.sessions.get_mut(&1).unwrap().pending.get_mut(&1).unwrap();
    pending.held_since = Instant::now().checked_sub(Duration::from_secs(60));
    let mut asker = rig.hand_over(plain());
    let told = rig.ask(Request::Maintenance { on: false }).answer();
    assert!(matches!(told, Some(Reply::Done(done)) if done.message.contains("still wait")));
    rig.serves(2);
    let report = asker.report();
    assert!(report.downtime_ms > 0.0 && report.downtime_ms < 30_000.0, "{}", report.downtime_ms);
    assert_eq!(summary(&rig.got(2)), [(Kind::Open, 0), (Kind::Message, 1)]);
}

#[test]
fn what_waits_too_long_is_answered_and_kept_as_a_dead_letter() {
    let mut rig = Rig::new();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.hub.expire(Instant::now() + Duration::from_secs(299));
    assert_eq!(client.got(), []);
    rig.hub.expire(Instant::now() + Duration::from_secs(301));
    assert_eq!(code(&client.messages()[0]), json!(ErrorCode::TimeoutExceeded).as_str().unwrap());
    assert_eq!(letters(&mut rig), [DeadCause::Expired]);
}

#[test]
fn how_long_a_worker_had_a_request_is_no_waiting_and_subscriptions_never_expire() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.call(&client, 2);
    rig.tell_from(1, Frame::session(Kind::Listening, 1, 2, "established"));
    client.got();
    for pending in rig.hub.sessions.get_mut(&1).unwrap().pending.values_mut() {
        pending.received_at = Instant::now().checked_sub(Duration::from_secs(1000)).unwrap();
    }
    rig.kill();
    rig.hub.expire(Instant::now());
    assert_eq!(client.got(), []);
    rig.hub.expire(Instant::now() + Duration::from_secs(301));
    let answers = client.messages();
    assert_eq!((answers.len(), code(&answers[0])), (1, "RESTART_012"), "a worker had it");
    assert!(rig.hub.sessions[&1].pending[&2].listening);
}

#[test]
fn error_recovery_answers_what_waits_instead_of_sending_it_on() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    let mut asker = rig.ask_restart(RestartRequest { reason: Reason::ErrorRecovery, ..emergency() });
    rig.call(&client, 2);
    rig.on(Event::InputEnded { connection: client.connection });
    rig.dies(1);
    rig.serves(2);
    assert_eq!(asker.report().cleared_requests, 2);
    let answers = client.messages();
    let cleared = json!(ErrorCode::Overloaded);
    assert_eq!(answers.iter().map(code).collect::<Vec<_>>(), ["RESTART_012", cleared.as_str().unwrap()]);
    assert!(rig.got(2).iter().all(|frame| matches!(frame.kind, Kind::Open | Kind::Close)));
    assert!(rig.hub.sessions.is_empty(), "its client had said its last word");
}

#[test]
fn an_emergency_takes_the_place_of_a_graceful_restart_and_each_has_its_own_figures() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    let mut graceful = rig.hand_over(RestartRequest { preserve_state: true, ..plain() });
    let mut emergency = rig.ask_restart(emergency());
    let called_off = graceful.report();
    assert_eq!((called_off.outcome, called_off.old_pid), (Some(Outcome::Cancelled), Some(100)));
    rig.call(&client, 2);
    rig.dies(1);
    rig.dies(2);
    rig.serves(3);
    let report = emergency.report();
    assert_eq!((report.outcome, report.buffered_requests), (Some(Outcome::Complete), 1));
    assert_eq!((report.old_pid, report.new_pid), (Some(100), Some(102)));
    assert_ne!(report.restart_id, called_off.restart_id);
    assert!(rig.hub.waiters.is_empty());
    let mut status = rig.ask(Request::RestartStatus { limit: 10 });
    let Reply::RestartStatus(status) = rig.pump_for(&mut status) else { panic!() };
    assert_eq!(status.history.unwrap().recent_restarts.len(), 2, "each is written down once");
}

#[test]
fn a_refused_restart_has_no_figures_of_another() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    let mut asker = rig.hand_over(plain());
    rig.call(&client, 1);
    rig.serves(2);
    assert_eq!(asker.report().buffered_requests, 1);
    let report = rig.ask_restart(RestartRequest { rollback: true, ..plain() }).report();
    assert_eq!((report.outcome, report.buffered_requests), (Some(Outcome::Failed), 0));
    assert_eq!((report.old_pid, report.errors.len()), (None, 1));
}

#[test]
fn a_second_restart_joins_the_first() {
    let mut rig = Rig::serving();
    let mut first = rig.hand_over(plain());
    let mut second = rig.ask_restart(plain());
    while second.events.try_recv().is_ok() {}
    rig.serves(2);
    assert!(second.events.try_recv().is_ok(), "it hears of the progress from there on");
    let (first, second) = (first.report(), second.report());
    assert_eq!((&first.restart_id, first.outcome), (&second.restart_id, Some(Outcome::Complete)));
}

#[test]
fn only_what_has_not_taken_over_can_be_called_off() {
    let mut rig = Rig::serving();
    assert!(is_refused(&mut rig.ask(Request::CancelRestart)), "no restart runs");
    let client = rig.attach(1, None);
    let mut asker = rig.hand_over(RestartRequest { drain: true, ..plain() });
    assert!(is_refused(&mut rig.ask(Request::CancelRestart)), "it takes over already");
    rig.serves(2);
    assert_eq!(asker.report().outcome, Some(Outcome::Complete));
    rig.dies(1);
    rig.call(&client, 1);
    let mut asker = rig.hand_over(RestartRequest { drain: true, ..plain() });
    rig.call(&client, 2);
    rig.got(2);
    assert!(matches!(rig.ask(Request::CancelRestart).answer(), Some(Reply::Done(_))));
    assert_eq!(asker.report().outcome, Some(Outcome::Cancelled));
    assert_eq!(summary(&rig.got(2)), [(Kind::Message, 2)]);
}

#[test]
fn two_tests_of_the_connections_at_once_are_both_answered() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    let mut tests = [0; 2].map(|_| rig.ask(Request::ReconnectTest { session: None }));
    rig.on(Event::Pong { connection: client.connection });
    for test in &mut tests {
        let Reply::ReconnectTest(test) = rig.pump_for(test) else { panic!() };
        assert_eq!(test.results.all_sessions.unwrap().reachable_sessions, 1);
    }
    assert!(rig.hub.pinged.is_empty());
}

#[test]
fn a_client_that_is_lost_while_a_restart_holds_it_up_is_counted() {
    let mut rig = Rig::serving();
    let clients = [rig.attach(1, None), rig.attach(2, None)];
    rig.hand_over(plain());
    rig.on(Event::Disconnected { connection: clients[0].connection });
    rig.serves(2);
    rig.on(Event::Disconnected { connection: clients[1].connection });
    let figures = rig.hub.figures;
    assert_eq!((figures.reconnections, figures.failed_reconnections), (1, 1));
}

//! A build on probation does not get to tell its failures.

use super::rig::*;

fn fault(rig: &mut Rig, sequence: u64) {
    rig.tell_from(2, Frame::session(Kind::Fault, 1, sequence, r#"{"fault":1}"#));
}

/// Another build has taken over, and the former worker is gone.
fn on_probation() -> (Rig, Client) {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.upgraded();
    rig.dies(1);
    rig.got(2);
    (rig, client)
}

#[test]
fn a_failure_is_withheld_and_the_request_tried_again() {
    let (mut rig, client) = on_probation();
    rig.call(&client, 1);
    rig.got(2);
    fault(&mut rig, 1);
    assert_eq!((client.got(), rig.got(2)), (vec![], vec![]));
    rig.later(Duration::from_millis(150));
    assert_eq!(summary(&rig.got(2)), [(Kind::Replay, 1)]);
    rig.answer_from(2, 1, 1);
    assert_eq!(client.got(), [(Kind::Response, 1)]);
}

#[test]
fn a_withheld_request_that_is_cancelled_is_over() {
    let (mut rig, client) = on_probation();
    rig.call(&client, 1);
    fault(&mut rig, 1);
    rig.got(2);
    rig.say(&client, 2, cancel(1));
    rig.later(Duration::from_millis(150));
    assert_eq!((client.got(), rig.got(2)), (vec![(Kind::Done, 1), (Kind::Done, 2)], vec![]));
    assert_eq!(rig.hub.next_retry, None);
}

#[test]
fn three_failures_bring_the_previous_build_back_and_the_requests_to_it() {
    let (mut rig, client) = on_probation();
    for sequence in 1..=3 {
        rig.call(&client, sequence);
        fault(&mut rig, sequence);
    }
    while rig.launched() == 2 {
        rig.pump();
    }
    rig.prepared();
    rig.activated(3);
    rig.call(&client, 4);
    rig.serves(3);
    let expected =
        [(Kind::Open, 0), (Kind::Replay, 1), (Kind::Replay, 2), (Kind::Replay, 3), (Kind::Message, 4)];
    assert_eq!(summary(&rig.got(3)), expected);
    assert_eq!(client.got(), [], "nothing of it was told");
    let report = rig.hub.current.last.as_ref().unwrap();
    assert_eq!((report.outcome, report.replayed_requests), (Some(Outcome::Complete), 3));
    assert_eq!(report.kind, task_orchestrator_shared::restart::Kind::Rollback);
}

#[test]
fn a_request_that_fails_again_and_again_is_told_of_in_the_end() {
    let (mut rig, client) = on_probation();
    rig.call(&client, 1);
    for _ in 0..5 {
        fault(&mut rig, 1);
        assert_eq!(client.got(), []);
        rig.later(Duration::from_millis(150));
    }
    fault(&mut rig, 1);
    assert_eq!(client.got(), [(Kind::Response, 1)], "it may be the request's own");
}

#[test]
fn a_failure_of_a_build_that_is_known_is_told_at_once() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.handed_over();
    rig.call(&client, 1);
    fault(&mut rig, 1);
    assert_eq!(client.got(), [(Kind::Response, 1)]);
}

#[test]
fn a_crash_on_probation_brings_the_previous_build_back() {
    let (mut rig, client) = on_probation();
    rig.call(&client, 1);
    rig.dies(2);
    rig.serves(3);
    assert_eq!(summary(&rig.got(3)), [(Kind::Open, 0), (Kind::Replay, 1)]);
    assert_eq!(rig.hub.machine.builds(), (BuildId(0), None));
}

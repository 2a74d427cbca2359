//! A handover: what is in flight stays with the former worker, what is new goes
//! to its successor.

use super::rig::*;

#[test]
fn in_flight_stays_with_the_former_worker_and_what_is_new_goes_to_the_next() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    let mut asker = rig.hand_over(plain());
    assert_eq!(rig.activation(2), Some(TakeOver::Handover));
    rig.call(&client, 2);
    assert_eq!(rig.got(1).len(), 2, "held: {:?}", rig.got(1));
    rig.serves(2);
    let report = asker.report();
    assert_eq!((report.outcome, report.buffered_requests), (Some(Outcome::Complete), 1));
    assert_eq!((report.old_pid, report.new_pid), (Some(100), Some(101)));
    assert!(report.downtime_ms > 0.0 && report.replayed_requests == 0);
    rig.call(&client, 3);
    assert_eq!(summary(&rig.got(2)), [(Kind::Open, 0), (Kind::Message, 2), (Kind::Message, 3)]);
    rig.answer_from(2, 1, 3);
    rig.answer_from(1, 1, 1);
    assert_eq!(client.got(), [(Kind::Response, 3), (Kind::Response, 1)]);
    assert_eq!(rig.got(1), [], "nothing new");
}

#[test]
fn the_former_worker_is_stopped_with_its_last_answer_and_the_next_one_told_of_its_end() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.handed_over();
    assert!(!kinds(&rig.was_told(1)).contains(&Kind::Stop), "it has a request");
    rig.answer_from(1, 1, 1);
    assert_eq!(kinds(&rig.was_told(1)), [Kind::Stop]);
    rig.was_told(2);
    rig.dies(1);
    assert!(kinds(&rig.was_told(2)).contains(&Kind::Retire));
    assert_eq!(rig.hub.machine.former(), None);
    assert_eq!(rig.hub.sessions[&1].open_in, [rig.nth(2).0], "the session is open in one worker");
}

#[test]
fn what_is_cancelled_or_answered_at_the_former_worker_goes_to_the_former_worker() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.call(&client, 2);
    rig.tell_from(1, Frame::session(Kind::Request, 1, QUESTION.cast_unsigned(), "{}"));
    rig.handed_over();
    rig.got(1);
    rig.got(2);
    rig.say(&client, 3, json!({"jsonrpc": "2.0", "id": QUESTION, "result": {}}));
    rig.say(&client, 4, cancel(1));
    assert_eq!(summary(&rig.got(1)), [(Kind::Reply, 3), (Kind::Message, 4)]);
    rig.say(&client, 5, cancel(2));
    assert_eq!(kinds(&rig.nth(1).1.take_frames()), [Kind::Message, Kind::Stop], "nothing is left to finish");
    assert_eq!(rig.got(2), []);
}

#[test]
fn a_late_record_of_the_former_worker_is_for_its_successor_only() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.handed_over();
    rig.tell_from(2, Frame::session(Kind::State, 1, 0, r#"{"newer":1}"#));
    rig.got(2);
    client.got();
    rig.tell_from(1, Frame::session(Kind::State, 1, 0, r#"{"older":1}"#));
    let passed = rig.got(2);
    assert_eq!((summary(&passed), &passed[0].payload[..]), (vec![(Kind::State, 0)], &br#"{"older":1}"#[..]));
    let record = |rig: &Rig| rig.hub.sessions[&1].record.worker.as_ref().unwrap().get().to_owned();
    assert_eq!(record(&rig), r#"{"newer":1}"#);
    // Nor when the successor is gone meanwhile.
    rig.dies(2);
    rig.tell_from(1, Frame::session(Kind::State, 1, 0, r#"{"older":2}"#));
    assert_eq!(record(&rig), r#"{"newer":1}"#);
    assert_eq!(client.got(), []);
}

#[test]
fn a_session_that_is_just_beginning_is_opened_at_the_next_worker_once_it_has_begun() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.initialize(&client, 1);
    rig.handed_over();
    rig.call(&client, 2);
    assert_eq!(rig.got(2), [], "there is no record to go on from");
    rig.tell_from(1, Frame::session(Kind::State, 1, 0, r#"{"begun":1}"#));
    rig.answer_from(1, 1, 1);
    let got = rig.got(2);
    assert_eq!(summary(&got), [(Kind::Open, 0), (Kind::Message, 2)]);
    let opening: SessionOpening = serde_json::from_slice(&got[0].payload).unwrap();
    assert_eq!(opening.record.unwrap().get(), r#"{"begun":1}"#);
}

#[test]
fn a_session_whose_beginning_is_called_off_goes_on() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.initialize(&client, 1);
    rig.handed_over();
    rig.call(&client, 2);
    rig.say(&client, 3, cancel(1));
    assert_eq!(summary(&rig.got(2)), [(Kind::Open, 0), (Kind::Message, 2)], "nothing else would send it");
}

#[test]
fn subscriptions_move_to_the_next_worker_and_keep_no_former_worker() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.call(&client, 2);
    rig.tell_from(1, Frame::session(Kind::Listening, 1, 1, "established"));
    rig.handed_over();
    assert_eq!(summary(&rig.got(2)), [(Kind::Open, 0), (Kind::Replay, 1)]);
    // One that is established only now.
    rig.was_told(1);
    rig.tell_from(1, Frame::session(Kind::Listening, 1, 2, "established"));
    assert_eq!(summary(&rig.got(2)), [(Kind::Replay, 2)]);
    assert_eq!(kinds(&rig.was_told(1)), [Kind::Stop], "a subscription never ends: it is not waited for");
}

#[test]
fn what_the_former_worker_has_not_finished_in_time_is_sent_to_the_next() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.handed_over();
    rig.got(2);
    rig.later(Duration::from_secs(31));
    assert!(rig.is_killed(1));
    let got = rig.nth(2).1.take_frames();
    let told: Vec<_> = kinds(&got).into_iter().filter(|kind| *kind != Kind::Ping).collect();
    assert_eq!(told, [Kind::Retire, Kind::Replay], "fenced first");
    rig.answer_from(1, 1, 1);
    assert_eq!(client.got(), [], "what the former worker says from here on is not heard");
    rig.dies(1);
    assert_eq!(rig.hub.sessions[&1].pending[&1].crashes, 0, "nobody has crashed");
    rig.answer_from(2, 1, 1);
    assert_eq!(client.got(), [(Kind::Response, 1)]);
}

#[test]
fn a_suspended_request_goes_on_at_the_next_worker() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.hand_over(plain());
    let orders: Vec<_> = rig.was_told(1).into_iter().filter(|frame| frame.kind == Kind::Order).collect();
    assert_eq!(orders.len(), 1, "to suspend what is long");
    rig.tell_from(1, Frame::session(Kind::Suspended, 1, 1, ""));
    rig.serves(2);
    assert_eq!(summary(&rig.got(2)), [(Kind::Open, 0), (Kind::Replay, 1)]);
    assert_eq!(kinds(&rig.was_told(1)), [Kind::Stop]);
    assert_eq!(client.got(), []);
}

#[test]
fn a_drain_waits_for_what_is_in_flight_and_holds_what_comes() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.hand_over(RestartRequest { drain: true, ..plain() });
    rig.call(&client, 2);
    rig.say(&client, 3, notification());
    rig.call(&client, 4);
    assert_eq!(rig.activation(2), None, "not before everything is finished");
    rig.got(1);
    rig.answer_from(1, 1, 1);
    assert_eq!(rig.activation(2), Some(TakeOver::Alone));
    rig.serves(2);
    let expected = [(Kind::Open, 0), (Kind::Message, 2), (Kind::Message, 3), (Kind::Message, 4)];
    assert_eq!(summary(&rig.got(2)), expected, "in the client's order");
    assert_eq!(rig.got(1), []);
}

#[test]
fn a_drain_that_takes_too_long_gives_everything_back_to_the_old_worker() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.call(&client, 2);
    rig.tell_from(1, Frame::session(Kind::Listening, 1, 2, "established"));
    let mut asker = rig.hand_over(RestartRequest { drain: true, ..plain() });
    rig.call(&client, 3);
    rig.got(1);
    rig.later(Duration::from_secs(6));
    assert_eq!(asker.report().outcome, Some(Outcome::Failed));
    assert_eq!(summary(&rig.got(1)), [(Kind::Message, 3)], "it has the subscription still");
    assert!(rig.is_killed(2) && !rig.is_killed(1));
    assert_eq!(rig.hub.figures.reconnections, 0, "nobody had to come back");
    rig.answer_from(1, 1, 1);
    client.got();
    assert!(rig.hub.held_since.is_none());
}

#[test]
fn a_successor_that_fails_to_take_over_leaves_the_held_requests_to_the_old_worker_in_order() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    let mut asker = rig.hand_over(plain());
    for sequence in 2..=4 {
        rig.call(&client, sequence);
    }
    rig.got(1);
    rig.dies(2);
    assert_eq!(rig.activation(1), Some(TakeOver::Alone), "it takes the database back");
    rig.call(&client, 5);
    rig.serves(1);
    let report = asker.report();
    assert_eq!((report.outcome, report.buffered_requests), (Some(Outcome::Failed), 4));
    assert_eq!(summary(&rig.got(1)), (2..=5).map(|sequence| (Kind::Message, sequence)).collect::<Vec<_>>());
    for sequence in 1..=5 {
        rig.answer_from(1, 1, sequence);
    }
    assert_eq!(client.got().len(), 5);
}

#[test]
fn an_abandoned_snapshot_leaves_no_file_however_late_it_is_written() {
    let parts = |rig: &Rig| {
        let names = std::fs::read_dir(rig.place.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().contains("snapshot-")).count()
    };
    for dies in [false, true] {
        let mut rig = Rig::serving();
        let mut asker = rig.hand_over(RestartRequest { preserve_state: true, ..plain() });
        let order = rig.order(1);
        let crate::link::Order::Snapshot { file, .. } = order.order else { panic!("{order:?}") };
        rig.ask(Request::CancelRestart);
        assert_eq!(asker.report().outcome, Some(Outcome::Cancelled));
        std::fs::write(&file, "late").unwrap();
        assert_eq!(parts(&rig), 1);
        if dies {
            rig.dies(1);
        } else {
            rig.outcome(1, order.job, crate::link::Done::Snapshot(SnapshotBulk::default()));
        }
        assert_eq!(parts(&rig), 0);
        assert!(rig.hub.snapshots.is_empty());
    }
}

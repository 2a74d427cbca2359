//! Workers that die: who gets what after whom.

use super::rig::*;

#[test]
fn the_next_worker_gets_the_record_and_what_is_unanswered() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    for sequence in 1..=3 {
        rig.call(&client, sequence);
    }
    rig.tell(Frame::session(Kind::State, 1, 0, r#"{"x":1}"#));
    rig.answer(1, 2);
    rig.kill();
    rig.call(&client, 4);
    rig.start();
    let got = rig.worker_got();
    assert_eq!(
        summary(&got),
        [(Kind::Open, 0), (Kind::Replay, 1), (Kind::Replay, 3), (Kind::Message, 4)],
        "what an earlier worker may have begun is marked"
    );
    let opening: SessionOpening = serde_json::from_slice(&got[0].payload).unwrap();
    assert_eq!(opening.record.unwrap().get(), r#"{"x":1}"#);
    assert_eq!(rig.hub.figures.replayed, 2);
}

#[test]
fn frames_of_a_worker_of_the_past_change_nothing() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    let old = rig.last().0;
    rig.kill();
    rig.start();
    client.got();
    let late = Frame::session(Kind::Response, 1, 1, "late");
    rig.on(Event::FromWorker { worker: old, frames: vec![late] });
    let end = WorkerEnd { code: Some(0), signal: None, last_words: Vec::new() };
    rig.on(Event::WorkerEnded { worker: old, end });
    assert_eq!(client.got(), []);
    assert!(rig.hub.serving().is_some());
}

#[test]
fn progress_never_goes_back_after_a_replay() {
    let progress = |value: f64| {
        let message =
            json!({"method": "notifications/progress", "params": {"progressToken": 1, "progress": value}});
        Frame::session(Kind::Progress, 1, 1, message.to_string())
    };
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.tell(progress(1.0));
    rig.tell(progress(2.0));
    rig.kill();
    rig.start();
    rig.tell(progress(1.0));
    rig.tell(progress(2.0));
    rig.tell(progress(3.0));
    let told: Vec<_> =
        client.messages().iter().map(|message| message["params"]["progress"].as_f64()).collect();
    assert_eq!(told, [Some(1.0), Some(2.0), Some(3.0)]);
}

#[test]
fn a_subscription_is_established_anew_unseen_and_however_often() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    for _ in 0..4 {
        rig.tell(Frame::session(Kind::Listening, 1, 1, "acknowledged"));
        rig.kill();
        rig.start();
        assert_eq!(summary(&rig.worker_got()), [(Kind::Open, 0), (Kind::Replay, 1)]);
    }
    assert_eq!(client.got(), [(Kind::Notification, 1)]);
    assert!(rig.hub.sessions[&1].is_quiet());
}

#[test]
fn a_request_that_two_workers_died_on_is_answered_and_not_sent_again() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.kill();
    rig.start();
    rig.call(&client, 2);
    rig.kill();
    let answered = client.messages();
    assert_eq!(answered.len(), 1);
    assert_eq!(
        (answered[0]["id"].as_i64(), &answered[0]["error"]["data"]["error_code"]),
        (Some(1), &json!("RESTART_012"))
    );
    rig.start();
    assert_eq!(summary(&rig.worker_got()), [(Kind::Open, 0), (Kind::Replay, 2)]);
}

#[test]
fn a_new_front_takes_over_what_the_shim_kept_of_the_old_one() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, Some(json!({"worker": {"y": 2}, "asked": [5]})));
    assert_eq!(client.messages()[0]["params"]["requestId"], 5, "the old front's question is withdrawn");
    let opening: SessionOpening = serde_json::from_slice(&rig.worker_got()[0].payload).unwrap();
    assert_eq!(opening.record.unwrap().get(), r#"{"y":2}"#);
}

#[test]
fn a_worker_that_can_never_start_is_reported_instead_of_waited_for() {
    let mut rig = Rig::new();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.later(Duration::ZERO);
    rig.tell(Frame::control(Kind::Failed, "the database is newer"));
    let worker = rig.last().0;
    let end = WorkerEnd { code: Some(78), signal: None, last_words: Vec::new() };
    rig.on(Event::WorkerEnded { worker, end });
    rig.call(&client, 2);
    let answered = client.messages();
    let text = answered[0]["error"]["message"].as_str().unwrap();
    assert!(text.contains("the database is newer"), "{text}");
    assert_eq!(answered[1]["id"], 2);
    rig.ready = rig.launched();
    rig.start();
    rig.call(&client, 3);
    assert_eq!(summary(&rig.worker_got()), [(Kind::Open, 0), (Kind::Message, 3)], "attempts go on");
}

#[test]
fn a_worker_without_a_sign_of_life_is_killed_but_not_when_this_process_did_not_run() {
    let mut rig = Rig::serving();
    let killed = |rig: &Rig| rig.workers.0.lock().unwrap()[0].2.is_cancelled();
    let start = Instant::now();
    // Ticks that are late by more than half an interval say nothing.
    for tick in 1..20 {
        rig.hub.on_time(start + Duration::from_secs(5) * tick);
    }
    assert!(!killed(&rig));
    let start = start + Duration::from_secs(5) * 19;
    for tick in 1..=6 {
        assert!(!killed(&rig), "after {tick}");
        rig.hub.on_time(start + Duration::from_secs(2) * tick);
    }
    assert!(killed(&rig));
}

#[test]
fn an_emergency_restart_makes_no_suspect_of_what_was_in_flight() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    for worker in 1..=3 {
        let mut asker = rig.ask_restart(emergency());
        assert!(rig.is_killed(worker));
        rig.dies(worker);
        rig.serves(worker + 1);
        let report = asker.report();
        assert_eq!((report.outcome, report.replayed_requests), (Some(Outcome::Complete), 1));
        assert_eq!(summary(&rig.worker_got()), [(Kind::Open, 0), (Kind::Replay, 1)]);
    }
    assert_eq!(rig.hub.sessions[&1].pending[&1].crashes, 0);
    rig.kill();
    assert_eq!(rig.hub.sessions[&1].pending[&1].crashes, 1, "this was an accident");
}

#[test]
fn a_hang_is_an_accident() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    let start = rig.hub.workers.next_ping();
    for tick in 0..7 {
        rig.hub.on_time(start + Duration::from_secs(2) * tick);
    }
    assert!(rig.is_killed(1));
    rig.dies(1);
    assert_eq!(rig.hub.sessions[&1].pending[&1].crashes, 1);
}

#[test]
fn what_may_have_had_its_effect_is_not_called_worth_another_attempt() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.kill();
    rig.call(&client, 2);
    let worker = rig.last().0;
    let end = WorkerEnd { code: Some(78), signal: None, last_words: Vec::new() };
    rig.on(Event::WorkerEnded { worker, end });
    let answers = client.messages();
    let told: Vec<_> =
        answers.iter().map(|answer| (code(answer), &answer["error"]["data"]["retryable"])).collect();
    let unavailable = json!(ErrorCode::WorkerUnavailable);
    assert_eq!(told, [("RESTART_012", &json!(false)), (unavailable.as_str().unwrap(), &json!(true))]);
    assert_eq!((answers[0]["id"].as_i64(), answers[1]["id"].as_i64()), (Some(1), Some(2)));
}

#[test]
fn too_many_crashes_are_safe_mode_and_a_worker_that_does_not_start_then_means_refusals() {
    let mut rig = Rig::with("[restart]\ncrashes_in_10_seconds = 1\n");
    rig.start();
    let client = rig.attach(1, None);
    for _ in 0..2 {
        rig.kill();
        rig.start();
    }
    let front: crate::link::FrontState = {
        let told = rig.was_told(rig.launched());
        serde_json::from_slice(&told.iter().rfind(|frame| frame.kind == Kind::FrontState).unwrap().payload)
            .unwrap()
    };
    assert!(front.safe_mode && rig.hub.machine.safe_mode().is_some());
    rig.call(&client, 1);
    assert_eq!(summary(&rig.worker_got()), [(Kind::Message, 1)], "what only reads is the worker's to allow");
    rig.answer(1, 1);
    client.got();
    rig.kill();
    rig.later(Duration::from_secs(40));
    rig.kill();
    rig.call(&client, 2);
    assert_eq!(code(&client.messages()[0]), json!(ErrorCode::SafeMode).as_str().unwrap());
}

#[test]
fn the_process_that_crashed_is_named_in_the_report() {
    let mut rig = Rig::serving();
    rig.kill();
    rig.start();
    let report = rig.hub.current.last.as_ref().unwrap();
    assert_eq!((report.old_pid, report.new_pid), (Some(100), Some(101)));
}

#[test]
fn a_session_that_has_ended_closes_once_its_last_notification_is_delivered() {
    let mut rig = Rig::new();
    let client = rig.attach(1, None);
    rig.say(&client, 1, notification());
    rig.on(Event::InputEnded { connection: client.connection });
    assert_eq!(client.got(), []);
    rig.start();
    assert_eq!(client.got(), [(Kind::Done, 1), (Kind::Closed, 0)]);
    assert!(rig.hub.sessions.is_empty() && rig.hub.connections.is_empty());
}

#[test]
fn notifications_that_wait_are_bounded() {
    use crate::front::session::MAX_HELD_NOTES;
    let mut rig = Rig::new();
    let client = rig.attach(1, None);
    let all = MAX_HELD_NOTES as u64 + 10;
    for sequence in 1..=all {
        rig.say(&client, sequence, notification());
    }
    assert_eq!(client.got().len(), 10, "the shim need not keep those");
    assert_eq!(rig.hub.sessions[&1].pending.len(), MAX_HELD_NOTES);
    let large = json!({"jsonrpc": "2.0", "method": "x", "params": {"text": "x".repeat(700_000)}});
    let other = rig.attach(2, None);
    rig.say(&other, 1, large.clone());
    rig.say(&other, 2, large);
    assert_eq!(other.got(), [(Kind::Done, 2)]);
}

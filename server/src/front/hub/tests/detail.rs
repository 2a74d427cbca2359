//! One session as administrators see it: what its client waits for and where, and
//! what happened to its connection.

use task_orchestrator_shared::admin::session_detail::{
    MAX_SESSION_REQUESTS, RequestPlace, SessionDetail, SessionRequest,
};

use super::rig::*;

impl Rig {
    fn detail(&mut self, session: &str) -> SessionDetail {
        let mut asker = self.ask(Request::Session { session: session.to_owned() });
        match self.pump_for(&mut asker) {
            Reply::Session(detail) => *detail,
            other => panic!("{other:?}"),
        }
    }
}

fn places(detail: &SessionDetail) -> Vec<(u64, RequestPlace, bool)> {
    detail.requests.iter().map(|request| (request.sequence, request.place, request.replayed)).collect()
}

fn happened(detail: &SessionDetail) -> Vec<&str> {
    detail.history.iter().map(|moment| moment.what.as_str()).collect()
}

#[test]
fn each_request_is_told_with_where_it_is() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    let id = client.client.to_string();
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "plan", "arguments": {"title": "secret"}}});
    rig.say(&client, 1, call.clone());
    let detail = rig.detail(&id);
    assert_eq!((detail.client.as_str(), detail.number, detail.left_out), (id.as_str(), 1, 0));
    let request = &detail.requests[0];
    let expected = SessionRequest {
        sequence: 1,
        method: "tools/call plan".to_owned(),
        place: RequestPlace::InFlight,
        worker_pid: Some(100),
        age_ms: request.age_ms,
        bytes: call.to_string().len() as u64,
        replayed: false,
    };
    assert_eq!(*request, expected);
    // Its worker dies: it waits, and the next one gets it as what it is.
    rig.kill();
    rig.call(&client, 2);
    let detail = rig.detail(&id);
    assert_eq!(places(&detail), [(1, RequestPlace::Buffered, true), (2, RequestPlace::Buffered, false)]);
    assert_eq!(detail.requests[0].worker_pid, None);
    rig.start();
    let detail = rig.detail(&id);
    assert_eq!(places(&detail), [(1, RequestPlace::InFlight, true), (2, RequestPlace::InFlight, false)]);
    assert_eq!(detail.requests[1].worker_pid, Some(101));
    // What is answered is gone; what the front answers by itself is with the front.
    rig.answer(1, 1);
    rig.answer(1, 2);
    rig.tool(&client, 3, "orchestrator_restart_server", json!({}));
    let detail = rig.detail(&id);
    assert_eq!(places(&detail), [(3, RequestPlace::Front, false)]);
}

#[test]
fn of_many_requests_the_oldest_are_told_and_the_others_counted() {
    let mut rig = Rig::new();
    let client = rig.attach(1, None);
    let there_are = MAX_SESSION_REQUESTS as u64 + 3;
    for sequence in 1..=there_are {
        rig.call(&client, sequence);
    }
    let detail = rig.detail("1");
    assert_eq!((detail.requests.len(), detail.left_out), (MAX_SESSION_REQUESTS, 3));
    assert_eq!(detail.requests[0].sequence, 1);
}

#[test]
fn what_happens_to_a_connection_is_told_also_after_it_has_come_back() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.on(Event::Disconnected { connection: client.connection });
    let session = Request::Session { session: client.client.to_string() };
    let mut gone = rig.ask(session);
    let Reply::Refused(refusal) = rig.pump_for(&mut gone) else { panic!("it is gone") };
    assert_eq!(refusal.error_code, ErrorCode::NotFound);
    assert!(refusal.hint.contains("task-orchestrator sessions"), "{refusal:?}");

    let client = rig.attach_as(2, client.client, Some(json!({})));
    rig.kill();
    rig.call(&client, 1);
    rig.ask(Request::ClearBuffers { session: None });
    rig.start();
    let detail = rig.detail(&client.client.to_string());
    let expected =
        ["attached", "taken_over", "went_away", "came_back", "taken_over", "buffer_cleared", "taken_over"];
    assert_eq!(happened(&detail), expected);
    assert_eq!(detail.history[1].detail, "served by generation 1 from here on");
    assert!(detail.history[3].detail.starts_with("the client came back after "), "{:?}", detail.history[3]);
    assert_eq!(detail.history[5].detail, "1 request was answered instead of waiting");
    assert_eq!(detail.history[6].detail, "served by generation 2 from here on");

    let stranger = rig.attach(3, Some(json!({"info": {"reconnects": 2}})));
    let detail = rig.detail(&stranger.client.to_string());
    assert_eq!(detail.history[0].detail, "the client came back from an earlier server, 3 times by now");
}

#[test]
fn a_client_that_does_not_read_is_noted_once_and_again_when_it_reads() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    let answer = vec![b'x'; crate::front::session::SLOW_CLIENT_BYTES];
    for _ in 0..2 {
        let told = Frame::session(Kind::Notification, 1, 0, answer.clone());
        rig.tell(told);
    }
    rig.hub.look_for_slow();
    assert_eq!(happened(&rig.detail("1")), ["attached", "taken_over", "slow"]);
    client.outbox.take_frames();
    rig.hub.look_for_slow();
    assert_eq!(happened(&rig.detail("1")).last(), Some(&"reads_again"));
}

#[test]
fn a_dead_letter_that_is_tried_again_is_no_client_that_comes_back() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    for _ in 0..2 {
        rig.kill();
        rig.start();
    }
    rig.on(Event::Disconnected { connection: client.connection });
    let mut retried = rig.ask(Request::RetryDeadLetter { id: 1 });
    while rig.hub.retried.is_empty() {
        rig.pump();
    }
    let number = *rig.hub.retried.keys().next().unwrap();
    rig.tell(Frame::session(Kind::Response, number, 1, r#"{"result":{}}"#));
    assert!(matches!(rig.pump_for(&mut retried), Reply::Retried(_)));
    let client = rig.attach_as(2, client.client, Some(json!({})));
    let detail = rig.detail(&client.client.to_string());
    assert_eq!(happened(&detail).iter().filter(|what| **what == "went_away").count(), 1, "{detail:?}");
}

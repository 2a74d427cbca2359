//! What clients and a worker say to each other through the front.

use super::rig::*;
use crate::envelope::RequestId;
use crate::front::session::SLOW_CLIENT_BYTES;

#[test]
fn what_comes_before_the_worker_is_sent_in_order_once_it_serves() {
    let mut rig = Rig::new();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.say(&client, 2, notification());
    rig.call(&client, 3);
    rig.start();
    assert_eq!(
        summary(&rig.worker_got()),
        [(Kind::Open, 0), (Kind::Message, 1), (Kind::Message, 2), (Kind::Message, 3)]
    );
    assert_eq!(client.got(), [(Kind::Done, 2)], "a notification is done with once a worker has it");
    rig.answer(1, 3);
    rig.answer(1, 1);
    assert_eq!(client.got(), [(Kind::Response, 3), (Kind::Response, 1)]);
}

#[test]
fn a_cancelled_request_is_not_replayed_and_gets_no_answer() {
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.say(&client, 2, cancel.clone());
    assert_eq!(summary(&rig.worker_got()), [(Kind::Open, 0), (Kind::Message, 1), (Kind::Message, 2)]);
    assert_eq!(client.got(), [(Kind::Done, 1), (Kind::Done, 2)]);
    rig.answer(1, 1);
    assert_eq!(client.got(), []);

    let mut rig = Rig::new();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.say(&client, 2, cancel);
    rig.start();
    assert_eq!(summary(&rig.worker_got()), [(Kind::Open, 0)], "no worker has ever seen it");
}

#[test]
fn a_question_does_not_outlive_the_worker_that_asked() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.tell(Frame::session(Kind::Request, 1, QUESTION.cast_unsigned(), r#"{}"#));
    assert_eq!(client.got(), [(Kind::State, 0), (Kind::Notification, 0)]);
    rig.kill();
    let withdrawn = client.messages();
    assert_eq!(withdrawn[0]["method"], "notifications/cancelled");
    assert_eq!(withdrawn[0]["params"]["requestId"], QUESTION);
    rig.start();
    rig.say(&client, 1, json!({"jsonrpc": "2.0", "id": QUESTION, "result": {}}));
    assert_eq!(summary(&rig.worker_got()), [(Kind::Open, 0)], "nobody waits for the late answer");
    assert_eq!(client.got(), [(Kind::Done, 1)]);
}

#[test]
fn a_question_is_answered_by_the_front_when_its_client_is_gone() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.tell(Frame::session(Kind::Request, 1, QUESTION.cast_unsigned(), r#"{}"#));
    rig.worker_got();
    rig.on(Event::Disconnected { connection: client.connection });
    let got = rig.worker_got();
    assert_eq!(summary(&got), [(Kind::Reply, 0), (Kind::Close, 0)]);
    let reply: Value = serde_json::from_slice(&got[0].payload).unwrap();
    assert_eq!((reply["id"].as_i64(), reply["error"]["code"].as_i64()), (Some(QUESTION), Some(-32603)));
}

#[test]
fn an_answered_question_reaches_the_worker_once() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.tell(Frame::session(Kind::Request, 1, QUESTION.cast_unsigned(), r#"{}"#));
    let answer = json!({"jsonrpc": "2.0", "id": QUESTION, "result": {}});
    rig.say(&client, 1, answer.clone());
    rig.say(&client, 2, answer);
    assert_eq!(summary(&rig.worker_got()), [(Kind::Open, 0), (Kind::Reply, 1)]);
}

#[test]
fn a_slow_client_misses_news_but_not_what_it_waits_for() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.call(&client, 2);
    rig.tell(Frame::session(Kind::Request, 1, QUESTION.cast_unsigned(), r#"{}"#));
    rig.tell(Frame::session(Kind::Notification, 1, 0, vec![b'x'; SLOW_CLIENT_BYTES + 1]));
    rig.tell(Frame::session(Kind::Notification, 1, 0, "news"));
    rig.tell(Frame::session(Kind::Listening, 1, 1, "acknowledged"));
    rig.tell(Frame::session(Kind::Withdraw, 1, QUESTION.cast_unsigned(), "withdrawn"));
    rig.answer(1, 2);
    let got: Vec<_> = client.outbox.take_frames().into_iter().map(|frame| frame.payload).collect();
    for (payload, arrives) in
        [("news", false), ("acknowledged", true), ("withdrawn", true), ("answer 2", true)]
    {
        assert_eq!(got.contains(&Bytes::from(payload)), arrives, "{payload}");
    }
    assert_eq!(rig.hub.sessions[&1].dropped_notifications, 1);
}

#[test]
fn a_message_sent_twice_by_the_shim_is_taken_once() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.call(&client, 1);
    assert_eq!(summary(&rig.worker_got()), [(Kind::Open, 0), (Kind::Message, 1)]);
}

#[test]
fn an_id_in_flight_cannot_be_used_again_until_it_is_answered() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    let request = json!({"jsonrpc": "2.0", "id": "a", "method": "tools/call"});
    rig.say(&client, 1, request.clone());
    rig.say(&client, 2, request.clone());
    let refused = client.messages();
    assert_eq!((&refused[0]["id"], &refused[0]["error"]["code"]), (&json!("a"), &json!(-32600)));
    rig.answer(1, 1);
    rig.say(&client, 3, request);
    assert_eq!(summary(&rig.worker_got()), [(Kind::Open, 0), (Kind::Message, 1), (Kind::Message, 3)]);
}

#[test]
fn ping_is_answered_while_there_is_no_worker() {
    let mut rig = Rig::new();
    let client = rig.attach(1, None);
    rig.say(&client, 1, json!({"jsonrpc": "2.0", "id": 5, "method": "ping"}));
    assert_eq!(client.messages(), [json!({"jsonrpc": "2.0", "id": 5, "result": {}})]);
}

#[test]
fn what_is_no_message_is_answered_as_such() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.say(&client, 1, json!([1]));
    assert_eq!(client.messages()[0]["error"]["code"], -32600);
}

#[test]
fn a_session_ends_with_its_last_answer_once_the_input_has_ended() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, None);
    rig.call(&client, 1);
    rig.on(Event::InputEnded { connection: client.connection });
    assert_eq!(client.got(), []);
    rig.answer(1, 1);
    assert_eq!(client.got(), [(Kind::Response, 1), (Kind::Closed, 0)]);
    assert!(rig.hub.sessions.is_empty() && rig.hub.idle_since.is_some());
}

#[test]
fn an_id_is_text_or_number() {
    assert_ne!(RequestId::Text("1".into()), RequestId::Number(1));
}

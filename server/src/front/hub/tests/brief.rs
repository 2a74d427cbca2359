//! Sessions that are one request: no clients, and otherwise relayed like any other.

use super::rig::*;
use crate::front::port::Port;
use crate::front::session::{Principal, Via};

const LANE: &str = "00000000-0000-4000-8000-000000000001";
const RESTART: &str = "orchestrator_restart_server";

impl Rig {
    /// Somebody with this token posts a message, as this connection and sequence.
    fn post(&mut self, token: &str, number: u64, message: Value) -> Client {
        let principal =
            Principal { token: Some(token.to_owned()), role: Role::Operator, source: [127, 0, 0, 1].into() };
        let headers = vec![("mcp-method".to_owned(), "tools/call".to_owned())];
        let via = Via::Request { principal: Arc::new(principal), headers };
        let (client, outbox) = (LANE.parse().unwrap(), Outbox::default());
        let session = Box::new(Session::new(client, via, None, Port::Shim(outbox.clone())));
        let connection = ConnectionId(number);
        let payload = Bytes::from(message.to_string());
        let frame = Frame { kind: Kind::Message, session: 0, sequence: number, floor: 1, payload };
        let message = ClientMessage {
            connection,
            sequence: number,
            floor: 1,
            content: crate::front::connection::content(&frame, client),
            payload: frame.payload,
            charge: None,
            tracked: None,
        };
        self.on(Event::Posted { session, message });
        Client { connection, client, outbox }
    }

    fn post_call(&mut self, number: u64) -> Client {
        self.post("ci", number, json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call"}))
    }

    fn leaves(&mut self, client: &Client) {
        self.on(Event::Disconnected { connection: client.connection });
    }
}

fn reboot(tool: &str, arguments: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
}

#[test]
fn a_request_reaches_the_worker_with_its_headers_and_is_forgotten_with_its_sender() {
    let mut rig = Rig::serving();
    let client = rig.post_call(11);
    let got = rig.worker_got();
    assert_eq!(summary(&got), [(Kind::Open, 0), (Kind::Message, 11)]);
    let opening: SessionOpening = serde_json::from_slice(&got[0].payload).unwrap();
    assert_eq!(opening.principal.as_deref(), Some("token:ci"));
    assert_eq!(opening.headers.unwrap(), [("mcp-method".to_owned(), "tools/call".to_owned())]);
    rig.answer(1, 11);
    assert_eq!(client.got(), [(Kind::Response, 11)], "no record, for nobody keeps one");
    rig.leaves(&client);
    assert_eq!(kinds(&rig.worker_got()), [Kind::Close]);
    assert!(rig.hub.sessions.is_empty() && rig.hub.brief.is_empty());
    rig.leaves(&client);
}

#[test]
fn who_closes_the_response_calls_the_request_off_wherever_it_is() {
    let mut rig = Rig::serving();
    let client = rig.post_call(11);
    rig.worker_got();
    rig.leaves(&client);
    assert_eq!(kinds(&rig.worker_got()), [Kind::Close]);
    rig.answer(1, 11);
    rig.kill();
    let held = rig.post_call(12);
    assert_eq!(rig.hub.buffer_status(Instant::now()).total_buffered_requests, 1);
    rig.leaves(&held);
    rig.start();
    assert_eq!(rig.worker_got(), [], "nobody waits for it any more");
}

#[test]
fn it_is_no_client_to_anybody_who_looks() {
    let mut rig = Rig::serving();
    let watched = rig.attach(1, None);
    let posted = rig.post_call(11);
    let now = Instant::now();
    let status = rig.hub.status(now);
    assert_eq!((status.session_count, status.sessions.len()), (1, 1));
    assert_eq!(rig.hub.attached_numbers().collect::<Vec<_>>(), [1]);
    assert!(rig.hub.session_view(1, now).is_some() && rig.hub.session_view(2, now).is_none());
    assert_eq!(rig.hub.tail_now().client_sessions.len(), 1);
    assert_eq!(rig.hub.in_flight(), 1, "what it asked is asked all the same");
    assert!(rig.hub.number_of("2").is_none() && rig.hub.number_of(LANE).is_none());
    rig.leaves(&watched);
    assert!(rig.hub.idle_since.is_some(), "it keeps nobody from ending");
    rig.leaves(&posted);
    assert_eq!(rig.hub.figures.failed_reconnections, 0);
}

#[test]
fn it_is_held_and_replayed_and_not_opened_where_it_is_not_sent() {
    let mut rig = Rig::serving();
    let flying = rig.post_call(11);
    rig.worker_got();
    rig.hand_over(plain());
    let held = rig.post_call(12);
    rig.serves(2);
    assert_eq!(summary(&rig.got(2)), [(Kind::Open, 0), (Kind::Message, 12)], "the other is the first one's");
    rig.answer_from(1, 1, 11);
    rig.answer_from(2, 2, 12);
    assert_eq!((flying.got(), held.got()), (vec![(Kind::Response, 11)], vec![(Kind::Response, 12)]));
    let crashed = rig.post_call(13);
    rig.was_told(2);
    rig.dies(2);
    rig.start();
    assert_eq!(summary(&rig.worker_got()), [(Kind::Open, 0), (Kind::Replay, 13)]);
    rig.answer(3, 13);
    assert_eq!(crashed.got(), [(Kind::Response, 13)]);
    assert_eq!(rig.hub.figures.replayed, 1);
}

#[test]
fn a_subscription_goes_on_with_the_next_worker_and_is_acknowledged_once() {
    let mut rig = Rig::serving();
    let client = rig.post("ci", 11, json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen"}));
    rig.tell(Frame::session(Kind::Listening, 1, 11, "ack"));
    rig.tell(Frame::session(Kind::Notification, 1, 11, "{}"));
    rig.worker_got();
    rig.kill();
    rig.start();
    assert_eq!(summary(&rig.worker_got()), [(Kind::Open, 0), (Kind::Replay, 11)]);
    rig.tell(Frame::session(Kind::Listening, 1, 11, "ack"));
    rig.handed_over();
    let next = rig.launched();
    assert_eq!(summary(&rig.got(next)), [(Kind::Open, 0), (Kind::Replay, 11)]);
    assert_eq!(client.got(), [(Kind::Notification, 11), (Kind::Notification, 11)]);
    assert_eq!(rig.hub.in_flight(), 0);
}

#[test]
fn what_kills_workers_is_buried_and_names_its_operation() {
    let mut rig = Rig::serving();
    let client = rig.post_call(11);
    for _ in 0..2 {
        rig.kill();
        rig.start();
    }
    assert_eq!(code(&client.messages()[0]), "RESTART_012");
    let mut asker = rig.ask(Request::DeadLetters { limit: 10 });
    let Reply::DeadLetters(letters) = rig.pump_for(&mut asker) else { panic!() };
    assert_eq!((letters[0].client.as_str(), letters[0].sequence), (client.client.to_string().as_str(), 11));
    assert_eq!(letters[0].method, "tools/call");
    let mut asker = rig.ask(Request::RetryDeadLetter { id: 1 });
    rig.pump();
    let got = rig.worker_got();
    let replay = got.iter().find(|frame| frame.kind == Kind::Replay).unwrap();
    rig.tell(Frame::session(Kind::Response, replay.session, 11, r#"{"id":1,"result":{}}"#));
    assert!(matches!(asker.answer(), Some(Reply::Retried(_))));
}

#[test]
fn the_front_asks_nobody_who_cannot_answer() {
    let mut rig = Rig::serving();
    let client = rig.post_call(11);
    rig.worker_got();
    rig.tell(Frame::session(Kind::Request, 1, QUESTION.cast_unsigned(), "{}"));
    assert_eq!(kinds(&rig.worker_got()), [Kind::Reply]);
    assert_eq!(client.got(), []);
}

#[test]
fn limits_and_roles_are_those_of_the_sender_and_not_of_the_request() {
    let mut rig = Rig::configured("[limits]\nreconnect_test_per_minute = 2\n");
    rig.start();
    let refused = |rig: &mut Rig, token: &str, number: u64| {
        let client = rig.post(token, number, reboot("orchestrator_reconnect_test", json!({})));
        let answer = match rig.hub.sessions.values().any(|session| session.pending.contains_key(&number)) {
            true => rig.pump_for_answer(&client, number).0,
            false => client.messages().remove(0),
        };
        rig.leaves(&client);
        answer["result"]["structuredContent"]["error_code"].as_str() == Some("RESTART_010")
    };
    assert!(!refused(&mut rig, "ci", 11) && !refused(&mut rig, "ci", 12));
    assert!(refused(&mut rig, "ci", 13), "each request would have a limit of its own");
    assert!(!refused(&mut rig, "other", 14));
    let client = rig.post("ci", 15, reboot(RESTART, json!({"graceful": false})));
    let denied = &client.messages()[0]["result"]["structuredContent"]["error_code"];
    assert_eq!(denied, "RESTART_009", "an operator");
}

#[test]
fn calls_that_one_sender_has_open_are_counted_together() {
    let mut rig = Rig::serving();
    let health = || reboot("orchestrator_health_check", json!({}));
    let open: Vec<Client> = (0..16).map(|number| rig.post("ci", 100 + number, health())).collect();
    assert!(open.iter().all(|client| client.messages().is_empty()));
    assert!(!rig.post("ci", 200, health()).messages().is_empty());
    assert!(rig.post("other", 201, health()).messages().is_empty());
}

#[test]
fn a_front_that_ends_lets_nobody_wait() {
    let mut rig = Rig::serving();
    let (stopped, _ended) = oneshot::channel();
    let waiting = rig.post_call(11);
    rig.on(Event::Stop { goodbye: Goodbye { resume: false, reason: String::new() }, stopped });
    let late = rig.post_call(12);
    for client in [waiting, late] {
        assert!(client.outbox.is_closed(), "{:?}", client.got());
    }
    assert!(rig.hub.sessions.is_empty() && rig.hub.brief.is_empty());
}

//! The hub with workers that are only mailboxes: every rule about who gets what
//! after whom died, without a process.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::Overrides;
use crate::envelope::{self, Envelope, RequestId};
use crate::front::event::{ClientMessage, Content, WorkerEnd};
use crate::front::jobs::Places;
use crate::front::session::SLOW_CLIENT_BYTES;
use crate::front::worker::{Launch, Worker};
use crate::ledger;
use crate::link::{ClientId, Frame, Kind, Outbox, PROTOCOL, SessionOpening, ShimHello, WorkerReady};
use crate::restart::machine::Beginning;
use crate::state::Archive;

/// A question of the first worker: its number tells who asked.
const QUESTION: i64 = (1 << 20) + 77;

#[derive(Clone, Default)]
struct Mailboxes(Arc<Mutex<Vec<(WorkerId, Outbox, CancellationToken)>>>);

impl Launch for Mailboxes {
    fn start(&mut self, id: WorkerId, _program: &Path) -> io::Result<Worker> {
        let (worker, killed) = Worker::new(1);
        self.0.lock().unwrap().push((id, worker.outbox.clone(), killed));
        Ok(worker)
    }
}

struct Rig {
    hub: Hub,
    workers: Mailboxes,
    /// Workers that have become ready.
    ready: u64,
    runtime: tokio::runtime::Runtime,
    _place: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        Self::configured("[restart]\ncrashes_in_10_seconds = 1000\ncrashes_in_10_minutes = 1000\n")
    }

    fn configured(text: &str) -> Self {
        let (config, ..) = Config::from_text(Path::new("config.toml"), text, &Overrides::default()).unwrap();
        let workers = Mailboxes::default();
        let place = tempfile::tempdir().unwrap();
        let state = place.path().to_owned();
        let places = Places {
            root: state.clone(),
            builds: state.join("builds"),
            plan: state.join("plan.json"),
            state: state.clone(),
        };
        let beginning = Beginning {
            current: BuildId(0),
            previous: None,
            is_on_probation: false,
            name: "test".to_owned(),
            seed: 1,
        };
        let parts = Parts {
            machine: Machine::new(beginning, restart::Limits::of(&config), Instant::now()),
            workers: Workers::new(Box::new(workers.clone()), crate::front::heartbeat(&config)),
            jobs: Jobs::new(mpsc::channel(1).0, places, Archive::new(&state, (&config.state).into())),
            ledger: Ledger::open(&ledger::Options::new(&state, &config.state)).unwrap().ledger,
            builds: vec![Build::own().unwrap()],
            config,
        };
        let settings = Settings {
            idle_timeout: None,
            end: Box::new(|_| {}),
            workspace: String::new(),
            budget: Budget::new(1 << 20),
            front_started_at: 0,
            reload: Arc::new(|| Err("there is no file".to_owned())),
            own_program: std::env::current_exe().unwrap(),
            held_long: watch::channel(false).0,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { hub: Hub::new(parts, settings), workers, ready: 0, runtime, _place: place }
    }

    /// With a worker that serves.
    fn serving() -> Self {
        let mut rig = Self::new();
        rig.start();
        rig
    }

    fn on(&mut self, event: Event) {
        let _runtime = self.runtime.enter();
        self.hub.on(event);
    }

    fn later(&mut self, wait: Duration) {
        let _runtime = self.runtime.enter();
        self.hub.on_time(Instant::now() + wait);
    }

    fn launched(&self) -> u64 {
        self.workers.0.lock().unwrap().len() as u64
    }

    /// Lets the time come at which a worker is started, and that worker get ready.
    fn start(&mut self) {
        if self.launched() == self.ready {
            self.later(Duration::from_secs(40));
        }
        self.ready = self.launched();
        let ready = WorkerReady { generation: self.ready, ..WorkerReady::default() };
        self.tell(Frame::control(Kind::Ready, serde_json::to_vec(&ready).unwrap()));
    }

    fn last(&self) -> (WorkerId, Outbox) {
        let started = self.workers.0.lock().unwrap();
        let (id, outbox, _) = started.last().expect("a worker was started");
        (*id, outbox.clone())
    }

    /// The worker sends a frame.
    fn tell(&mut self, frame: Frame) {
        let worker = self.last().0;
        self.on(Event::FromWorker { worker, frames: vec![frame] });
    }

    fn answer(&mut self, session: u64, sequence: u64) {
        self.tell(Frame::session(Kind::Response, session, sequence, format!("answer {sequence}")));
    }

    /// What the worker has been sent since the last look, without control frames.
    fn worker_got(&self) -> Vec<Frame> {
        let mut frames = self.last().1.take_frames();
        frames.retain(|frame| frame.session != 0);
        frames
    }

    fn kill(&mut self) {
        let worker = self.last().0;
        let end = WorkerEnd { code: None, signal: Some(9), last_words: Vec::new() };
        self.on(Event::WorkerEnded { worker, end });
    }

    fn attach(&mut self, connection: u64, record: Option<Value>) -> Client {
        let hello = ShimHello {
            versions: PROTOCOL,
            build: String::new(),
            client: ClientId::random(),
            pid: 7,
            record: record.map(|record| serde_json::value::to_raw_value(&record).unwrap()),
        };
        let outbox = Outbox::default();
        let session = Box::new(Session::new(&hello, outbox.clone()));
        let connection = ConnectionId(connection);
        self.on(Event::Connected { connection, session });
        Client { connection, outbox }
    }

    fn say(&mut self, client: &Client, sequence: u64, message: Value) {
        let payload = Bytes::from(message.to_string());
        let content = match envelope::parse(&payload) {
            Ok(Envelope::Request { id, method }) => {
                Content::Request { id, is_ping: method == "ping", is_initialize: method == "initialize" }
            }
            Ok(Envelope::Notification { params, .. }) => {
                Content::Notification { cancels: params.and_then(envelope::cancelled_request) }
            }
            Ok(Envelope::Response { id }) => Content::Response { id },
            Err(malformed) => Content::Malformed(malformed),
        };
        let message = ClientMessage {
            connection: client.connection,
            sequence,
            floor: 1,
            payload,
            content,
            charge: None,
            tracked: None,
        };
        self.on(Event::Message(message));
    }

    fn call(&mut self, client: &Client, sequence: u64) {
        self.say(client, sequence, json!({"jsonrpc": "2.0", "id": sequence, "method": "tools/call"}));
    }
}

struct Client {
    connection: ConnectionId,
    outbox: Outbox,
}

impl Client {
    /// What the client has been sent since the last look: kinds and sequences.
    fn got(&self) -> Vec<(Kind, u64)> {
        self.outbox.take_frames().iter().map(|frame| (frame.kind, frame.sequence)).collect()
    }

    fn messages(&self) -> Vec<Value> {
        let frames = self.outbox.take_frames();
        frames.iter().filter_map(|frame| serde_json::from_slice(&frame.payload).ok()).collect()
    }
}

fn summary(frames: &[Frame]) -> Vec<(Kind, u64)> {
    frames.iter().map(|frame| (frame.kind, frame.sequence)).collect()
}

fn notification() -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/initialized"})
}

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
    assert_eq!(client.got(), [(Kind::Notification, 0)]);
    assert!(rig.hub.sessions[&1].is_quiet());
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
fn a_new_front_takes_over_what_the_shim_kept_of_the_old_one() {
    let mut rig = Rig::serving();
    let client = rig.attach(1, Some(json!({"worker": {"y": 2}, "asked": [5]})));
    assert_eq!(client.messages()[0]["params"]["requestId"], 5, "the old front's question is withdrawn");
    let opening: SessionOpening = serde_json::from_slice(&rig.worker_got()[0].payload).unwrap();
    assert_eq!(opening.record.unwrap().get(), r#"{"y":2}"#);
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
fn an_id_is_text_or_number() {
    assert_ne!(RequestId::Text("1".into()), RequestId::Number(1));
}

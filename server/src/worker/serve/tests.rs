//! The link with a service of a few lines: what reaches the front, in which
//! order, and what the next worker makes of it.
#![expect(deprecated, reason = "logging is deprecated only in 2026-07-28; older clients still use it")]

mod rest;

use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ElicitRequestParams, ErrorData,
    InitializeRequestParams, InitializeResult, LoggingLevel, LoggingMessageNotificationParam,
    ProgressNotificationParam,
};
use rmcp::service::RequestContext;
use serde_json::{Value, json};
use tokio::io::DuplexStream;

use super::*;
use crate::link::{ClientId, OperationId};
use crate::worker::failure::{Failure, Refusal};
use crate::worker::service::Replayed;
use task_orchestrator_shared::error_code::ErrorCode;

/// Answers `tools/call` by what the tool's name asks for.
struct Probe {
    session: Arc<Session>,
    resumed: Arc<Mutex<Vec<String>>>,
}

impl ServerHandler for Probe {
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let result = self.negotiate_initialize(&request)?;
        self.session.update(|record| record.initialize = Some(request));
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let operation = context.extensions.get::<OperationId>().copied().expect("an operation id");
        let mut reply = json!({ "sequence": operation.sequence, "floor": operation.floor });
        match &*request.name {
            "ask" => {
                let question: ElicitRequestParams = serde_json::from_value(
                    json!({"mode": "form", "message": "sure?", "requestedSchema": {"type": "object", "properties": {}}}),
                )
                .expect("a question");
                let answer = context.peer.create_elicitation(question).await;
                reply["answer"] = json!(format!("{answer:?}").contains("Accept"));
            }
            "progress" => {
                let token = context.meta.get_progress_token().expect("a progress token");
                let progress = ProgressNotificationParam::new(token, 1.0);
                context.peer.notify_progress(progress).await.expect("told");
            }
            "log" => {
                crate::worker::client_log::send(
                    &self.session,
                    &context,
                    LoggingLevel::Error,
                    "probe",
                    json!("m"),
                )
                .await;
            }
            "word" => {
                let message = LoggingMessageNotificationParam::new(LoggingLevel::Error, json!("word"));
                context.peer.notify_logging_message(message).await.expect("told");
            }
            "wait" => {
                context.ct.cancelled().await;
                self.resumed.lock().unwrap().push("called off".to_owned());
            }
            "fail" => return Err(ErrorData::internal_error("defect", None)),
            "suspend" => return Err(Refusal::Suspended.into()),
            "supersede" => return Err(Refusal::Superseded.into()),
            "broken" => return Ok(Failure::new(ErrorCode::StorageFailed, "e", "h").into_result().into()),
            "refused" => return Ok(Failure::new(ErrorCode::NotFound, "e", "h").into_result().into()),
            _ => reply["replayed"] = json!(context.extensions.get::<Replayed>().is_some()),
        }
        Ok(CallToolResult::structured(reply).into())
    }
}

#[derive(Default)]
struct Probes {
    resumed: Arc<Mutex<Vec<String>>>,
    /// Services that have begun.
    opened: Arc<AtomicUsize>,
}

impl Services for Probes {
    type Handler = Probe;

    fn open(&self, session: Arc<Session>) -> Probe {
        self.opened.fetch_add(1, Ordering::Relaxed);
        Probe { session, resumed: Arc::clone(&self.resumed) }
    }

    fn has_news(&self, session: &Session) -> bool {
        session.record().initialize.is_some()
    }

    async fn resumed(&self, handler: &Probe, peer: Peer<RoleServer>) {
        let version = peer.peer_info().map(|info| info.protocol_version.to_string());
        handler.resumed.lock().unwrap().push(version.unwrap_or_default());
    }

    async fn prepare(&self) -> Result<WorkerPrepared, WorkerError> {
        Err(WorkerError::Temporary("not prepared for that".to_owned()))
    }

    async fn activate(&self, _: Activation) -> Result<WorkerReady, WorkerError> {
        Ok(WorkerReady { generation: 5, ..WorkerReady::default() })
    }

    async fn order(&self, _: Order) -> Result<Done, OrderFailure> {
        Ok(Done::Verified)
    }

    async fn retire_former(&self) {}

    fn front_changed(&self, _: FrontState) {}

    async fn close(&self) {}
}

/// The front's end of a link.
struct Front {
    frames: FrameReader<tokio::io::ReadHalf<DuplexStream>>,
    outbox: crate::link::Outbox,
    resumed: Arc<Mutex<Vec<String>>>,
    opened: Arc<AtomicUsize>,
    /// The session that is meant.
    session: u64,
    ended: tokio::task::JoinHandle<Result<LinkEnd, WorkerError>>,
}

impl Front {
    fn new() -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (reading, writing) = tokio::io::split(theirs);
        let sender = LinkSender::default();
        let outbox = sender.outbox.clone();
        tokio::spawn(async move { outbox.write_to(writing).await });
        let probes = Arc::new(Probes::default());
        let (resumed, opened) = (Arc::clone(&probes.resumed), Arc::clone(&probes.opened));
        let ended = tokio::spawn({
            let activate =
                Frame::control(Kind::Activate, serde_json::to_vec(&Activation::default()).unwrap());
            Link::new(probes, sender).run(activate, FrameReader::new(reading, 4096))
        });
        let (reading, writing) = tokio::io::split(ours);
        let outbox = crate::link::Outbox::default();
        let filled = outbox.clone();
        tokio::spawn(async move { filled.write_to(writing).await });
        Self { frames: FrameReader::new(reading, 4096), outbox, resumed, opened, session: 1, ended }
    }

    /// Opens a session that is one call of this tool over HTTP, and sends the call.
    fn post(&self, headers: &[(&str, &str)], tool: &str) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let opening = SessionOpening {
            client: ClientId::random(),
            record: None,
            principal: None,
            headers: Some(headers),
        };
        self.send(Kind::Open, 0, &serde_json::to_value(opening).unwrap());
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/logLevel": "error",
        });
        let params = json!({"name": tool, "arguments": {}, "_meta": meta});
        self.send(Kind::Message, 7, &request(3, "tools/call", &params));
    }

    fn open(&self, record: Option<&[u8]>) {
        let record = record.map(|record| serde_json::from_slice(record).unwrap());
        let opening = SessionOpening { client: ClientId::random(), record, principal: None, headers: None };
        self.send(Kind::Open, 0, &serde_json::to_value(opening).unwrap());
    }

    fn send(&self, kind: Kind, sequence: u64, message: &Value) {
        let payload = message.to_string().into();
        let session = self.session;
        let frame = Frame { kind, session, sequence, floor: sequence.saturating_sub(1), payload };
        self.outbox.push(&frame).unwrap();
    }

    fn initialize(&self, sequence: u64) {
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": {"elicitation": {}}, "clientInfo": {"name": "t", "version": "1"}});
        self.send(Kind::Message, sequence, &request(0, "initialize", &params));
    }

    fn call(&self, kind: Kind, sequence: u64, tool: &str) {
        let params =
            json!({"name": tool, "arguments": {}, "_meta": {"progressToken": format!("t{sequence}")}});
        self.send(kind, sequence, &request(sequence, "tools/call", &params));
    }

    /// The next frame about a session: its kind, its sequence and its message.
    async fn next(&mut self) -> (Kind, u64, Value) {
        loop {
            let frame = tokio::time::timeout(Duration::from_secs(20), self.frames.next()).await;
            let frame = frame.expect("a frame in time").unwrap().expect("a frame");
            if frame.kind != Kind::Ready {
                return (
                    frame.kind,
                    frame.sequence,
                    serde_json::from_slice(&frame.payload).unwrap_or_default(),
                );
            }
        }
    }

    /// Opens a session and brings it through its handshake. Returns the record.
    async fn begin(&mut self) -> Vec<u8> {
        self.open(None);
        self.initialize(1);
        let (kind, _, record) = self.next().await;
        assert_eq!(kind, Kind::State, "the record is there before the answer that made it");
        let (kind, sequence, _) = self.next().await;
        assert_eq!((kind, sequence), (Kind::Response, 1));
        record.to_string().into_bytes()
    }
}

fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

#[tokio::test]
async fn each_answer_names_the_message_that_it_answers() {
    let mut front = Front::new();
    front.begin().await;
    front.call(Kind::Message, 7, "x");
    let (kind, sequence, message) = front.next().await;
    assert_eq!((kind, sequence, &message["id"]), (Kind::Response, 7, &json!(7)));
    let reply = &message["result"]["structuredContent"];
    assert_eq!(reply, &json!({"sequence": 7, "floor": 6, "replayed": false}));
    front.call(Kind::Replay, 8, "x");
    assert_eq!(front.next().await.2["result"]["structuredContent"]["replayed"], json!(true));
}

#[tokio::test]
async fn a_session_goes_on_in_the_next_worker_without_a_handshake() {
    let record = Front::new().begin().await;
    let mut next = Front::new();
    next.open(Some(&record));
    next.call(Kind::Replay, 2, "x");
    assert_eq!(next.next().await.1, 2);
    assert_eq!(*next.resumed.lock().unwrap(), ["2025-06-18"]);
}

#[tokio::test]
async fn what_comes_before_the_first_request_does_not_end_the_session() {
    let mut front = Front::new();
    front.open(None);
    front.send(Kind::Message, 1, &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    front.send(Kind::Message, 2, &request(9, "no/such", &json!({})));
    let (kind, sequence, message) = front.next().await;
    assert_eq!((kind, sequence), (Kind::Response, 2));
    assert!(message["error"]["code"].is_i64(), "{message}");
    front.initialize(3);
    assert_eq!(front.next().await.0, Kind::State);
    assert_eq!(front.next().await.1, 3);
}

#[tokio::test]
async fn what_the_typed_message_refuses_is_answered() {
    let mut front = Front::new();
    front.begin().await;
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{}{}}}"#,
        "[".repeat(1000),
        "]".repeat(1000)
    );
    front.outbox.push(&Frame::session(Kind::Message, 1, 4, deep)).unwrap();
    let (_, sequence, message) = front.next().await;
    assert_eq!((sequence, &message["id"], &message["error"]["code"]), (4, &json!(4), &json!(-32602)));
}

#[tokio::test]
async fn a_question_has_an_id_that_no_other_worker_uses() {
    let mut front = Front::new();
    front.begin().await;
    front.call(Kind::Message, 2, "ask");
    let (kind, number, question) = front.next().await;
    let first = 5 * QUESTIONS_PER_GENERATION;
    assert_eq!((kind, number, &question["id"]), (Kind::Request, first, &json!(first)));
    let answer = json!({"jsonrpc": "2.0", "id": first, "result": {"action": "accept", "content": {}}});
    front.send(Kind::Reply, 3, &answer);
    assert_eq!(front.next().await.2["result"]["structuredContent"]["answer"], json!(true));
}

#[tokio::test]
async fn questions_and_log_messages_name_the_request_that_they_belong_to() {
    let mut front = Front::new();
    front.begin().await;
    front.call(Kind::Message, 2, "wait");
    front.call(Kind::Message, 3, "ask");
    let frame = front.frames.next().await.unwrap().unwrap();
    assert_eq!((frame.kind, frame.floor), (Kind::Request, 3));
    front.call(Kind::Message, 4, "log");
    let frame = front.frames.next().await.unwrap().unwrap();
    assert_eq!((frame.kind, frame.sequence, frame.floor), (Kind::Notification, 4, 0));
}

#[tokio::test]
async fn progress_names_its_request() {
    let mut front = Front::new();
    front.begin().await;
    front.call(Kind::Message, 2, "progress");
    let (kind, sequence, message) = front.next().await;
    assert_eq!((kind, sequence, &message["params"]["progressToken"]), (Kind::Progress, 2, &json!("t2")));
    assert_eq!(front.next().await.0, Kind::Response);
}

#[tokio::test]
async fn a_cancelled_request_gets_no_answer() {
    let mut front = Front::new();
    front.begin().await;
    front.call(Kind::Message, 2, "wait");
    front.send(
        Kind::Message,
        3,
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}),
    );
    front.call(Kind::Message, 4, "x");
    assert_eq!(front.next().await.1, 4);
}

#[tokio::test]
async fn a_sign_of_life_comes_with_figures() {
    let mut front = Front::new();
    front.begin().await;
    front.outbox.push(&Frame::control(Kind::Ping, bytes::Bytes::new())).unwrap();
    let (kind, _, figures) = front.next().await;
    assert_eq!((kind, &figures["in_flight"]), (Kind::Pong, &json!(0)));
    assert!(figures["rss_bytes"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn the_link_tells_an_end_that_was_asked_for_from_a_lost_front() {
    let mut front = Front::new();
    front.begin().await;
    front.outbox.push(&Frame::control(Kind::Stop, bytes::Bytes::new())).unwrap();
    assert_eq!(front.ended.await.unwrap().unwrap(), LinkEnd::Stopped);
    let Front { frames, outbox, ended, .. } = Front::new();
    outbox.close();
    drop(frames);
    assert_eq!(ended.await.unwrap().unwrap(), LinkEnd::Lost);
}

#[tokio::test]
async fn failures_of_the_server_itself_are_marked_and_others_are_not() {
    let mut front = Front::new();
    front.begin().await;
    for (sequence, (tool, kind)) in
        (2..).zip([("fail", Kind::Fault), ("broken", Kind::Fault), ("refused", Kind::Response)])
    {
        front.call(Kind::Message, sequence, tool);
        let (told, of, message) = front.next().await;
        assert_eq!((told, of, &message["id"]), (kind, sequence, &json!(sequence)), "{tool}");
    }
}

#[tokio::test]
async fn a_suspended_request_is_handed_back_and_no_longer_in_flight() {
    let mut front = Front::new();
    front.begin().await;
    front.call(Kind::Message, 2, "suspend");
    assert_eq!(front.next().await, (Kind::Suspended, 2, Value::Null));
    front.outbox.push(&Frame::control(Kind::Ping, bytes::Bytes::new())).unwrap();
    assert_eq!(front.next().await.2["in_flight"], 0);
    // It may come back to this very worker.
    front.call(Kind::Replay, 2, "x");
    assert_eq!(front.next().await.2["result"]["structuredContent"]["replayed"], json!(true));
}

#[tokio::test]
async fn a_superseded_request_is_not_answered_and_may_come_back() {
    let mut front = Front::new();
    front.begin().await;
    front.call(Kind::Message, 2, "supersede");
    front.call(Kind::Message, 3, "x");
    assert_eq!(front.next().await.1, 3, "the first has no answer");
    front.outbox.push(&Frame::control(Kind::Ping, bytes::Bytes::new())).unwrap();
    assert_eq!(front.next().await.2["in_flight"], 0);
    front.call(Kind::Replay, 2, "x");
    assert_eq!(front.next().await.2["result"]["structuredContent"]["replayed"], json!(true));
}

#[tokio::test]
async fn a_late_record_is_merged_sent_on_and_told_to_the_service() {
    let record = Front::new().begin().await;
    let mut next = Front::new();
    next.open(Some(&record));
    next.call(Kind::Replay, 2, "x");
    assert_eq!(next.next().await.1, 2);
    let mut late: Value = serde_json::from_slice(&record).unwrap();
    late["work_session"] = json!("s");
    next.send(Kind::State, 0, &late);
    let (kind, _, merged) = next.next().await;
    assert_eq!((kind, &merged["work_session"]), (Kind::State, &json!("s")));
    next.call(Kind::Message, 3, "x");
    assert_eq!(next.next().await.1, 3);
    assert_eq!(next.resumed.lock().unwrap().len(), 2, "once at the opening, once more now");
}

#[tokio::test]
async fn a_handshake_that_the_worker_before_answered_is_not_asked_for_again() {
    let record = Front::new().begin().await;
    let mut next = Front::new();
    next.open(None);
    next.send(Kind::State, 0, &serde_json::from_slice(&record).unwrap());
    assert_eq!(next.next().await.0, Kind::State);
    next.send(Kind::Message, 2, &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    next.call(Kind::Message, 3, "x");
    let (kind, sequence, message) = next.next().await;
    assert_eq!((kind, sequence), (Kind::Response, 3), "{message}");
    assert_eq!(next.resumed.lock().unwrap()[0], "2025-06-18");
}

#[tokio::test]
async fn an_order_that_this_build_does_not_know_is_answered_in_words() {
    let mut front = Front::new();
    for (order, expected) in [
        (json!({"job": 7, "order": {"from_the_future": {"x": 1}}}), Some("does not know the order")),
        (json!({"job": 8, "order": "inspect"}), None),
    ] {
        front.outbox.push(&Frame::control(Kind::Order, order.to_string())).unwrap();
        let (kind, _, outcome) = front.next().await;
        let outcome: OutcomeFrame = serde_json::from_value(outcome).unwrap();
        assert_eq!((kind, outcome.job), (Kind::Outcome, order["job"].as_u64().unwrap()));
        match (expected, outcome.result) {
            (None, result) => assert_eq!(result, Ok(Done::Verified), "it serves on"),
            (Some(text), Err(failure)) => assert!(failure.error.contains(text), "{failure:?}"),
            (Some(_), Ok(done)) => panic!("{done:?}"),
        }
    }
}

const POSTED: [(&str, &str); 3] =
    [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "x")];

#[tokio::test]
async fn a_posted_request_needs_no_handshake_and_headers_that_agree() {
    let mut front = Front::new();
    front.post(&POSTED, "x");
    let (kind, sequence, message) = front.next().await;
    assert_eq!((kind, sequence, &message["id"]), (Kind::Response, 7, &json!(3)));
    assert_eq!(message["result"]["structuredContent"]["sequence"], 7, "{message}");
    let mut front = Front::new();
    front.post(&POSTED, "y");
    let (kind, sequence, message) = front.next().await;
    assert_eq!((kind, sequence, &message["error"]["code"]), (Kind::Response, 7, &json!(-32020)), "{message}");
    assert_eq!(message["id"], 3);
}

#[tokio::test]
async fn all_that_a_posted_request_says_belongs_to_it() {
    let mut front = Front::new();
    let [version, method, _] = POSTED;
    front.post(&[version, method, ("mcp-name", "word")], "word");
    let (kind, sequence, _) = front.next().await;
    assert_eq!((kind, sequence), (Kind::Notification, 7));
    assert_eq!(front.next().await.0, Kind::Response);
}

#[tokio::test]
async fn the_end_of_a_posted_request_calls_it_off_at_once() {
    let mut front = Front::new();
    let [version, method, _] = POSTED;
    front.post(&[version, method, ("mcp-name", "wait")], "wait");
    front.send(Kind::Close, 0, &Value::Null);
    let called_off = async {
        while front.resumed.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    // The library itself waits for five seconds.
    tokio::time::timeout(Duration::from_secs(3), called_off).await.expect("called off");
    front.outbox.push(&Frame::control(Kind::Ping, bytes::Bytes::new())).unwrap();
    let (kind, _, figures) = front.next().await;
    assert_eq!((kind, &figures["in_flight"]), (Kind::Pong, &json!(0)));
}

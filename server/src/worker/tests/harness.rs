//! A workspace with a store, and clients connected to services over pipes.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::JsonRpcMessage;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage, serve_directly};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, split};

use crate::link::{ClientId, FrontState, OperationId, TakeOver};
use crate::roles::Roles;
use crate::store::{Store, StoreOptions, Synchronous};
use crate::worker::limits::Limits;
use crate::worker::program::Options;
use crate::worker::service::{Replayed, TaskService};
use crate::worker::session::{RecordSink, Session, SessionRecord};
use crate::worker::shared::Shared;

const DEADLINE: Duration = Duration::from_secs(10);

/// A workspace with one worker.
pub(in crate::worker) struct Harness {
    directory: tempfile::TempDir,
    pub(in crate::worker) shared: Arc<Shared>,
}

/// What the next request of a client is given by the transport.
#[derive(Default)]
pub(in crate::worker) struct Envelope {
    /// Its number, counted on when zero.
    sequence: AtomicU64,
    last: AtomicU64,
    /// Whether requests come without an id, which the transport never does.
    pub(in crate::worker) without_id: std::sync::atomic::AtomicBool,
    /// Whether requests are marked as begun by an earlier worker.
    pub(in crate::worker) replayed: std::sync::atomic::AtomicBool,
}

/// A client connected to its own service.
pub(in crate::worker) struct Client {
    input: WriteHalf<DuplexStream>,
    output: Lines<BufReader<ReadHalf<DuplexStream>>>,
    seen: Vec<Value>,
    next: i64,
    /// Of each tool what it takes and what it answers.
    schemas: HashMap<String, [jsonschema::Validator; 2]>,
    /// Whether arguments may have forms that no schema shows.
    pub(in crate::worker) lenient: bool,
    pub(in crate::worker) meta: Value,
    pub(in crate::worker) record: Arc<Mutex<SessionRecord>>,
    pub(in crate::worker) envelope: Arc<Envelope>,
}

/// The far end of a client's pipe.
type Pipe = AsyncRwTransport<RoleServer, ReadHalf<DuplexStream>, WriteHalf<DuplexStream>>;

struct Kept(Arc<Mutex<SessionRecord>>);

impl RecordSink for Kept {
    fn save(&self, record: &SessionRecord) {
        *self.0.lock().unwrap() = record.clone();
    }
}

/// Gives each request what the front's link would give it.
pub(in crate::worker) struct Enveloped<T> {
    inner: T,
    client: ClientId,
    envelope: Arc<Envelope>,
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Enveloped<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let mut message = self.inner.receive().await?;
        if matches!(message, JsonRpcMessage::Request(_)) {
            let forced = self.envelope.sequence.swap(0, Ordering::SeqCst);
            let sequence =
                if forced == 0 { self.envelope.last.fetch_add(1, Ordering::SeqCst) + 1 } else { forced };
            if !self.envelope.without_id.load(Ordering::SeqCst) {
                message.insert_extension(OperationId { client: self.client, sequence, floor: 0 });
            }
            if self.envelope.replayed.load(Ordering::SeqCst) {
                message.insert_extension(Replayed);
            }
        }
        Some(message)
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

impl Harness {
    /// An empty workspace with the built-in roles.
    pub(in crate::worker) async fn new() -> Self {
        Self::with_roles(&[]).await
    }

    /// The same with limits.
    pub(in crate::worker) async fn limited(limits: Limits) -> Self {
        let Self { directory, shared } = Self::new().await;
        shared.store.close().await;
        let shared = share(directory.path(), Options::default(), Some(limits)).await;
        Self { directory, shared }
    }

    /// An empty workspace with these role files.
    pub(in crate::worker) async fn with_roles(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join(".task_orchestrator");
        std::fs::create_dir_all(state.join("roles")).unwrap();
        for (name, text) in files {
            std::fs::write(state.join("roles").join(name), text).unwrap();
        }
        let shared = share(directory.path(), Options::default(), None).await;
        Self { directory, shared }
    }

    /// The workspace's directory.
    pub(in crate::worker) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The same workspace with a new worker, which reads the roles anew.
    pub(in crate::worker) async fn restart(self) -> Self {
        self.shared.store.close().await;
        self.replaced(Options::default()).await
    }

    /// The same workspace with another worker, which takes over while the one before
    /// can say nothing any more.
    pub(in crate::worker) async fn replaced(self, options: Options) -> Self {
        let directory = self.directory;
        let shared = share(directory.path(), options, None).await;
        Self { directory, shared }
    }

    /// A store of the same workspace that another worker writes to from here on.
    pub(in crate::worker) async fn activate_successor(&self) -> Store {
        let store = Store::open(&options(&self.path().join(".task_orchestrator"))).unwrap();
        store.activate(TakeOver::Alone).await.unwrap();
        store
    }

    /// Changes the database behind the worker's back.
    pub(in crate::worker) fn sql(&self, sql: &str) {
        let connection = rusqlite::Connection::open(&self.shared.store.options().database).unwrap();
        connection.busy_timeout(DEADLINE).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// A client that has not said anything yet.
    pub(in crate::worker) fn connect(&self) -> Client {
        let (mut client, transport, session) = self.session(SessionRecord::default(), None);
        client.meta = Value::Null;
        let service = TaskService::new(Arc::clone(&self.shared), session);
        let running = serve_directly(service, transport, None);
        tokio::spawn(async move { drop(running.waiting().await) });
        client
    }

    /// A client of the last revision with sessions, initialized.
    pub(in crate::worker) async fn client(&self) -> Client {
        let mut client = self.connect();
        client.initialize("2025-11-25").await;
        client.learn_schemas().await;
        client
    }

    /// A client of the revision without sessions that can wait for calls in the
    /// background, and is known under this name.
    pub(in crate::worker) fn patient(&self, owner: &str) -> Client {
        let (mut client, transport, session) = self.session(SessionRecord::default(), Some(owner));
        client.meta = modern_meta();
        client.meta["io.modelcontextprotocol/clientCapabilities"] =
            json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
        let service = TaskService::new(Arc::clone(&self.shared), session);
        let running = serve_directly(service, transport, None);
        tokio::spawn(async move { drop(running.waiting().await) });
        client
    }

    /// A client of the revision without sessions.
    pub(in crate::worker) async fn modern(&self) -> Client {
        let mut client = self.connect();
        client.meta = modern_meta();
        client.learn_schemas().await;
        client
    }

    /// A client whose session an earlier worker had.
    pub(in crate::worker) async fn resume(&self, record: SessionRecord) -> Client {
        let initialize = record.initialize.clone();
        let (client, transport, session) = self.session(record, None);
        let service = TaskService::new(Arc::clone(&self.shared), session);
        let running = serve_directly(service, transport, initialize);
        let peer = running.peer().clone();
        running.service().resumed(&peer).await;
        tokio::spawn(async move { drop(running.waiting().await) });
        client
    }

    /// The far end of a pipe as a new session's transport.
    pub(in crate::worker) fn transport(&self, far: DuplexStream) -> (Enveloped<Pipe>, Arc<Session>) {
        let (read, write) = split(far);
        let client = ClientId::random();
        let kept = Kept(Arc::default());
        let session = Arc::new(Session::new(client, SessionRecord::default(), Box::new(kept)));
        let inner = AsyncRwTransport::new_server(read, write);
        (Enveloped { inner, client, envelope: Arc::default() }, session)
    }

    fn session(&self, record: SessionRecord, owner: Option<&str>) -> (Client, Enveloped<Pipe>, Arc<Session>) {
        let (near, far) = tokio::io::duplex(1 << 20);
        let (read, write) = split(far);
        let id = ClientId::random();
        let envelope = Arc::new(Envelope::default());
        let transport = Enveloped {
            inner: AsyncRwTransport::new_server(read, write),
            client: id,
            envelope: Arc::clone(&envelope),
        };
        let kept = Arc::new(Mutex::new(record.clone()));
        let session = Session::new(id, record, Box::new(Kept(Arc::clone(&kept))));
        let session = Arc::new(session.of(owner.map(str::to_owned)));
        let (read, input) = split(near);
        let client = Client {
            input,
            output: BufReader::new(read).lines(),
            seen: Vec::new(),
            next: 0,
            schemas: HashMap::new(),
            lenient: false,
            meta: Value::Null,
            record: kept,
            envelope,
        };
        (client, transport, session)
    }
}

async fn share(directory: &Path, worker: Options, limits: Option<Limits>) -> Arc<Shared> {
    let state = directory.join(".task_orchestrator");
    let roles = Arc::new(Roles::load(&state.join("roles")));
    let store = open(&state).await;
    let front =
        FrontState { front_started_at: jiff::Timestamp::now().as_second() - 100, ..FrontState::default() };
    let shared = Shared::new(store, roles, directory.to_owned(), state).with_options(worker);
    let shared = Arc::new(match limits {
        Some(limits) => shared.with_limits(limits),
        None => shared,
    });
    tokio::spawn(Arc::clone(&shared.background).serve(Arc::clone(&shared)));
    shared.activate(3, front);
    shared
}

async fn open(state: &Path) -> Store {
    let store = Store::open(&options(state)).unwrap();
    store.activate(TakeOver::Alone).await.unwrap();
    store
}

fn options(state: &Path) -> StoreOptions {
    let mut options = StoreOptions::new(state.join("task_orchestrator.db"), state.join("artifacts"));
    options.synchronous = Synchronous::Normal;
    options
}

/// What a client of the newest revision says with every request.
pub(in crate::worker) fn modern_meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

impl Client {
    /// Performs the handshake and returns the server's answer.
    pub(in crate::worker) async fn initialize(&mut self, version: &str) -> Value {
        let client = json!({ "name": "test", "version": "1" });
        let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
        let result = self.request("initialize", params).await.unwrap();
        self.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        result
    }

    async fn learn_schemas(&mut self) {
        let tools = self.request("tools/list", json!({})).await.unwrap();
        for tool in tools["tools"].as_array().unwrap() {
            let of = |part: &str| jsonschema::validator_for(&tool[part]).unwrap();
            let name = tool["name"].as_str().unwrap().to_owned();
            self.schemas.insert(name, [of("inputSchema"), of("outputSchema")]);
        }
    }

    /// The next request comes with this number, as if it were sent again.
    pub(in crate::worker) fn number_next(&self, sequence: u64) {
        self.envelope.sequence.store(sequence, Ordering::SeqCst);
    }

    /// Sends a request and returns its id.
    pub(in crate::worker) async fn send(&mut self, method: &str, mut params: Value) -> i64 {
        self.next += 1;
        if !self.meta.is_null() && params["_meta"].is_null() {
            params["_meta"] = self.meta.clone();
        }
        self.write(&json!({ "jsonrpc": "2.0", "id": self.next, "method": method, "params": params })).await;
        self.next
    }

    /// Sends a notification.
    pub(in crate::worker) async fn notify(&mut self, method: &str, params: Value) {
        self.write(&json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    /// Sends a request and waits for its answer.
    pub(in crate::worker) async fn request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.send(method, params).await;
        self.answer(id).await
    }

    /// Waits for an answer; notifications that come before it are kept.
    pub(in crate::worker) async fn answer(&mut self, id: i64) -> Result<Value, Value> {
        loop {
            let message = self.read().await;
            if message["id"] == id && message.get("method").is_none() {
                return match message.get("result") {
                    Some(result) => Ok(result.clone()),
                    None => Err(message["error"].clone()),
                };
            }
            self.seen.push(message);
        }
    }

    /// Calls a tool and returns the whole answer, checked against the tool's schema.
    pub(in crate::worker) async fn reply(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await;
        let result = result.unwrap_or_else(|error| panic!("{tool} {arguments}: {error}"));
        let structured = &result["structuredContent"];
        let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(&text, structured, "{tool}: text and structured content differ");
        if let Some([_, output]) = self.schemas.get(tool)
            && let Err(error) = output.validate(structured)
        {
            panic!("{tool}: {error} at {} in {structured:#}", error.instance_path());
        }
        result
    }

    /// Calls a tool that has to succeed.
    pub(in crate::worker) async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        if let Some([input, _]) = self.schemas.get(tool)
            && let Err(error) = input.validate(&arguments)
            && !self.lenient
        {
            panic!(
                "{tool} takes what its schema refuses: {error} at {} in {arguments}",
                error.instance_path()
            );
        }
        let mut result = self.reply(tool, arguments.clone()).await;
        assert_ne!(result["isError"], true, "{tool} {arguments}: {result:#}");
        result["structuredContent"].take()
    }

    /// Calls a tool that has to fail, and returns the error object.
    pub(in crate::worker) async fn fail(&mut self, tool: &str, arguments: Value) -> Value {
        let mut result = self.reply(tool, arguments.clone()).await;
        assert_eq!(result["isError"], true, "{tool} {arguments}: {result:#}");
        let error = result["structuredContent"].take();
        for field in ["error_code", "error", "hint"] {
            assert!(error[field].as_str().is_some_and(|text| !text.is_empty()), "{tool}: {field} of {error}");
        }
        assert!(error["retryable"].is_boolean() && error["details"].is_object(), "{error}");
        error
    }

    /// Sends a call that is no valid request, and returns the protocol's error.
    pub(in crate::worker) async fn malformed(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await;
        let error = result.expect_err(&format!("{tool} {arguments}"));
        assert_eq!(error["code"], -32602, "{error}");
        error
    }

    /// Plans a task with these subtasks and returns its id and theirs.
    pub(in crate::worker) async fn plan(&mut self, title: &str, subtasks: Value) -> (String, Vec<String>) {
        let arguments = json!({ "title": title, "description": "d", "subtasks": subtasks });
        let planned = self.call("orchestrator_plan_task", arguments).await;
        let id = |value: &Value| value["task_id"].as_str().unwrap().to_owned();
        (id(&planned), planned["subtasks"].as_array().unwrap().iter().map(id).collect())
    }

    /// Waits for a notification.
    pub(in crate::worker) async fn notification(&mut self, method: &str) -> Value {
        loop {
            if let Some(place) = self.seen.iter().position(|message| message["method"] == method) {
                return self.seen.remove(place)["params"].take();
            }
            let message = self.read().await;
            self.seen.push(message);
        }
    }

    /// Notifications that came before the answer of the last request.
    pub(in crate::worker) fn seen(&self, method: &str) -> usize {
        self.seen.iter().filter(|message| message["method"] == method).count()
    }

    /// The record as the front has it.
    pub(in crate::worker) fn record(&self) -> SessionRecord {
        self.record.lock().unwrap().clone()
    }

    async fn write(&mut self, message: &Value) {
        self.input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn read(&mut self) -> Value {
        let line = tokio::time::timeout(DEADLINE, self.output.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("nothing more came; seen: {:#?}", self.seen));
        serde_json::from_str(&line.unwrap().expect("the service has ended")).unwrap()
    }
}

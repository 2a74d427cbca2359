//! The admin channel over a real socket, with executors that are the test's own.

mod behaviour;
mod bounds;
mod crowd;
mod greeting;
mod log;
mod subscription;

use std::io::Write;
use std::os::unix::net::UnixStream as StdStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use task_orchestrator_shared::admin::codec::{
    Answered as CodecAnswered, Call, Failure, FromClient, FromServer,
};
use task_orchestrator_shared::admin::{
    Context, Done, MAX_LINE_BYTES, MAX_REQUEST_BYTES, Reply, Request, WhoAmI,
};
use task_orchestrator_shared::restart::RestartEvent;
use task_orchestrator_shared::role::Role;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::logs::LogSource;
use super::shared::Shared;
use super::*;
use crate::private_socket;

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

struct Scene {
    _directory: tempfile::TempDir,
    socket: PathBuf,
    end: tokio_util::sync::DropGuard,
}

impl Scene {
    fn new<E, F>(execute: E) -> Self
    where
        E: Fn(Asked) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Option<Reply>> + Send + 'static,
    {
        use futures::FutureExt;
        let execute = move |asked| execute(asked).map(|reply| reply.map(Answered::from));
        Self::of(listener::MAX_CONNECTIONS, None, execute)
    }

    fn of<E, F>(max_connections: usize, logs: Option<Arc<dyn LogSource>>, execute: E) -> Self
    where
        E: Fn(Asked) -> F + Send + Sync + 'static,
        F: Future<Output = Option<Answered>> + Send + 'static,
    {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("admin.sock");
        let ended = CancellationToken::new();
        let shared = Shared::new(facts(), logs, execute, ended.clone());
        let listener = private_socket::bind(&socket).unwrap();
        tokio::spawn(listener::listen(listener, shared, max_connections));
        Self { _directory: directory, socket, end: ended.drop_guard() }
    }

    async fn connect(&self) -> BufReader<UnixStream> {
        BufReader::new(UnixStream::connect(&self.socket).await.unwrap())
    }
}

fn facts() -> Facts {
    Facts { boot: "boot".to_owned(), workspace: "/shop".to_owned(), generation: Arc::new(AtomicU64::new(3)) }
}

fn line(number: u64) -> RestartEvent {
    RestartEvent::BuildOutput { line: number.to_string() }
}

fn done(message: impl Into<String>) -> Option<Reply> {
    Some(Reply::Done(Done { message: message.into() }))
}

fn health(id: u64) -> String {
    format!("{}\n", json!({ "jsonrpc": "2.0", "id": id, "method": "health" }))
}

/// One request of version 1 and what came of it: each event, then the answer.
fn call_with_events(
    socket: &std::path::Path,
    request: &Request,
    mut on_event: impl FnMut(RestartEvent),
) -> Result<Reply, Failure> {
    let mut stream = StdStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let call = FromClient::Call(Call { id: 1, request: request.clone(), context: Context::default() });
    stream.write_all(format!("{}\n", call.line().unwrap()).as_bytes()).unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stream));
    loop {
        match FromServer::read(lines.next().unwrap().unwrap().as_bytes()).unwrap() {
            FromServer::Event { event, .. } => on_event(event),
            FromServer::Answer { answer: Ok(CodecAnswered::Reply(reply)), .. } => return Ok(reply),
            FromServer::Answer { answer: Err(failure), .. } => return Err(failure),
            other => panic!("{other:?}"),
        }
    }
}

fn call(socket: &std::path::Path, request: &Request) -> Result<Reply, Failure> {
    call_with_events(socket, request, |_| {})
}

async fn read(stream: &mut BufReader<UnixStream>) -> Value {
    let mut text = String::new();
    timeout(LONG, stream.read_line(&mut text)).await.expect("a line in time").unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

fn request(id: u64, method: &str, params: Value) -> String {
    format!("{}\n", json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
}

fn hello(role: Option<Role>) -> String {
    request(1, "hello", json!({ "protocol": { "oldest": 1, "newest": 2 }, "client": "test", "role": role }))
}

/// What a hub says to a caller who was granted this role.
fn you_are(granted: Role, caller: &Caller) -> Reply {
    Reply::WhoAmI(Box::new(WhoAmI {
        uid: caller.uid,
        user: None,
        gid: caller.gid,
        pid: caller.pid,
        role: caller.wanted.unwrap_or(granted).min(granted),
        granted,
        granted_by: "owner".to_owned(),
        may: Vec::new(),
    }))
}

/// Says hello, and what is answered.
async fn greet(stream: &mut BufReader<UnixStream>, role: Option<Role>) -> Value {
    stream.write_all(hello(role).as_bytes()).await.unwrap();
    read(stream).await
}

/// Whether nothing more comes.
async fn ends(stream: &mut BufReader<UnixStream>) -> bool {
    let mut rest = Vec::new();
    let read = timeout(LONG * 2, stream.read_to_end(&mut rest)).await.expect("the connection ends");
    read.is_err() || rest.is_empty()
}

/// Calls back when it is dropped.
struct Dropped(mpsc::UnboundedSender<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

//! The admin channel over a real socket, with executors that are the test's own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use task_orchestrator_shared::admin::{Context, Done, MAX_LINE_BYTES, MAX_REQUEST_BYTES, Reply, Request};
use task_orchestrator_shared::client::{CallError, Target, once};
use task_orchestrator_shared::restart::RestartEvent;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::private_socket;

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

struct Scene {
    _directory: tempfile::TempDir,
    socket: PathBuf,
    _end: tokio_util::sync::DropGuard,
}

impl Scene {
    fn new<E, F>(execute: E) -> Self
    where
        E: Fn(Asked) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Option<Reply>> + Send + 'static,
    {
        use futures::FutureExt;
        let execute = move |asked| execute(asked).map(|reply| reply.map(Answered::from));
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("admin.sock");
        let ended = CancellationToken::new();
        tokio::spawn(serve(private_socket::bind(&socket).unwrap(), execute, ended.clone()));
        Self { _directory: directory, socket, _end: ended.drop_guard() }
    }

    fn target(&self) -> Target {
        Target::new(&self.socket, "test")
    }

    async fn connect(&self) -> BufReader<UnixStream> {
        BufReader::new(UnixStream::connect(&self.socket).await.unwrap())
    }
}

fn ask(target: &Target, request: Request) -> Result<Reply, CallError> {
    once(target, request, Context::default(), Some(LONG), |_| {})
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

async fn read(stream: &mut BufReader<UnixStream>) -> Value {
    let mut text = String::new();
    timeout(LONG, stream.read_line(&mut text)).await.expect("a line in time").unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

#[tokio::test]
async fn events_are_told_in_order_before_the_answer() {
    let scene = Scene::new(|asked: Asked| async move {
        assert_eq!(asked.caller.uid, rustix::process::geteuid().as_raw());
        for number in 0..3 {
            asked.events.try_send(line(number)).unwrap();
            tokio::task::yield_now().await;
        }
        asked.events.try_send(line(3)).unwrap();
        done("so it is")
    });
    let target = scene.target();
    let (reply, events) = spawn_blocking(move || {
        let mut events = Vec::new();
        let reply =
            once(&target, Request::Health, Context::default(), Some(LONG), |event| events.push(event));
        (reply.unwrap(), events)
    })
    .await
    .unwrap();
    assert_eq!(events, [line(0), line(1), line(2), line(3)]);
    assert_eq!(Some(reply), done("so it is"));
}

#[tokio::test]
async fn a_caller_who_does_not_read_loses_events_and_holds_nobody_up() {
    const EVENTS: u64 = 20_000;
    let told = Arc::new(AtomicU64::new(0));
    let finished = Arc::new(Notify::new());
    let scene = Scene::new({
        let (told, finished) = (Arc::clone(&told), Arc::clone(&finished));
        move |asked: Asked| {
            let (told, finished) = (Arc::clone(&told), Arc::clone(&finished));
            async move {
                for number in 0..EVENTS {
                    let event = RestartEvent::BuildOutput { line: format!("{number:>500}") };
                    told.fetch_add(u64::from(asked.events.try_send(event).is_ok()), Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
                finished.notify_one();
                done("all told")
            }
        }
    });
    let mut stream = scene.connect().await;
    stream.write_all(health(7).as_bytes()).await.unwrap();
    timeout(LONG, finished.notified()).await.expect("the execution does not wait for the reader");
    let told = told.load(Ordering::Relaxed);
    assert!(told < EVENTS, "nothing was dropped: the test proves nothing");

    let mut events = 0;
    let answer = loop {
        let said = read(&mut stream).await;
        if said.get("method").is_none() {
            break said;
        }
        assert_eq!(said["params"]["event"], "build_output");
        events += 1;
    };
    assert_eq!(events, told, "what was taken is told");
    assert_eq!((&answer["id"], &answer["result"]["value"]["message"]), (&json!(7), &json!("all told")));
}

#[tokio::test(start_paused = true)]
async fn who_never_reads_an_answer_loses_the_connection() {
    // More than the system keeps for a reader.
    let scene = Scene::new(|_: Asked| async { done("x".repeat(MAX_LINE_BYTES / 2)) });
    let mut stream = scene.connect().await;
    stream.write_all(health(1).as_bytes()).await.unwrap();
    timeout(connection::PATIENCE * 2, std::future::pending::<()>()).await.unwrap_err();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.is_empty() && !rest.ends_with(b"\n"), "{} bytes", rest.len());
}

#[tokio::test]
async fn who_hangs_up_is_waited_for_no_longer() {
    struct Dropped(mpsc::UnboundedSender<()>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (sender, mut dropped) = mpsc::unbounded_channel();
    let (begun, mut began) = mpsc::unbounded_channel();
    let scene = Scene::new(move |asked: Asked| {
        let (guard, begun) = (Dropped(sender.clone()), begun.clone());
        async move {
            begun.send(()).unwrap();
            std::future::pending::<()>().await;
            drop((guard, asked));
            None
        }
    });
    let mut stream = scene.connect().await;
    stream.write_all(health(1).as_bytes()).await.unwrap();
    timeout(LONG, began.recv()).await.unwrap().unwrap();
    drop(stream);
    timeout(LONG, dropped.recv()).await.expect("the execution is dropped").unwrap();
}

#[tokio::test]
async fn who_only_says_no_more_gets_the_answer() {
    let go = Arc::new(Notify::new());
    let scene = Scene::new({
        let go = Arc::clone(&go);
        move |asked: Asked| {
            let go = Arc::clone(&go);
            async move {
                go.notified().await;
                asked.events.try_send(line(1)).unwrap();
                done("still here")
            }
        }
    });
    let mut stream = scene.connect().await;
    stream.write_all(health(1).as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    // On this single thread the server sees the end before it sees this.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    go.notify_one();
    assert_eq!(read(&mut stream).await["method"], "event");
    assert_eq!(read(&mut stream).await["result"]["value"]["message"], "still here");
    assert_eq!(stream.read_to_end(&mut Vec::new()).await.unwrap(), 0, "and then it is closed");
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order() {
    let scene = Scene::new(|asked: Asked| async move {
        tokio::task::yield_now().await;
        done(format!("{:?}", asked.request))
    });
    let mut stream = scene.connect().await;
    let prepare = json!({ "jsonrpc": "2.0", "id": 2, "method": "prepare" });
    stream.write_all(format!("{}{prepare}\n{}", health(1), health(3)).as_bytes()).await.unwrap();
    for (id, message) in [(1, "Health"), (2, "Prepare"), (3, "Health")] {
        let answer = read(&mut stream).await;
        assert_eq!((&answer["id"], &answer["result"]["value"]["message"]), (&json!(id), &json!(message)));
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_says_so() {
    let scene = Scene::new(|asked: Asked| async move {
        let bytes = if asked.request == Request::Health { MAX_LINE_BYTES } else { MAX_LINE_BYTES - 200 };
        done("x".repeat(bytes))
    });
    let target = scene.target();
    spawn_blocking(move || {
        let error = ask(&target, Request::Health).unwrap_err();
        assert!(
            matches!(&error, CallError::Refused { message, .. } if message.contains("ask for less")),
            "{error}"
        );
        let Reply::Done(done) = ask(&target, Request::Prepare).unwrap() else { panic!() };
        assert_eq!(done.message.len(), MAX_LINE_BYTES - 200, "the longest that fits");
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_is_no_request_is_answered_with_the_reason() {
    let scene = Scene::new(|_: Asked| async { done("") });
    let cases = [
        (json!({ "jsonrpc": "2.0", "id": 5, "method": "fly" }).to_string(), -32600, json!(5)),
        (json!({ "jsonrpc": "1.0", "id": 6, "method": "health" }).to_string(), -32600, json!(6)),
        ("{".to_owned(), -32700, Value::Null),
        ("x".repeat(MAX_REQUEST_BYTES + 1), -32700, Value::Null),
    ];
    for (text, code, id) in cases {
        let mut stream = scene.connect().await;
        stream.write_all(format!("{text}\n").as_bytes()).await.unwrap();
        let answer = read(&mut stream).await;
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), &id), "{answer}");
    }
}

#[tokio::test]
async fn a_server_that_ends_says_so() {
    let scene = Scene::new(|_: Asked| async { None });
    let target = scene.target();
    let error = spawn_blocking(move || ask(&target, Request::Health).unwrap_err()).await.unwrap();
    assert!(matches!(&error, CallError::Refused { message, .. } if message.contains("ending")), "{error}");
}

#[tokio::test]
async fn a_caller_waits_no_longer_than_it_said() {
    let scene = Scene::new(|_: Asked| std::future::pending());
    let target = scene.target();
    let patience = Duration::from_millis(50);
    let waited =
        spawn_blocking(move || once(&target, Request::Health, Context::default(), Some(patience), |_| {}));
    let error = timeout(LONG, waited).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, CallError::TimedOut(limit) if limit == patience), "{error}");
}

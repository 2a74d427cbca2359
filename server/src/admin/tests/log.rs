//! Lines of the log as they are written.

use futures::future::BoxFuture;
use task_orchestrator_shared::admin::Refusal;
use task_orchestrator_shared::admin::log::{LogFilter, LogLine, LogLines};
use task_orchestrator_shared::error_code::ErrorCode;
use tokio::sync::broadcast;

use super::streams::MAX_FOLLOWERS;
use super::*;

/// A log that the test writes.
struct Written {
    lines: broadcast::Sender<String>,
    opened: Arc<AtomicU64>,
}

struct Reader(broadcast::Receiver<String>);

fn log_line(text: &str) -> LogLine {
    let (process, text) = ("front".to_owned(), text.to_owned());
    LogLine { at: String::new(), level: None, process, pid: None, target: String::new(), text }
}

impl LogSource for Written {
    fn open(&self, filter: &LogFilter) -> Result<(Vec<LogLine>, Box<dyn Follow>), LogSourceError> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        match filter.grep.as_deref() {
            Some("(") => Err(LogSourceError::Filter("unclosed group".to_owned())),
            Some("gone") => Err(LogSourceError::Unreadable("no such directory".to_owned())),
            _ => Ok((vec![log_line("old")], Box::new(Reader(self.lines.subscribe())))),
        }
    }
}

impl Follow for Reader {
    fn next(&mut self) -> BoxFuture<'_, LogLines> {
        Box::pin(async {
            match self.0.recv().await {
                Ok(text) => LogLines { lines: vec![log_line(&text)], missed: 0 },
                Err(broadcast::error::RecvError::Lagged(missed)) => LogLines { lines: Vec::new(), missed },
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        })
    }
}

struct Told {
    scene: Scene,
    lines: broadcast::Sender<String>,
    opened: Arc<AtomicU64>,
}

fn logging(allowed: bool) -> Told {
    let (lines, opened) = (broadcast::channel(8).0, Arc::default());
    let source = Written { lines: lines.clone(), opened: Arc::clone(&opened) };
    let execute = move |asked: Asked| {
        let refusal = || {
            let (error_code, error) = (ErrorCode::PermissionDenied, "not you".to_owned());
            Reply::Refused(Refusal { error_code, error, hint: String::new() })
        };
        let reply = match asked.request {
            Request::WhoAmI => you_are(Role::Monitor, &asked.caller),
            Request::FollowLogs(_) if allowed => Reply::LogLines(Vec::new()),
            _ => refusal(),
        };
        std::future::ready(Some(Answered::from(reply)))
    };
    Told { scene: Scene::of(1000, Some(Arc::new(source)), execute), lines, opened }
}

fn follow(id: u64, filter: Value) -> String {
    request(id, "follow_logs", filter)
}

fn some() -> Value {
    json!({ "tail": 5 })
}

async fn ask(stream: &mut BufReader<UnixStream>, line: String) -> Value {
    stream.write_all(line.as_bytes()).await.unwrap();
    read(stream).await
}

async fn greeted(scene: &Scene) -> BufReader<UnixStream> {
    let mut stream = scene.connect().await;
    greet(&mut stream, None).await;
    stream
}

#[tokio::test]
async fn new_lines_follow_on_old_ones_until_unfollow() {
    let told = logging(true);
    let mut stream = greeted(&told.scene).await;
    let answer = ask(&mut stream, follow(2, some())).await;
    assert_eq!((&answer["id"], &answer["result"]["value"][0]["text"]), (&json!(2), &json!("old")));
    told.lines.send("new".to_owned()).unwrap();
    let said = read(&mut stream).await;
    assert_eq!((&said["method"], &said["params"]["lines"][0]["text"]), (&json!("log"), &json!("new")));
    assert_eq!(ask(&mut stream, request(3, "unfollow", Value::Null)).await["id"], 3);
    assert_eq!(told.lines.receiver_count(), 0);
}

#[tokio::test]
async fn lines_that_fit_on_no_line_are_counted_as_missed() {
    let told = logging(true);
    let mut stream = greeted(&told.scene).await;
    ask(&mut stream, follow(2, some())).await;
    told.lines.send("x".repeat(MAX_LINE_BYTES)).unwrap();
    assert_eq!(read(&mut stream).await["params"], json!({ "lines": [], "missed": 1 }));
}

#[tokio::test]
async fn the_log_is_opened_only_for_who_may_read_it() {
    let told = logging(false);
    let mut stream = greeted(&told.scene).await;
    let answer = ask(&mut stream, follow(2, some())).await;
    assert_eq!(answer["result"]["value"]["error"], "not you");
    assert_eq!(told.opened.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_filter_that_is_none_is_refused() {
    let told = logging(true);
    let mut stream = greeted(&told.scene).await;
    let cases =
        [("(", "INVALID_ARGUMENT", "unclosed group"), ("gone", "STORAGE_UNAVAILABLE", "no such directory")];
    for (grep, code, error) in cases {
        let answer = ask(&mut stream, follow(2, json!({ "grep": grep, "tail": 1 }))).await;
        let refusal = &answer["result"]["value"];
        assert_eq!((&refusal["error_code"], &refusal["error"]), (&json!(code), &json!(error)));
    }
}

#[tokio::test]
async fn so_many_may_follow_and_no_more() {
    let told = logging(true);
    let mut followers = Vec::new();
    for _ in 0..MAX_FOLLOWERS {
        let mut stream = greeted(&told.scene).await;
        assert!(ask(&mut stream, follow(2, some())).await.get("result").is_some());
        followers.push(stream);
    }
    let mut stream = greeted(&told.scene).await;
    assert_eq!(ask(&mut stream, follow(2, some())).await["error"]["code"], -32003);
    let answer = ask(followers.first_mut().unwrap(), follow(3, some())).await;
    assert!(answer.get("result").is_some(), "who is among them may change the filter: {answer}");
    ask(followers.last_mut().unwrap(), request(4, "unfollow", Value::Null)).await;
    assert!(ask(&mut stream, follow(5, some())).await.get("result").is_some());
}

#[tokio::test]
async fn a_reader_who_stops_misses_lines_and_is_told_how_many() {
    const WRITTEN: u64 = 2000;
    let told = logging(true);
    let mut stream = greeted(&told.scene).await;
    ask(&mut stream, follow(2, some())).await;
    for _ in 0..WRITTEN {
        told.lines.send("x".repeat(1000)).unwrap();
        tokio::task::yield_now().await;
    }
    let (mut lines, mut missed) = (0, 0);
    while lines + missed < WRITTEN {
        let said = read(&mut stream).await;
        lines += said["params"]["lines"].as_array().unwrap().len() as u64;
        missed += said["params"]["missed"].as_u64().unwrap();
    }
    assert!(missed > 0 && lines > 0 && lines + missed == WRITTEN, "{lines} {missed}");
}

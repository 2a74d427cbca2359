//! What a reader of the log is promised, with real files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::sync::Mutex;

use task_orchestrator_shared::admin::log::{LogLevel, MAX_LOG_LINE_BYTES};
use tempfile::TempDir;
use tokio::time::timeout;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::config::LogFormat;

const DEADLINE: Duration = Duration::from_secs(30);

struct Logs(TempDir);

impl Logs {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}.log"))
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn open(&self, filter: &LogFilter) -> (Vec<String>, Follower) {
        let (lines, follower) = Follower::open(self.0.path(), filter).unwrap();
        (texts(lines), follower)
    }

    fn newest(&self, filter: &LogFilter) -> Vec<String> {
        self.open(filter).0
    }
}

fn texts(lines: Vec<LogLine>) -> Vec<String> {
    lines.into_iter().map(|line| line.text).collect()
}

/// A line of this second of the day.
fn line(second: u32, text: &str) -> String {
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("[7] 2026-11-21T{hour:02}:{minute:02}:{second:02}.000000Z  INFO a::b: {text}\n")
}

fn tail(tail: u32) -> LogFilter {
    LogFilter { tail, ..LogFilter::default() }
}

async fn next(follower: &mut Follower) -> Vec<String> {
    let lines = timeout(DEADLINE, follower.next()).await.expect("lines in time");
    assert_eq!(lines.missed, 0);
    texts(lines.lines)
}

#[test]
fn what_is_logged_in_either_form_is_read_back() {
    for format in [LogFormat::Human, LogFormat::Json] {
        let logs = Logs::new();
        let file = OpenOptions::new().append(true).create(true).open(logs.path("worker.2026-11-21")).unwrap();
        let subscriber = tracing_subscriber::registry().with(crate::logging::lines(format, Mutex::new(file)));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("tool", operation = "c1:2:3", name = "plan {\"x");
            let _entered = span.enter();
            tracing::warn!(target: "task_orchestrator::worker", session = 7, "first\nsecond");
            tracing::debug!(target: "rmcp", "quiet");
        });
        let filter = LogFilter {
            level: Some(LogLevel::Info),
            session: Some("7".to_owned()),
            grep: Some("sec.nd".to_owned()),
            ..LogFilter::default()
        };
        let (lines, _) = Follower::open(logs.0.path(), &filter).unwrap();
        let [line] = lines.as_slice() else { panic!("{format:?}: {lines:?}") };
        assert_eq!((line.level, line.process.as_str()), (Some(LogLevel::Warn), "worker"));
        assert_eq!(line.pid, Some(std::process::id()));
        assert_eq!(line.target, "task_orchestrator::worker", "{format:?}: {line:?}");
        assert!(line.text.starts_with("tool{operation="), "{}", line.text);
        assert!(line.text.contains("}: first") && line.text.contains("second session=7"), "{}", line.text);
        assert!(line.at.parse::<jiff::Timestamp>().is_ok());
    }
}

#[test]
fn the_newest_lines_of_both_processes_and_of_days_come_in_their_order() {
    let logs = Logs::new();
    assert_eq!(logs.newest(&tail(10)), [""; 0], "nothing is there yet");
    logs.append("front.2026-11-20", &line(1, "yesterday").replace("11-21", "11-20"));
    logs.append("front.2026-11-21", &(line(10, "one") + &line(30, "three") + &line(50, "five")));
    logs.append("worker.2026-11-21", &(line(20, "two") + &line(40, "four") + "  at x.rs\n"));
    logs.append("notes.2026-11-21", &line(55, "nobody's"));
    logs.append("front.2026-11-9", &line(55, "no date"));
    let all = ["yesterday", "one", "two", "three", "four\n  at x.rs", "five"];
    assert_eq!(logs.newest(&tail(10)), all);
    assert_eq!(logs.newest(&tail(2)), all[4..]);
    assert_eq!(logs.newest(&tail(0)), [""; 0]);
    let grep = LogFilter { grep: Some("^yest".to_owned()), ..tail(1) };
    assert_eq!(logs.newest(&grep), ["yesterday"]);
}

#[test]
fn a_rare_line_is_found_far_back_but_not_beyond_the_limit() {
    let logs = Logs::new();
    let rare = LogFilter { grep: Some("needle".to_owned()), ..tail(5) };
    let hay = line(5, &"x".repeat(900)).repeat(2000);
    logs.append("front.2026-11-21", &(line(4, "needle") + &hay));
    assert_eq!(logs.newest(&rare), ["needle"]);
    for _ in 0..5 {
        logs.append("front.2026-11-21", &hay);
    }
    assert!(fs::metadata(logs.path("front.2026-11-21")).unwrap().len() > MAX_LOOKED_AT / 2);
    assert_eq!(logs.newest(&rare), [""; 0]);
}

#[tokio::test]
async fn what_is_appended_comes_whole_and_with_what_goes_on_from_it() {
    let logs = Logs::new();
    logs.append("front.2026-11-21", &(line(1, "old") + "[7] 2026-11-21T00:00:02Z INFO a"));
    let (old, mut follower) = logs.open(&tail(10));
    assert_eq!(old, ["old"]);
    logs.append("front.2026-11-21", "::b: begun before\n");
    assert_eq!(next(&mut follower).await, ["begun before"]);
    logs.append("front.2026-11-21", "  its second line\n");
    let later = timeout(DEADLINE, follower.next()).await.unwrap();
    assert_eq!(later.lines[0].at, "2026-11-21T00:00:02Z");
    assert_eq!(later.lines[0].text, "  its second line");
    logs.append("worker.2026-11-21", &(line(9, "the first of its file") + "more\n"));
    assert_eq!(next(&mut follower).await, ["the first of its file\nmore"]);
}

#[tokio::test]
async fn a_new_day_a_cut_file_and_a_replaced_one_are_followed() {
    let logs = Logs::new();
    let name = "front.2026-11-21";
    logs.append(name, &line(1, "old"));
    let (_, mut follower) = logs.open(&tail(0));
    logs.append(name, &line(2, "before the cut"));
    assert_eq!(next(&mut follower).await, ["before the cut"]);
    OpenOptions::new().write(true).open(logs.path(name)).unwrap().set_len(0).unwrap();
    logs.append(name, &line(3, "cut"));
    assert_eq!(next(&mut follower).await, ["cut"]);

    let mut held = OpenOptions::new().append(true).open(logs.path(name)).unwrap();
    fs::remove_file(logs.path(name)).unwrap();
    held.write_all(line(4, "into the removed file").as_bytes()).unwrap();
    assert_eq!(next(&mut follower).await, ["into the removed file"]);
    held.write_all(line(5, "the last of it").as_bytes()).unwrap();
    logs.append(name, &line(6, "into the new one"));
    let mut seen = next(&mut follower).await;
    if seen.len() < 2 {
        seen.extend(next(&mut follower).await);
    }
    assert_eq!(seen, ["the last of it", "into the new one"]);

    logs.append("front.2026-11-22", &line(7, "a new day"));
    assert_eq!(next(&mut follower).await, ["a new day"]);
    logs.append(name, &line(8, "late for the old day"));
    assert_eq!(next(&mut follower).await, ["late for the old day"]);
}

#[tokio::test]
async fn a_flood_leaves_the_newest_and_the_count_of_the_others() {
    let logs = Logs::new();
    logs.append("front.2026-11-21", &line(1, "old"));
    let (_, mut follower) = logs.open(&tail(0));
    let many: String = (0..5000).map(|number| line(2, &number.to_string())).collect();
    logs.append("front.2026-11-21", &many);
    let seen = timeout(DEADLINE, follower.next()).await.unwrap();
    assert_eq!((seen.lines.len(), seen.missed), (MAX_LOG_LINES, 4000));
    assert_eq!(seen.lines[0].text, "4000");

    // More than is read at all, with lines so long that fewer fit in an answer.
    let long = line(3, &"x".repeat(2 * MAX_LOG_LINE_BYTES)).repeat(1000);
    logs.append("front.2026-11-21", &long);
    let seen = timeout(DEADLINE, follower.next()).await.unwrap();
    assert_eq!(seen.lines.len() as u64 + seen.missed, 1000);
    assert!(seen.lines.len() > 50 && seen.lines.len() < 64, "{}", seen.lines.len());
    assert!(seen.lines.iter().all(|line| line.text.len() == MAX_LOG_LINE_BYTES));
}

#[tokio::test]
async fn who_stops_waiting_loses_nothing() {
    let logs = Logs::new();
    let (_, mut follower) = logs.open(&tail(0));
    let mut seen = Vec::new();
    for number in 0..20 {
        logs.append("front.2026-11-21", &line(1, &number.to_string()));
        // A caller with little patience; the deadline of the test is the sum of many.
        for _ in 0..200 {
            if let Ok(lines) = timeout(Duration::from_millis(3), follower.next()).await {
                seen.extend(texts(lines.lines));
                break;
            }
        }
    }
    while seen.len() < 20 {
        seen.extend(next(&mut follower).await);
    }
    assert_eq!(seen, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn what_is_no_file_of_the_log_is_not_read() {
    let logs = Logs::new();
    logs.append("elsewhere", &line(1, "secret"));
    std::os::unix::fs::symlink(logs.path("elsewhere"), logs.path("front.2026-11-21")).unwrap();
    let error = Follower::open(logs.0.path(), &tail(1)).unwrap_err();
    assert!(error.to_string().contains("front.2026-11-21.log"), "{error}");
    fs::remove_file(logs.path("front.2026-11-21")).unwrap();
    fs::create_dir(logs.path("front.2026-11-21")).unwrap();
    assert!(Follower::open(logs.0.path(), &tail(1)).is_err());
    let filter = LogFilter { grep: Some("(".to_owned()), ..tail(1) };
    assert!(matches!(Follower::open(logs.0.path(), &filter), Err(FollowError::Pattern(_))));
}

//! What reaches the screen, and when it ends.

use std::collections::VecDeque;
use std::io::Write;
use std::time::Duration;

use serde_json::Value;
use task_orchestrator_shared::admin::view::{Change, Delta};

use super::*;
use crate::cli::tests::samples;

/// What is printed of a view, a change and a loss, and how it ended.
async fn printed(json: bool, out: &mut dyn Write, why: Why) -> anyhow::Result<Exit> {
    let delta = Delta { seq: 8, at: "then".to_owned(), changes: vec![Change::SessionEnded(1)] };
    let away = Heard::Away { why, text: "gone".to_owned(), retry_in: Duration::from_millis(250) };
    let mut heard = VecDeque::from([Heard::View(Box::new(samples::view())), Heard::Delta(delta), away]);
    let (told, end) = tokio::sync::oneshot::channel::<()>();
    let mut told = Some(told);
    let mut next = async || match heard.pop_front() {
        Some(heard) => Some(heard),
        None => {
            // All of it was printed: now it is interrupted.
            drop(told.take());
            std::future::pending().await
        }
    };
    let mut err = Vec::new();
    let screen = &mut Screen {
        input: &mut [].as_slice(),
        out,
        err: &mut err,
        paint: Paint::Plain,
        draws: false,
        asks: false,
    };
    let interrupted = async {
        let _ = end.await;
    };
    print_until(interrupted, &mut next, json, screen).await
}

#[tokio::test]
async fn people_get_a_line_with_its_time_for_each_thing() {
    let mut out = Vec::new();
    assert_eq!(printed(false, &mut out, Why::Lost).await.unwrap(), Exit::Done);
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].ends_with("Z  generation 3, phase idle, 1 worker, 2 clients"), "{text}");
    assert_eq!(lines[1], "then  client 1 is gone");
    assert!(lines[2].contains("no connection: gone"), "{text}");
}

#[tokio::test]
async fn programs_get_one_object_a_line() {
    let mut out = Vec::new();
    assert_eq!(printed(true, &mut out, Why::Nobody).await.unwrap(), Exit::Done);
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines.iter().all(|line| line["schema_version"] == 1), "{text}");
    assert_eq!(lines[0]["view"]["seq"], 7);
    assert_eq!((&lines[1]["seq"], &lines[1]["changes"][0]["topic"]), (&json!(8), &json!("session_ended")));
    assert_eq!(
        (&lines[2]["link"]["why"], &lines[2]["link"]["retry_in_ms"]),
        (&json!("no_server"), &json!(250))
    );
}

#[tokio::test]
async fn who_may_not_watch_is_told_so_and_it_ends() {
    let mut out = Vec::new();
    let error = printed(false, &mut out, Why::Denied).await.unwrap_err();
    assert_eq!(crate::cli::exit_of(&error), Exit::Denied);
}

#[tokio::test]
async fn it_ends_quietly_when_nobody_reads_any_more() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for json in [false, true] {
        assert_eq!(printed(json, &mut Closed, Why::Lost).await.unwrap(), Exit::Done);
    }
}

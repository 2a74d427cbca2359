//! What has come from the server: kept by kind, waited for without polling.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

/// A message and when its line was complete.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The whole message.
    pub message: Value,
    /// When it was read.
    pub at: Instant,
}

/// Everything that one client has received.
#[derive(Debug, Default)]
pub struct Received {
    replies: HashMap<String, Slot>,
    /// Notifications in their order.
    pub notifications: Vec<Value>,
    /// Requests of the server, each of which has been answered.
    pub requests: Vec<Value>,
    /// Lines that are no JSON-RPC message.
    pub impure: Vec<String>,
    /// Whether the server has ended its output.
    pub ended: bool,
}

#[derive(Debug, Default)]
struct Slot {
    times: u32,
    waiting: Vec<Arrived>,
}

impl Received {
    /// The oldest response to this id that nobody has taken.
    pub fn take(&mut self, id: &Value) -> Option<Arrived> {
        let slot = self.replies.get_mut(&id.to_string())?;
        (!slot.waiting.is_empty()).then(|| slot.waiting.remove(0))
    }

    /// How often the id has been answered.
    pub fn times_answered(&self, id: &Value) -> u32 {
        self.replies.get(&id.to_string()).map_or(0, |slot| slot.times)
    }

    /// Ids that were answered more than once. `null` is nobody's id and may be.
    pub fn answered_more_than_once(&self) -> Vec<String> {
        let twice = self.replies.iter().filter(|(id, slot)| slot.times > 1 && *id != "null");
        twice.map(|(id, _)| id.clone()).collect()
    }

    /// Notifications of one method.
    pub fn notifications_of(&self, method: &str) -> Vec<Value> {
        self.notifications
            .iter()
            .filter(|message| message.get("method") == Some(&json!(method)))
            .cloned()
            .collect()
    }

    /// Files one line; gives the answer that it wants.
    fn file(&mut self, line: &str) -> Option<Value> {
        let message = match serde_json::from_str::<Value>(line) {
            Ok(message) if message.get("jsonrpc") == Some(&json!("2.0")) => message,
            _ => {
                self.impure.push(line.chars().take(200).collect());
                return None;
            }
        };
        let (id, method) = (message.get("id").cloned(), message.get("method").is_some());
        let outcome = message.get("result").is_some() != message.get("error").is_some();
        match (id, method, outcome) {
            (Some(id), true, false) => {
                self.requests.push(message);
                Some(json!({"jsonrpc": "2.0", "id": id, "result": {}}))
            }
            (None, true, false) => {
                self.notifications.push(message);
                None
            }
            (Some(id), false, true) => {
                let slot = self.replies.entry(id.to_string()).or_default();
                slot.times += 1;
                slot.waiting.push(Arrived { message, at: Instant::now() });
                None
            }
            _ => {
                self.impure.push(line.chars().take(200).collect());
                None
            }
        }
    }
}

/// [`Received`], filled by a thread of its own.
#[derive(Debug, Default)]
pub struct Inbox {
    received: Mutex<Received>,
    changed: Condvar,
}

impl Inbox {
    /// Reads the stream to its end in the background.
    pub(super) fn reading(output: ChildStdout, input: Arc<Mutex<Option<ChildStdin>>>) -> Arc<Self> {
        let inbox = Arc::new(Self::default());
        let filled = Arc::clone(&inbox);
        std::thread::spawn(move || {
            let mut lines = BufReader::with_capacity(1 << 16, output);
            let mut line = Vec::new();
            while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
                filled.arrived(&line, &input);
                line.clear();
            }
            filled.lock().ended = true;
            filled.changed.notify_all();
        });
        inbox
    }

    fn arrived(&self, line: &[u8], input: &Mutex<Option<ChildStdin>>) {
        let text = String::from_utf8_lossy(line);
        let complete = text.strip_suffix('\n');
        let answer = {
            let mut received = self.lock();
            match complete {
                Some(line) => received.file(line),
                None => {
                    received
                        .impure
                        .push(format!("unfinished: {}", text.chars().take(200).collect::<String>()));
                    None
                }
            }
        };
        self.changed.notify_all();
        if let Some(answer) = answer
            && let Some(input) = input.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
        {
            let _ = input.write_all(format!("{answer}\n").as_bytes());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what is there.
    pub fn look<R>(&self, view: impl FnOnce(&Received) -> R) -> R {
        view(&self.lock())
    }

    /// Waits until the probe has an answer.
    ///
    /// # Errors
    ///
    /// When the deadline passes first.
    pub fn wait<R>(
        &self,
        deadline: Duration,
        mut probe: impl FnMut(&mut Received) -> Option<R>,
    ) -> Result<R> {
        let end = Instant::now() + deadline;
        let mut received = self.lock();
        loop {
            if let Some(found) = probe(&mut received) {
                return Ok(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("nothing of the kind within {deadline:?}");
            }
            received = self.changed.wait_timeout(received, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_filed_by_kind() {
        let mut received = Received::default();
        assert_eq!(received.file(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), None);
        assert_eq!(received.file(r#"{"jsonrpc":"2.0","method":"notifications/x"}"#), None);
        let answer = received.file(r#"{"jsonrpc":"2.0","id":"s","method":"ping"}"#).unwrap();
        assert_eq!(answer["id"], "s");
        assert!(received.take(&json!(1)).is_some() && received.take(&json!(1)).is_none());
        assert_eq!(received.notifications_of("notifications/x").len(), 1);
        assert!(received.impure.is_empty());
    }

    #[test]
    fn what_is_no_message_is_seen() {
        let mut received = Received::default();
        for line in ["INFO started", "", "[]", r#"{"id":1,"result":1}"#, r#"{"jsonrpc":"2.0","id":1}"#] {
            received.file(line);
        }
        received.file(r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{}}"#);
        assert_eq!(received.impure.len(), 6);
    }

    #[test]
    fn a_second_answer_is_seen_even_after_the_first_was_taken() {
        let mut received = Received::default();
        let line = r#"{"jsonrpc":"2.0","id":7,"result":{}}"#;
        received.file(line);
        received.take(&json!(7)).unwrap();
        assert!(received.answered_more_than_once().is_empty());
        received.file(line);
        assert_eq!(received.answered_more_than_once(), ["7"]);
    }
}

//! A client that is a mailbox, and what is said and heard.

use super::*;

#[derive(Clone)]
pub(in super::super) struct Client {
    pub(in super::super) connection: ConnectionId,
    pub(in super::super) client: ClientId,
    pub(in super::super) outbox: Outbox,
}

impl Client {
    /// What the client has been sent since the last look: kinds and sequences.
    pub(in super::super) fn got(&self) -> Vec<(Kind, u64)> {
        summary(&self.outbox.take_frames())
    }

    pub(in super::super) fn messages(&self) -> Vec<Value> {
        let frames = self.outbox.take_frames();
        frames.iter().filter_map(|frame| serde_json::from_slice(&frame.payload).ok()).collect()
    }
}

pub(in super::super) fn summary(frames: &[Frame]) -> Vec<(Kind, u64)> {
    frames.iter().map(|frame| (frame.kind, frame.sequence)).collect()
}

pub(in super::super) fn kinds(frames: &[Frame]) -> Vec<Kind> {
    frames.iter().map(|frame| frame.kind).collect()
}

pub(in super::super) fn notification() -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/initialized"})
}

pub(in super::super) fn cancel(id: u64) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}})
}

/// The stable code in an error's answer.
pub(in super::super) fn code(answer: &Value) -> &str {
    answer["error"]["data"]["error_code"].as_str().unwrap_or_default()
}

//! The JSON-RPC around a request, an event or a reply.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use task_orchestrator_shared::admin::{MAX_LINE_BYTES, Reply, Request};
use task_orchestrator_shared::restart::RestartEvent;

/// The request could not be read.
pub(super) const PARSE_ERROR: i32 = -32700;
/// The method or its parameters are not known.
pub(super) const INVALID_REQUEST: i32 = -32600;
/// The server ends and takes no more requests.
pub(super) const UNAVAILABLE: i32 = -32000;
/// The caller may not ask.
pub(super) const DENIED: i32 = -32001;
/// There is an answer, and it does not fit on a line.
pub(super) const TOO_LONG: i32 = -32002;

/// The method of the notifications that tell what happens.
const EVENT: &str = "event";

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) jsonrpc: String,
    pub(super) id: u64,
    #[serde(flatten)]
    pub(super) request: Request,
}

/// What a server says before its answer.
#[derive(Debug, Serialize)]
struct Notification<'a> {
    jsonrpc: &'a str,
    method: &'a str,
    params: &'a RestartEvent,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) jsonrpc: String,
    pub(super) id: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Reply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Failure>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) code: i32,
    pub(super) message: String,
}

impl Answer {
    pub(super) fn reply(id: u64, reply: Reply) -> Self {
        Self { jsonrpc: "2.0".to_owned(), id: id.into(), result: Some(reply), error: None }
    }

    pub(super) fn failure(id: Value, code: i32, message: impl Into<String>) -> Self {
        let error = Failure { code, message: message.into() };
        Self { jsonrpc: "2.0".to_owned(), id, result: None, error: Some(error) }
    }

    /// As a line without its end. One that the caller would refuse for its length
    /// is replaced by an error that says so.
    pub(super) fn into_line(self) -> io::Result<String> {
        let line = serde_json::to_string(&self)?;
        if line.len() < MAX_LINE_BYTES {
            return Ok(line);
        }
        let message = format!(
            "the answer has {} bytes and at most {MAX_LINE_BYTES} can be sent: ask for less, such as with a lower limit",
            line.len()
        );
        Ok(serde_json::to_string(&Self::failure(self.id, TOO_LONG, message))?)
    }
}

/// An event as a line without its end; `None` where it does not fit on one.
pub(super) fn event_line(event: &RestartEvent) -> io::Result<Option<String>> {
    let line = serde_json::to_string(&Notification { jsonrpc: "2.0", method: EVENT, params: event })?;
    Ok((line.len() < MAX_LINE_BYTES).then_some(line))
}

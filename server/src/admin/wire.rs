//! The JSON-RPC around a request, an event or a reply.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use task_orchestrator_shared::admin::{MAX_LINE_BYTES, Reply, Request};

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

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) jsonrpc: String,
    pub(super) id: u64,
    #[serde(flatten)]
    pub(super) request: Request,
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

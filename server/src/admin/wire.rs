//! The JSON-RPC around a request or a reply.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use task_orchestrator_shared::admin::{Reply, Request};

/// The request could not be read.
pub(super) const PARSE_ERROR: i32 = -32700;
/// The method or its parameters are not known.
pub(super) const INVALID_REQUEST: i32 = -32600;
/// The server ends and takes no more requests.
pub(super) const UNAVAILABLE: i32 = -32000;
/// The caller may not ask.
pub(super) const DENIED: i32 = -32001;

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
}

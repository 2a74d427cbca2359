//! The answers to reboot tools as they go to the client: the same shape, to the
//! field, as those that the worker gives in either era of the protocol.

use bytes::Bytes;
use rmcp::model::{CallToolResult, ErrorData};
use serde::Serialize;
use serde_json::{Value, json};
use task_orchestrator_shared::restart::RestartReport;

use super::result::RestartResult;
use crate::envelope::RequestId;
use crate::tool::failure::Failure;

/// A result.
pub fn reply(id: &RequestId, result: &impl Serialize, modern: bool) -> Bytes {
    match serde_json::to_value(result) {
        Ok(value) => answer(id, CallToolResult::structured(value), modern),
        Err(error) => failed(id, Failure::internal(&error), modern),
    }
}

/// The outcome of a restart, or where it is. One that did not come to its end is an
/// error and says so in both ways.
pub fn restart_reply(id: &RequestId, report: &RestartReport, modern: bool) -> Bytes {
    let result = RestartResult::from(report);
    let is_error = result.is_error();
    match serde_json::to_value(result) {
        Ok(value) if is_error => answer(id, CallToolResult::structured_error(value), modern),
        Ok(value) => answer(id, CallToolResult::structured(value), modern),
        Err(error) => failed(id, Failure::internal(&error), modern),
    }
}

/// The tool was called and did not succeed.
pub fn failed(id: &RequestId, failure: Failure, modern: bool) -> Bytes {
    answer(id, failure.into_result(), modern)
}

/// It was no valid call: the protocol's own error.
pub fn refused(id: &RequestId, error: &ErrorData) -> Bytes {
    bytes(&json!({ "jsonrpc": "2.0", "id": id, "error": error }))
}

/// How far a call is. Each must be told with more progress than the one before.
pub fn progress(token: &Value, progress: f64, total: Option<f64>, message: &str) -> Bytes {
    let mut params = json!({ "progressToken": token, "progress": progress, "message": message });
    if let (Some(total), Some(params)) = (total, params.as_object_mut()) {
        params.insert("total".to_owned(), total.into());
    }
    bytes(&json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params }))
}

fn answer(id: &RequestId, mut result: CallToolResult, modern: bool) -> Bytes {
    if !modern {
        // Older revisions do not know of kinds of results.
        result.result_type = None;
    }
    bytes(&json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

fn bytes(message: &Value) -> Bytes {
    // Serialising a Value to memory has no way to fail.
    serde_json::to_vec(message).unwrap_or_default().into()
}

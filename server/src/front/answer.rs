//! The few messages that the front writes itself.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use task_orchestrator_shared::error_code::ErrorCode;

use crate::envelope::{Malformed, RequestId};

const INVALID_REQUEST: i32 = -32600;
const INTERNAL_ERROR: i32 = -32603;

/// When a request that could not be held is worth another attempt.
const RETRY_AFTER_SECONDS: u32 = 5;

fn bytes(message: impl Serialize) -> Bytes {
    // Serialising a Value to memory has no way to fail.
    serde_json::to_vec(&message).unwrap_or_default().into()
}

fn error(id: Option<&RequestId>, code: i32, message: &str, data: Option<Value>) -> Bytes {
    let mut error = json!({ "code": code, "message": message });
    if let (Some(data), Some(object)) = (data, error.as_object_mut()) {
        object.insert("data".to_owned(), data);
    }
    bytes(json!({ "jsonrpc": "2.0", "id": id, "error": error }))
}

/// The line was no message.
pub(crate) fn malformed(malformed: &Malformed) -> Bytes {
    error(malformed.id.as_ref(), malformed.code, &malformed.message, None)
}

/// A request with this id is being worked on already.
pub(crate) fn duplicate_id(id: &RequestId) -> Bytes {
    let message = "a request with this id is still in flight: use a new id for each request";
    error(Some(id), INVALID_REQUEST, message, None)
}

/// The server is there, whether or not a worker is.
pub(crate) fn pong(id: &RequestId) -> Bytes {
    bytes(json!({ "jsonrpc": "2.0", "id": id, "result": {} }))
}

/// The request was in flight in two crashes and is not tried a third time.
pub(crate) fn quarantined(id: &RequestId) -> Bytes {
    let message = "the server ended twice while working on this request, so it is not tried again: its \
                   outcome is unknown; look at the state before repeating it";
    error(Some(id), INTERNAL_ERROR, message, Some(failure(ErrorCode::OutcomeUnknown, message, false)))
}

/// No worker can be started at present. Where the outcome is unknown, another
/// attempt is not advised.
pub(crate) fn unavailable(id: &RequestId, code: ErrorCode, reason: &str) -> Bytes {
    let mut data = failure(code, reason, code != ErrorCode::OutcomeUnknown);
    retry_after(&mut data, RETRY_AFTER_SECONDS);
    error(Some(id), INTERNAL_ERROR, reason, Some(data))
}

/// It has waited for a worker for too long.
pub(crate) fn expired(id: &RequestId, code: ErrorCode, limit: Duration) -> Bytes {
    let message = format!("no worker could take this request within {} s", limit.as_secs());
    error(Some(id), INTERNAL_ERROR, &message, Some(failure(code, &message, code.is_retryable())))
}

/// Somebody has cleared the buffers. What a worker has had may have had its effect.
pub(crate) fn cleared(id: &RequestId, was_attempted: bool) -> Bytes {
    let (code, message) = if was_attempted {
        let message = "an administrator has cleared the request buffers while a worker had this request: its \
                       outcome is unknown; look at the state before repeating it";
        (ErrorCode::OutcomeUnknown, message)
    } else {
        let message = "an administrator has cleared the request buffers before this request was begun";
        (ErrorCode::Overloaded, message)
    };
    let mut data = failure(code, message, !was_attempted);
    retry_after(&mut data, 1);
    error(Some(id), INTERNAL_ERROR, message, Some(data))
}

/// The client has as much waiting as it may, and that does not move.
pub(crate) fn too_much_waits(id: &RequestId) -> Bytes {
    let message = "the server holds requests back at present, and this client has as many waiting as it may";
    let mut data = failure(ErrorCode::Overloaded, message, true);
    retry_after(&mut data, RETRY_AFTER_SECONDS);
    error(Some(id), INTERNAL_ERROR, message, Some(data))
}

fn retry_after(data: &mut Value, seconds: u32) {
    if let Some(data) = data.as_object_mut() {
        data.insert("retry_after".to_owned(), seconds.into());
    }
}

fn failure(code: ErrorCode, message: &str, retryable: bool) -> Value {
    json!({ "error_code": code, "error": message, "retryable": retryable })
}

/// The stream on which the answer was to come is not kept any more, or ended with the
/// process that had it.
pub(crate) fn stream_lost(id: &RequestId) -> Bytes {
    let message = "RESTART_012: the answer to this request is not here any more, so its outcome is unknown: look \
                   at the state before repeating it";
    error(Some(id), INTERNAL_ERROR, message, Some(failure(ErrorCode::OutcomeUnknown, message, false)))
}

/// A session begins once.
pub(crate) fn initialized_already(id: &RequestId) -> Bytes {
    let message = "this session has begun already: leave Mcp-Session-Id out to begin another";
    error(Some(id), INVALID_REQUEST, message, None)
}

/// A question of the server's own: whether the client is there.
pub(crate) fn ping(id: &RequestId) -> Bytes {
    bytes(json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }))
}

/// A request of the server that will not be followed up: who asked is gone.
pub(crate) fn withdrawn(id: i64) -> Bytes {
    bytes(json!({
        "jsonrpc": "2.0",
        "method": "notifications/cancelled",
        "params": { "requestId": id, "reason": "the server process that asked was replaced; it asks again if need be" },
    }))
}

/// What a worker gets for its request when the client that it asked is gone.
pub(crate) fn client_gone(id: i64) -> Bytes {
    let message = "the client disconnected before it answered";
    error(Some(&RequestId::Number(id)), INTERNAL_ERROR, message, None)
}

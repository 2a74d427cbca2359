//! The HTTP status of an answer that is the whole response.

use axum::http::StatusCode;
use memchr::memmem;
use rmcp::model::ErrorCode;
use serde::Deserialize;

use crate::request_headers;

/// A longer answer is no error whose status is another: looking costs something.
const LONGEST: usize = 64 * 1024;

/// The status for this answer to this request.
pub(super) fn of(answer: &[u8], request: &[u8]) -> StatusCode {
    match error_code(answer) {
        Some(code) => of_error(code, request),
        None => StatusCode::OK,
    }
}

fn of_error(code: ErrorCode, request: &[u8]) -> StatusCode {
    match code {
        ErrorCode::HEADER_MISMATCH
        | ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY
        | ErrorCode::UNSUPPORTED_PROTOCOL_VERSION
        | ErrorCode::PARSE_ERROR
        | ErrorCode::INVALID_REQUEST => StatusCode::BAD_REQUEST,
        // Wrong arguments are answered as they always were; this is no request of this era.
        ErrorCode::INVALID_PARAMS if !request_headers::is_complete(request) => StatusCode::BAD_REQUEST,
        ErrorCode::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}

/// The code of the error that this answer is; none for a result.
fn error_code(answer: &[u8]) -> Option<ErrorCode> {
    #[derive(Deserialize)]
    struct Answer {
        error: Failed,
    }
    #[derive(Deserialize)]
    struct Failed {
        code: ErrorCode,
    }
    // A result may have the word in it as well, but few have.
    if answer.len() > LONGEST || memmem::find(answer, b"\"error\"").is_none() {
        return None;
    }
    serde_json::from_slice::<Answer>(answer).ok().map(|answer| answer.error.code)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_error_has_its_status() {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let complete = json!({"method": "x", "params": {"_meta": meta}}).to_string();
        for (code, request, status) in [
            (-32020, &*complete, 400),
            (-32021, &*complete, 400),
            (-32022, &*complete, 400),
            (-32600, &*complete, 400),
            (-32700, &*complete, 400),
            (-32601, &*complete, 404),
            (-32602, &*complete, 200),
            (-32602, r#"{"method":"x","params":{}}"#, 400),
            (-32603, &*complete, 200),
            (-32002, &*complete, 200),
            (7, &*complete, 200),
        ] {
            let answer = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": "m"}});
            assert_eq!(of(answer.to_string().as_bytes(), request.as_bytes()), status, "{code} {request}");
        }
    }

    #[test]
    fn a_result_is_no_error_whatever_it_says() {
        for result in [json!({}), json!({"error": {"code": -32601}}), json!("\"error\":{\"code\":-32601}")] {
            let answer = json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string();
            assert_eq!(of(answer.as_bytes(), b"{}"), 200, "{answer}");
        }
        let long = json!({"error": {"code": -32601, "message": "m".repeat(LONGEST)}}).to_string();
        assert_eq!(of(long.as_bytes(), b"{}"), 200);
        for nonsense in ["", "\"error\"", "{\"error\":", "{\"error\":7}"] {
            assert_eq!(of(nonsense.as_bytes(), b"{}"), 200);
        }
    }
}

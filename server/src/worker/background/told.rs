//! What the protocol is told of a call in the background, and what is kept of its end.

use jiff::Timestamp;
use rmcp::model::{CallToolResult, ErrorData, Task, TaskPayload, TaskStatus};
use serde_json::{Value, json};
use task_orchestrator_shared::error_code::ErrorCode;

use super::Outcome;
use crate::store::{BackgroundCall, CallState, Ended, MAX_OUTCOME_BYTES};
use crate::worker::failure::{Failure, Refusal};

/// How soon a client should ask again for a young call, and for one that takes longer.
const POLL_MS: (u64, u64) = (250, 1000);
/// A call is young for so many seconds.
const YOUNG: i64 = 5;

/// What is kept of an outcome; nothing of one that another worker goes on with.
pub(super) fn settled(outcome: Outcome) -> Option<Ended> {
    Some(match outcome {
        Outcome::Completed(result) => Ended::Completed(bounded(&result)),
        Outcome::Failed(error) => Ended::Failed(json!(error).to_string()),
        Outcome::Cancelled => Ended::Cancelled,
        Outcome::Overdue => Ended::overdue(),
        Outcome::Suspended | Outcome::Superseded => return None,
    })
}

/// A result as it is kept: without its second form where it is too large, and as a
/// failure that says so where that does not help.
fn bounded(result: &CallToolResult) -> String {
    let whole = json!(result).to_string();
    if whole.len() <= MAX_OUTCOME_BYTES {
        return whole;
    }
    if let Some(structured) = &result.structured_content {
        let note = json!([{ "type": "text", "text": "too large to be told twice: see structuredContent" }]);
        let bare = json!({ "content": note, "structuredContent": structured, "isError": result.is_error });
        let bare = bare.to_string();
        if bare.len() <= MAX_OUTCOME_BYTES {
            return bare;
        }
    }
    let error = format!("the result is larger than the {MAX_OUTCOME_BYTES} bytes that are kept of a task");
    let hint = "Ask for less, or call without the tasks extension.";
    json!(Failure::new(ErrorCode::InvalidArgument, error, hint).into_result()).to_string()
}

/// What the protocol says of a call whatever its state.
pub(super) fn handle(call: &BackgroundCall) -> Task {
    let status = match call.state {
        CallState::Working => TaskStatus::Working,
        CallState::Asking(_) => TaskStatus::InputRequired,
        CallState::Completed(_) => TaskStatus::Completed,
        CallState::Failed(_) => TaskStatus::Failed,
        CallState::Cancelled => TaskStatus::Cancelled,
    };
    let ttl = call.expires_at.as_millisecond().saturating_sub(call.created_at.as_millisecond());
    let age = Timestamp::now().as_second().saturating_sub(call.created_at.as_second());
    let poll = if age < YOUNG { POLL_MS.0 } else { POLL_MS.1 };
    let task = Task::new(&call.id, status, call.created_at.to_string(), call.updated_at.to_string())
        .with_ttl_ms(u64::try_from(ttl).unwrap_or_default())
        .with_poll_interval_ms(poll);
    match &call.message {
        Some(message) => task.with_status_message(message),
        None => task,
    }
}

/// The part that depends on the state.
///
/// # Errors
///
/// When a question of the call is none, which is a defect of its tool.
pub(super) fn payload(state: CallState) -> Result<TaskPayload, Refusal> {
    Ok(match state {
        CallState::Working => TaskPayload::Working,
        CallState::Asking(questions) => {
            let questions = serde_json::from_value(Value::Object(questions));
            TaskPayload::InputRequired {
                input_requests: questions.map_err(|error| Failure::internal(&error))?,
            }
        }
        CallState::Completed(result) => TaskPayload::Completed { result },
        CallState::Failed(error) => TaskPayload::Failed { error },
        CallState::Cancelled => TaskPayload::Cancelled,
    })
}

/// As the extension wants it: also for a call of somebody else.
pub(super) fn unknown(id: &str) -> Refusal {
    let id: String = id.chars().take(64).collect();
    let data = json!({ "error_code": "NOT_FOUND", "taskId": id });
    ErrorData::invalid_params(format!("unknown task: {id}"), Some(data)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> Value {
        serde_json::from_str(&bounded(&CallToolResult::structured(json!({ "text": text })))).unwrap()
    }

    #[test]
    fn a_result_that_is_too_large_is_kept_once_or_says_so() {
        let whole = kept("small");
        assert_eq!(whole["content"][0]["text"], "{\"text\":\"small\"}");
        let once = kept(&"x".repeat(MAX_OUTCOME_BYTES * 2 / 3));
        assert!(once["structuredContent"]["text"].is_string() && once["isError"] == false);
        let refused = kept(&"x".repeat(MAX_OUTCOME_BYTES));
        assert_eq!(
            (&refused["isError"], &refused["structuredContent"]["retryable"]),
            (&true.into(), &false.into())
        );
    }

    #[test]
    fn a_call_that_another_worker_goes_on_with_has_no_end() {
        assert_eq!(settled(Outcome::Suspended), None);
        assert_eq!(settled(Outcome::Superseded), None);
        assert_eq!(settled(Outcome::Overdue), Some(Ended::overdue()));
        let error = ErrorData::invalid_params("no", None);
        assert_eq!(
            settled(Outcome::Failed(error)),
            Some(Ended::Failed("{\"code\":-32602,\"message\":\"no\"}".into()))
        );
    }
}

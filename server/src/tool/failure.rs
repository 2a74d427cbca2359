//! The one object in which a tool call fails.
//! Must never carry more of a cause than the client may know.

use rmcp::model::CallToolResult;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use task_orchestrator_shared::error_code::ErrorCode;

/// What a failed tool call answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stable code, for programs.
    pub error_code: ErrorCode,
    /// What happened, in one sentence.
    pub error: String,
    /// What to do next.
    pub hint: String,
    /// Whether the same call may succeed when it is sent again unchanged.
    pub retryable: bool,
    /// The facts, for programs.
    pub details: Value,
}

/// The shape of [`Failure`] as tools' output schemas state it.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct FailureShape {
    /// Stable code of a failed call, for programs.
    error_code: String,
    /// What happened when the call failed, in one sentence.
    error: String,
    /// What to do next after a failed call.
    hint: String,
    /// Whether the same call may succeed when it is sent again unchanged.
    retryable: bool,
    /// The facts of the failure, for programs.
    details: Map<String, Value>,
}

impl Failure {
    /// A failure without further facts.
    pub fn new(error_code: ErrorCode, error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            error_code,
            error: error.into(),
            hint: hint.into(),
            retryable: error_code.is_retryable(),
            details: json!({}),
        }
    }

    /// The same failure with the facts.
    #[must_use]
    pub fn with_details(self, details: Value) -> Self {
        Self { details, ..self }
    }

    /// A defect of this server. The cause goes to the log only.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a tool call failed through a defect");
        Self::new(
            ErrorCode::Internal,
            "the server failed through a defect of its own",
            "Its log has the details.",
        )
    }

    /// The whole object.
    pub fn to_value(&self) -> Value {
        json!({
            "error_code": self.error_code,
            "error": self.error,
            "hint": self.hint,
            "retryable": self.retryable,
            "details": self.details,
        })
    }

    /// The reply to the client.
    pub fn into_result(self) -> CallToolResult {
        CallToolResult::structured_error(self.to_value())
    }
}

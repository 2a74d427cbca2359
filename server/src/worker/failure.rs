//! How a call that did not succeed is told: the one error object of all tools,
//! and the protocol's own error for what is no valid call at all.
//! Must never carry more of a cause than the client may know.

use rmcp::model::{CallToolResult, ErrorData};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use task_orchestrator_shared::error_code::ErrorCode;

use super::transport::{SUPERSEDED, SUSPENDED};
use crate::store::{ExecuteError, StoreError};
use crate::tasks::TaskError;

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
pub(super) struct FailureShape {
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

/// Why a request gets no result.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// It is no valid request: the protocol's own error.
    Protocol(ErrorData),
    /// The tool was called and did not succeed.
    Failed(Failure),
    /// This worker writes no more, or not yet: another one answers it.
    Superseded,
    /// It stopped at a checkpoint, which is saved: another worker goes on with it.
    Suspended,
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

impl From<ErrorData> for Refusal {
    fn from(error: ErrorData) -> Self {
        Self::Protocol(error)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<TaskError> for Refusal {
    fn from(error: TaskError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        ExecuteError::from(error).into()
    }
}

impl From<ExecuteError> for Refusal {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Store(StoreError::Fenced { .. } | StoreError::Closed | StoreError::NotActive) => {
                Self::Superseded
            }
            error => Self::Failed(error.into()),
        }
    }
}

impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Self {
        Self::new(error.code(), error.to_string(), error.hint()).with_details(error.details())
    }
}

impl From<ExecuteError> for Failure {
    fn from(error: ExecuteError) -> Self {
        Self::new(error.code(), error.to_string(), error.hint()).with_details(error.details())
    }
}

impl From<Refusal> for ErrorData {
    /// For requests that are not tool calls and so have no error object of their own.
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Protocol(error) => error,
            Refusal::Superseded => Self::new(SUPERSEDED, "another worker answers this request", None),
            Refusal::Suspended => Self::new(SUSPENDED, "suspended at a checkpoint", None),
            Refusal::Failed(failure) => {
                let data = failure.to_value();
                match failure.error_code {
                    ErrorCode::NotFound => Self::resource_not_found(failure.error, Some(data)),
                    ErrorCode::InvalidArgument => Self::invalid_params(failure.error, Some(data)),
                    _ => Self::internal_error(failure.error, Some(data)),
                }
            }
        }
    }
}

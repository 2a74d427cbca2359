//! Why a request gets no result: the failure that its tool answers, or the
//! protocol's own error for what is no valid call at all.
//! Must never carry more of a cause than the client may know.

use rmcp::model::{ErrorCode as RpcCode, ErrorData};
use task_orchestrator_shared::error_code::ErrorCode;

use super::transport::{SUPERSEDED, SUSPENDED};
use crate::store::{ExecuteError, StoreError};
use crate::tasks::TaskError;
pub use crate::tool::failure::Failure;

/// The code of a refusal that says when to come again. Of the range that the protocol
/// leaves to servers; no fault of this one, as an internal error would be.
const LIMITED: RpcCode = RpcCode(-32005);

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
                    ErrorCode::RateLimited => Self::new(LIMITED, failure.error, Some(data)),
                    ErrorCode::InvalidArgument => Self::invalid_params(failure.error, Some(data)),
                    _ => Self::internal_error(failure.error, Some(data)),
                }
            }
        }
    }
}

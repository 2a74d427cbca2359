//! A call of a tool, from its limits to its answer.

use rmcp::RoleServer;
use rmcp::model::{CallToolRequestParams, CallToolResult, ConstString, ErrorData, JsonObject, LoggingLevel};
use rmcp::service::RequestContext;
use serde_json::{Value, json};
use task_orchestrator_shared::error_code::ErrorCode;

use super::{Replayed, TaskService};
use crate::worker::failure::{Failure, Refusal};
use crate::worker::limits::Family;
use crate::worker::options::Misbehaviour;
use crate::worker::tools::{Call, Entry};
use crate::worker::{client_log, long_calls, size};

impl TaskService {
    pub(super) async fn carry_out(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let tool = self.shared.tools.find(&request.name)?;
        let arguments = request.arguments.unwrap_or_default();
        let outcome = match Call::new(&self.shared, &self.session, context, tool, &arguments) {
            Ok(call) => self.outcome(&call, tool, arguments).await,
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(reply) => Ok(size::answer(reply)),
            Err(Refusal::Protocol(error)) => Err(error),
            // Counted instead: a line in the log for each would be a load of its own.
            Err(Refusal::Failed(failure)) if failure.error_code == ErrorCode::RateLimited => {
                Ok(failure.into_result())
            }
            Err(Refusal::Failed(failure)) => {
                self.report(&request.name, &failure, context).await;
                Ok(failure.into_result())
            }
            // The front sends the request to the worker that goes on with it. Answering
            // here as well would tell the client of a failure that did not happen, so
            // the transport keeps these back.
            Err(refusal @ (Refusal::Suspended | Refusal::Superseded)) => Err(refusal.into()),
        }
    }

    async fn outcome(&self, call: &Call<'_>, tool: &Entry, arguments: JsonObject) -> Result<Value, Refusal> {
        if let Some(reply) = call.admit(tool.family).await? {
            return Ok(reply);
        }
        if tool.writes && self.shared.front().safe_mode {
            return call.remembered().await;
        }
        let outcome = tool.run(call, arguments).await;
        if !matches!(outcome, Err(Refusal::Suspended | Refusal::Superseded)) {
            call.forget_checkpoint().await;
        }
        outcome
    }

    /// Counts a request that reads and is no call of a tool.
    pub(super) fn admit(&self, context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
        if context.extensions.get::<Replayed>().is_some() {
            return Ok(());
        }
        let admitted = self.shared.admit(&self.session, Family::Read);
        admitted.map_err(|failure| Refusal::from(failure).into())
    }

    /// What a test build does instead of answering.
    pub(super) fn misbehave(&self) -> Result<(), ErrorData> {
        match self.shared.options.fail {
            Some(Misbehaviour::CrashAfterReady) => std::process::abort(),
            Some(Misbehaviour::FailCalls) => {
                Err(ErrorData::internal_error("this build fails every call", None))
            }
            _ => Ok(()),
        }
    }

    async fn report(&self, tool: &str, failure: &Failure, context: &RequestContext<RoleServer>) {
        tracing::warn!(tool, code = ?failure.error_code, error = failure.error, "a tool call failed");
        let data = json!({ "tool": tool, "error_code": failure.error_code, "error": failure.error });
        client_log::send(&self.session, context, LoggingLevel::Warning, "tools", data).await;
    }

    /// Refuses a method of the extension in a session, whatever its client has declared.
    pub(super) fn only_modern<M: ConstString>(
        &self,
        context: &RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if long_calls::can_wait(context) { Ok(()) } else { Err(ErrorData::method_not_found::<M>()) }
    }
}

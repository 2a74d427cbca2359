//! Which of the tools' calls run in the background, and how: for clients that declare
//! the protocol's tasks extension, and for tools that may take long. Must never run
//! one for a client that cannot ask for it later.

use std::sync::Arc;

use futures::future::BoxFuture;
use rmcp::RoleServer;
use rmcp::model::{CallToolRequestParams, CreateTaskResult, ErrorData, ProtocolVersion};
use rmcp::service::RequestContext;
use tracing::Instrument as _;

use super::background::{Outcome, Run, Runner, Wish};
use super::failure::Refusal;
use super::service::Replayed;
use super::session::Session;
use super::shared::Shared;
use super::size;
use super::tools::{Call, execution};
use crate::store::Wanted;

/// Whether the request's client knows of calls in the background.
pub(super) fn can_wait(context: &RequestContext<RoleServer>) -> bool {
    let modern = context
        .protocol_version()
        .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
    modern && context.client_capabilities().is_some_and(|capabilities| capabilities.supports_tasks())
}

/// Has the call run in the background, where the tool and the client are of that sort.
/// `None`: answer it directly.
///
/// # Errors
///
/// When the call is none, or could not be kept.
pub(super) async fn begin(
    shared: &Shared,
    session: &Session,
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<Option<CreateTaskResult>, ErrorData> {
    let tool = shared.tools.find(&request.name)?;
    if !tool.background || !can_wait(context) || shared.front().safe_mode {
        return Ok(None);
    }
    let arguments = request.arguments.clone().unwrap_or_default();
    // What is wrong with the call is told at once.
    tool.check(arguments.clone())?;
    let asked = match execution(context, tool, &arguments) {
        Ok(asked) => asked,
        Err(Refusal::Protocol(error)) => return Err(error),
        // A key that is none: the call itself says so.
        Err(_) => return Ok(None),
    };
    // Too often: the call itself says so, and when to come again.
    if context.extensions.get::<Replayed>().is_none() && shared.admit(session, tool.family).is_err() {
        return Ok(None);
    }
    let mut request = asked.in_background();
    // The key is that of the effect. Two calls may have it, and share the effect.
    let idempotency_key = request.idempotency_key.take();
    let wish = Wish {
        owner: session.owner(),
        request,
        tool: tool.name.to_owned(),
        arguments,
        idempotency_key,
        work_session: session.record().work_session,
    };
    Ok(shared.background.create(wish).await?)
}

impl Runner for Shared {
    fn run(self: Arc<Self>, run: Arc<Run>) -> BoxFuture<'static, Outcome> {
        let span = tracing::info_span!("background call", tool = run.tool(), operation = %run.operation());
        Box::pin(async move { self.carry_out(&run).await }.instrument(span))
    }

    fn may_begin(&self) -> bool {
        !self.front().safe_mode
    }
}

impl Shared {
    async fn carry_out(&self, run: &Run) -> Outcome {
        let arguments = run.arguments();
        let tool = match self.tools.find(run.tool()) {
            Ok(tool) => tool,
            // Another build's.
            Err(error) => return Outcome::Failed(error),
        };
        let outcome = match Call::in_background(self, run, tool, &arguments) {
            Ok(call) => {
                let outcome = tool.run(&call, arguments).await;
                if !matches!(outcome, Err(Refusal::Suspended | Refusal::Superseded)) {
                    call.forget_checkpoint().await;
                }
                outcome
            }
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(reply) => Outcome::Completed(size::answer(reply)),
            Err(refusal) => outcome_of(refusal, run.wanted()),
        }
    }
}

/// What a call comes to that has no reply.
fn outcome_of(refusal: Refusal, wanted: Wanted) -> Outcome {
    match refusal {
        Refusal::Suspended => Outcome::Suspended,
        Refusal::Superseded => Outcome::Superseded,
        _ if wanted == Wanted::CalledOff => Outcome::Cancelled,
        _ if wanted == Wanted::Overdue => Outcome::Overdue,
        _ if wanted == Wanted::Elsewhere => Outcome::Superseded,
        Refusal::Protocol(error) => Outcome::Failed(error),
        Refusal::Failed(failure) => {
            tracing::warn!(code = ?failure.error_code, error = failure.error, "a call in the background failed");
            Outcome::Completed(failure.into_result())
        }
    }
}

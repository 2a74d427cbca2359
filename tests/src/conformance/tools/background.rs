//! Calls that run in the background, for clients that know of such: who asks for one gets
//! a handle, and whichever worker is there carries it out. What a call knows is in its
//! arguments and the time at which it was asked for, so any worker goes on with it.
#![expect(clippy::disallowed_methods, reason = "the suites want these tools to take their time")]

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use rmcp::RoleServer;
use rmcp::model::{
    CallToolResponse, CallToolResult, ClientCapabilities, ErrorData, InputRequest, JsonObject,
    ProtocolVersion,
};
use rmcp::service::RequestContext;
use serde_json::{Value, json};
use task_orchestrator::link::OperationId;
use task_orchestrator::store::{Execution, Wanted};
use task_orchestrator::worker::background::{Outcome, Run, Runner, Wish};
use task_orchestrator::worker::failure::Refusal;

use super::input::{ask, ask_text};
use super::{Call, contents, parsed, text};

/// Carries the fixtures' calls out.
#[derive(Debug, Clone, Copy)]
pub struct Calls;

/// How long the jobs that come to no good take.
const JOB: Duration = Duration::from_secs(1);

/// Whether the request's client knows of calls in the background.
fn can_wait(context: &RequestContext<RoleServer>) -> bool {
    let is_modern = context
        .protocol_version()
        .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
    is_modern && context.client_capabilities().is_some_and(|capabilities| capabilities.supports_tasks())
}

impl Call<'_> {
    /// Computes for as long as it is asked to, in the background where the client can wait.
    pub(super) async fn compute(self) -> Result<CallToolResponse, ErrorData> {
        if can_wait(&self.context) {
            return self.in_background().await;
        }
        tokio::time::sleep(seconds(self.request.arguments.as_ref())).await;
        text("computed")
    }

    /// A call that has no answer but in the background.
    pub(super) async fn only_in_background(self) -> Result<CallToolResponse, ErrorData> {
        if can_wait(&self.context) {
            return self.in_background().await;
        }
        Err(ErrorData::missing_required_client_capability(
            ClientCapabilities::builder().enable_tasks().build(),
        ))
    }

    /// Asks for a name first, and goes on in the background with it.
    pub(super) async fn ask_and_go_on(mut self) -> Result<CallToolResponse, ErrorData> {
        let Some(name) = self.accepted("user_name", "name").cloned() else { return self.ask_name() };
        self.request.arguments.get_or_insert_default().insert("name".to_owned(), name);
        self.only_in_background().await
    }

    async fn in_background(self) -> Result<CallToolResponse, ErrorData> {
        let missing = || ErrorData::internal_error("the request has no operation", None);
        let operation = *self.context.extensions.get::<OperationId>().ok_or_else(missing)?;
        let arguments = self.request.arguments.unwrap_or_default();
        let tool = self.request.name.into_owned();
        let asked = Execution::new(operation, &tool, json!(arguments).to_string().as_bytes());
        let wish = Wish {
            owner: self.session.owner(),
            request: asked.in_background(),
            tool,
            arguments,
            idempotency_key: None,
            work_session: None,
        };
        let made = self.shared.background().create(wish).await?;
        made.map(Into::into)
            .ok_or_else(|| ErrorData::internal_error("too many calls in the background", None))
    }
}

impl Runner for Calls {
    fn run(self: Arc<Self>, run: Arc<Run>) -> BoxFuture<'static, Outcome> {
        Box::pin(async move { carry_out(&run).await })
    }

    fn may_begin(&self) -> bool {
        true
    }
}

async fn carry_out(run: &Run) -> Outcome {
    let arguments = run.arguments();
    match run.tool() {
        "slow_compute" => after(run, seconds(Some(&arguments)), || done("computed")).await,
        "failing_job" => after(run, JOB, || failed("The job has failed.")).await,
        "protocol_error_job" => {
            after(run, JOB, || Outcome::Failed(ErrorData::internal_error("The job cannot be done.", None)))
                .await
        }
        "confirm_delete" => {
            let answer = question(run, "confirm", ask("Delete the file?", "confirm", "boolean")).await;
            answer
                .map_or_else(|refusal| refused(run, refusal), |answer| done(&format!("confirmed: {answer}")))
        }
        "multi_input" => {
            let (first, second) = tokio::join!(
                question(run, "first", ask_text("What is the first name?", "name")),
                question(run, "second", ask_text("What is the second name?", "name")),
            );
            let both = first.and_then(|first| Ok(json!([first, second?])));
            both.map_or_else(|refusal| refused(run, refusal), |both| done(&format!("answered: {both}")))
        }
        "test_tool_with_task" => done(&format!("Hello, {}!", arguments.get("name").unwrap_or(&Value::Null))),
        tool => Outcome::Failed(ErrorData::invalid_params(format!("Unknown tool: {tool}"), None)),
    }
}

/// Ends the call when its time is over, counted from when it was asked for, whichever
/// worker was there meanwhile.
async fn after(run: &Run, time: Duration, outcome: impl FnOnce() -> Outcome) -> Outcome {
    let age = Timestamp::now().duration_since(run.asked_at());
    let left = time.saturating_sub(Duration::try_from(age).unwrap_or_default());
    tokio::select! {
        wanted = run.no_longer_wanted() => unwanted(wanted),
        () = tokio::time::sleep(left) => outcome(),
    }
}

async fn question(run: &Run, key: &str, question: Value) -> Result<Value, Refusal> {
    run.ask(key, &parsed::<InputRequest>(question)?).await
}

/// What a call comes to whose question has no answer.
fn refused(run: &Run, refusal: Refusal) -> Outcome {
    match refusal {
        Refusal::Suspended => Outcome::Suspended,
        Refusal::Superseded => Outcome::Superseded,
        Refusal::Protocol(error) => Outcome::Failed(error),
        Refusal::Failed(failure) => match run.wanted() {
            Wanted::Here => Outcome::Completed(failure.into_result()),
            wanted => unwanted(wanted),
        },
    }
}

/// What a call comes to that is not to be gone on with here.
fn unwanted(wanted: Wanted) -> Outcome {
    match wanted {
        Wanted::Here => Outcome::Suspended,
        Wanted::CalledOff => Outcome::Cancelled,
        Wanted::Overdue => Outcome::Overdue,
        Wanted::Elsewhere => Outcome::Superseded,
    }
}

fn done(text: &str) -> Outcome {
    contents(json!([{"type": "text", "text": text}])).map_or_else(Outcome::Failed, Outcome::Completed)
}

fn failed(text: &str) -> Outcome {
    let content = parsed(json!([{"type": "text", "text": text}])).map(CallToolResult::error);
    content.map_or_else(Outcome::Failed, Outcome::Completed)
}

fn seconds(arguments: Option<&JsonObject>) -> Duration {
    let seconds = arguments.and_then(|arguments| arguments.get("seconds")?.as_f64()).unwrap_or_default();
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

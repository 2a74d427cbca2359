//! One call of a tool: who asked, under which key, and what of the worker a
//! tool may use. Must never outlive its request.
#![expect(deprecated, reason = "logging is deprecated only in 2026-07-28; older clients still use it")]

use rmcp::RoleServer;
use rmcp::model::{ErrorData, JsonObject, LoggingLevel, ProgressNotificationParam};
use rmcp::service::RequestContext;
use serde_json::{Value, json};

use super::{Entry, canonical, files};
use crate::link::OperationId;
use crate::store::{Execution, Store};
use crate::tasks::command::Maintenance;
use crate::tasks::outcome::MaintenanceReport;
use crate::tasks::{Content, SessionId};
use crate::worker::client_log;
use crate::worker::failure::{Failure, Refusal};
use crate::worker::session::Session;
use crate::worker::shared::Shared;

/// Where a client puts its own key in a call's `_meta`.
const KEY: &str = "idempotencyKey";

/// One call of a tool.
pub(in crate::worker) struct Call<'a> {
    shared: &'a Shared,
    session: &'a Session,
    context: &'a RequestContext<RoleServer>,
    execution: Option<Execution>,
}

impl<'a> Call<'a> {
    /// The call of this tool with these arguments.
    ///
    /// # Errors
    ///
    /// When the call cannot be recognised should it come again.
    pub(in crate::worker) fn new(
        shared: &'a Shared,
        session: &'a Session,
        context: &'a RequestContext<RoleServer>,
        tool: &Entry,
        arguments: &JsonObject,
    ) -> Result<Self, Refusal> {
        let execution = tool.writes.then(|| execution(context, tool, arguments)).transpose()?;
        Ok(Self { shared, session, context, execution })
    }

    /// What all calls share.
    pub(super) fn shared(&self) -> &'a Shared {
        self.shared
    }

    /// Where tasks are kept.
    pub(super) fn store(&self) -> &'a Store {
        &self.shared.store
    }

    /// Under which key the call is carried out.
    ///
    /// # Errors
    ///
    /// For a tool that has said it only reads.
    pub(super) fn execution(&self) -> Result<Execution, Refusal> {
        self.execution.clone().ok_or_else(|| no_key("the tool is not declared as writing"))
    }

    /// The session that was opened or resumed last over this connection.
    pub(super) fn work_session(&self) -> Option<SessionId> {
        self.session.record().work_session.and_then(|id| SessionId::new(id).ok())
    }

    /// From here on this connection's tasks belong to this session.
    pub(super) fn work_in(&self, id: &SessionId) {
        if self.work_session().as_ref() != Some(id) {
            self.session.update(|record| record.work_session = Some(id.to_string()));
        }
    }

    /// The directory of the workspace where the client says it works.
    ///
    /// # Errors
    ///
    /// When it is none, or outside the workspace.
    pub(super) async fn directory(&self, path: Option<String>) -> Result<String, Refusal> {
        let workspace = self.shared.workspace.clone();
        let path = path.filter(|path| !path.is_empty()).unwrap_or_else(|| ".".to_owned());
        let inside = blocking(move || files::directory(&workspace, "working_directory", &path)).await?;
        Ok(inside.absolute.display().to_string())
    }

    /// Hands a content to the store.
    pub(super) async fn keep(&self, bytes: Vec<u8>, path: Option<String>) -> Result<Content, Refusal> {
        let (sha256, size) = self.shared.store.keep(bytes).await?;
        Ok(Content { sha256, size, path })
    }

    /// Hands the present content of a file of the workspace to the store.
    ///
    /// # Errors
    ///
    /// When it is outside the workspace, no plain file, or too large.
    pub(super) async fn keep_file(&self, path: &str) -> Result<Content, Refusal> {
        let (workspace, path) = (self.shared.workspace.clone(), path.to_owned());
        let (bytes, name) = blocking(move || files::read(&workspace, "file_paths", &path)).await?;
        self.keep(bytes, Some(name)).await
    }

    /// Looks after the workspace, telling the client how far it is.
    pub(super) async fn maintenance(&self, command: Maintenance) -> Result<MaintenanceReport, Refusal> {
        self.progress(0.0, 1.0, "looking at the tasks").await;
        let report = self.shared.store.maintenance(self.execution()?, command).await?;
        self.progress(1.0, 1.0, &report.summary).await;
        let data = json!({ "summary": report.summary });
        client_log::send(self.session, self.context, LoggingLevel::Info, "maintenance", data).await;
        Ok(report)
    }

    /// Whether the client no longer wants the answer.
    pub(super) fn is_cancelled(&self) -> bool {
        self.context.ct.is_cancelled()
    }

    /// Tells the client how far the call is, where it asked to be told.
    pub(super) async fn progress(&self, done: f64, total: f64, message: &str) {
        let Some(token) = self.context.meta.get_progress_token() else { return };
        let progress = ProgressNotificationParam::new(token, done).with_total(total).with_message(message);
        // A client that is gone learns nothing; the call goes on all the same.
        drop(self.context.peer.notify_progress(progress).await);
    }
}

/// Runs what waits for the disk where it holds nobody up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Failure::internal(&error).into()))
}

fn execution(
    context: &RequestContext<RoleServer>,
    tool: &Entry,
    arguments: &JsonObject,
) -> Result<Execution, Refusal> {
    let operation = context.extensions.get::<OperationId>().copied();
    let operation = operation.ok_or_else(|| no_key("the request carries no operation id"))?;
    let execution = Execution::new(operation, tool.name, canonical::of(arguments).as_bytes());
    match context.meta.get(KEY) {
        None | Some(Value::Null) => Ok(execution),
        Some(Value::String(key)) => Ok(execution.with_key(key.as_str())?),
        Some(_) => {
            let message = format!("{}: bad argument `_meta.{KEY}`: it has to be a string", tool.name);
            Err(ErrorData::invalid_params(message, Some(json!({ "field": format!("_meta.{KEY}") }))).into())
        }
    }
}

/// A write without a key could happen twice: better not at all.
fn no_key(cause: &'static str) -> Refusal {
    tracing::error!(cause, "a mutating call was not carried out");
    ErrorData::internal_error("the server could not give the call a key and did not carry it out", None)
        .into()
}

//! One call of a tool: who asked, under which key, and what of the worker a
//! tool may use. Must never outlive its request.
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use rmcp::RoleServer;
use rmcp::model::{ErrorData, JsonObject};
use rmcp::service::RequestContext;
use serde::Serialize;
use serde_json::{Value, json};
use task_orchestrator_shared::error_code::ErrorCode;

use super::caller::Caller;
use super::{Entry, canonical};
use crate::link::OperationId;
use crate::roles::Roles;
use crate::store::{Execution, RandomIds, Staged, WriteTx, resolve_inside};
use crate::tasks::{Call as World, Repository, RepositoryError, RepositoryMut, SessionId, TaskError};
use crate::worker::background::Run;
use crate::worker::failure::{Failure, Refusal};
use crate::worker::limits::Family;
use crate::worker::session::Session;
use crate::worker::shared::Shared;

/// Where a client puts its own key in a call's `_meta`.
const KEY: &str = "idempotencyKey";

/// A tool's reply in its final form, which remembers what it is a reply of.
pub(super) struct Answer<R> {
    value: Value,
    reply: PhantomData<fn() -> R>,
}

impl<R> Answer<R> {
    fn new(value: Value) -> Self {
        Self { value, reply: PhantomData }
    }

    /// The reply in its final form.
    ///
    /// # Errors
    ///
    /// When it is no JSON, which is a defect.
    pub(super) fn of(reply: R) -> Result<Self, Refusal>
    where
        R: Serialize,
    {
        serde_json::to_value(reply).map(Self::new).map_err(|error| Failure::internal(&error).into())
    }

    /// A text of the reply; empty where there is none.
    pub(super) fn text(&self, field: &str) -> &str {
        self.value.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// The reply as the client gets it.
    pub(super) fn into_value(self) -> Value {
        self.value
    }
}

/// One call of a tool.
pub(in crate::worker) struct Call<'a> {
    shared: &'a Shared,
    caller: Caller<'a>,
    /// Under which the effect is remembered; of tools that write.
    execution: Option<Execution>,
    /// Under which a checkpoint is found again; of tools that may take long.
    pub(super) identity: Option<Execution>,
    /// Whether there is a checkpoint of this call.
    pub(super) checkpointed: AtomicBool,
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
        let identity = match &execution {
            _ if !tool.walks => None,
            Some(execution) => Some(execution.clone()),
            // Without one it is carried out all the same; it cannot be suspended then.
            None => self::execution(context, tool, arguments).ok(),
        };
        let caller = Caller::Request { session, context };
        Ok(Self { shared, caller, execution, identity, checkpointed: AtomicBool::new(false) })
    }

    /// The call that runs in the background.
    ///
    /// # Errors
    ///
    /// When its key is none, which it was when it was kept.
    pub(in crate::worker) fn in_background(
        shared: &'a Shared,
        run: &'a Run,
        tool: &Entry,
        arguments: &JsonObject,
    ) -> Result<Self, Refusal> {
        let key = run.operation();
        let identity = Execution::new(key, tool.name, canonical::of(arguments).as_bytes());
        let identity = match run.idempotency_key() {
            Some(key) => identity.with_key(key)?,
            None => identity,
        };
        Ok(Self {
            shared,
            caller: Caller::Background(run),
            execution: tool.writes.then(|| identity.clone()),
            identity: tool.walks.then_some(identity),
            checkpointed: AtomicBool::new(false),
        })
    }

    /// In place of the work, in safe mode: the reply of a call that was carried out
    /// before its worker died, or the refusal.
    pub(in crate::worker) async fn remembered(&self) -> Result<Value, Refusal> {
        if let Some(execution) = self.execution.clone()
            && let Some(reply) = self.shared.store.remembered(execution).await?
        {
            return Ok(reply);
        }
        let hint = "Reading works: orchestrator_get_status, orchestrator_query_tasks and resources. An operator \
            leaves safe mode with `task-orchestrator restart`; send the call again after that.";
        Err(Failure::new(ErrorCode::SafeMode, "too many crashes: in safe mode nothing is changed", hint)
            .into())
    }

    /// Counts the call against what its client may do.
    ///
    /// # Errors
    ///
    /// As [`Shared::admit`]. Never for what was begun before: it was let through then,
    /// and whoever sends it again must get its answer.
    pub(in crate::worker) async fn admit(&self, family: Family) -> Result<Option<Value>, Refusal> {
        if self.is_replayed() {
            return Ok(None);
        }
        // One in the background was counted when it was begun.
        let Some(session) = self.caller.session() else { return Ok(None) };
        let Err(failure) = self.shared.admit(session, family) else { return Ok(None) };
        // A client's own key means that it may come again over any connection.
        let keyed = self.execution.clone().filter(|execution| execution.idempotency_key.is_some());
        if let Some(execution) = keyed
            && let Some(reply) = self.shared.store.remembered(execution).await?
        {
            return Ok(Some(reply));
        }
        Err(failure.into())
    }

    /// The reply of a call that comes again and was carried out before, so that
    /// nobody looks at a thousand tasks for it.
    pub(super) async fn recalled<R>(&self) -> Result<Option<Answer<R>>, Refusal> {
        match self.execution.clone().filter(|_| self.is_replayed()) {
            Some(execution) => Ok(self.shared.store.remembered(execution).await?.map(Answer::new)),
            None => Ok(None),
        }
    }

    /// Whether an earlier worker may have begun with the call.
    pub(super) fn is_replayed(&self) -> bool {
        self.caller.is_replayed()
    }

    /// What all calls share.
    pub(super) fn shared(&self) -> &'a Shared {
        self.shared
    }

    /// The roles of the workspace, for work that outlives the borrow.
    pub(super) fn roles(&self) -> Arc<Roles> {
        Arc::clone(&self.shared.roles)
    }

    /// Reads at one moment of the store.
    pub(super) async fn read<R: Serialize + 'static>(
        &self,
        work: impl FnOnce(&dyn Repository) -> Result<R, TaskError> + Send + 'static,
    ) -> Result<Answer<R>, Refusal> {
        let read = self.shared.store.read(move |tx| work(tx).map(|reply| serde_json::to_value(reply)));
        read.await?.map(Answer::new).map_err(|error| Failure::internal(&error).into())
    }

    /// The same for work that looks at a bounded number of rows.
    pub(super) fn read_short<R: Serialize>(
        &self,
        work: impl FnOnce(&dyn Repository) -> Result<R, TaskError>,
    ) -> Result<Answer<R>, Refusal> {
        let read = self.shared.store.read_short(|tx| work(tx).map(serde_json::to_value));
        read?.map(Answer::new).map_err(|error| Failure::internal(&error).into())
    }

    /// Does the work once, however often the call comes: what is remembered is the whole reply.
    pub(super) async fn write<R: Serialize + 'static>(
        &self,
        work: impl FnOnce(&mut dyn RepositoryMut, &mut World<'_>) -> Result<R, TaskError> + Send + 'static,
    ) -> Result<Answer<R>, Refusal> {
        self.write_with(Vec::new(), work).await
    }

    /// The same with contents that the store holds until the work names them.
    pub(super) async fn write_with<R: Serialize + 'static>(
        &self,
        held: Vec<Staged>,
        work: impl FnOnce(&mut dyn RepositoryMut, &mut World<'_>) -> Result<R, TaskError> + Send + 'static,
    ) -> Result<Answer<R>, Refusal> {
        let Some(execution) = self.execution.clone() else {
            return Err(no_key("the tool is not declared as writing"));
        };
        let roles = self.roles();
        // With the reply, so that neither is there without the other.
        let forget = self.checkpointed.load(Ordering::Relaxed).then_some(execution.operation);
        let done = self.shared.store.execute_with(execution, held, move |tx: &mut WriteTx<'_>| {
            let now = tx.not_before_last(Timestamp::now())?;
            let mut world = World { now, ids: &mut RandomIds, roles: roles.as_ref() };
            let reply = work(tx, &mut world)?;
            if let Some(operation) = forget {
                tx.forget_checkpoint(operation)?;
            }
            // Failing here undoes the work: a reply that cannot be told is none.
            serde_json::to_value(reply).map_err(|error| RepositoryError::Failed(error.to_string()).into())
        });
        let answer = Answer::new(done.await?);
        self.checkpointed.store(false, Ordering::Relaxed);
        Ok(answer)
    }

    /// The session that was opened or resumed last over this connection.
    pub(super) fn work_session(&self) -> Option<SessionId> {
        self.caller.work_session().and_then(|id| SessionId::new(id).ok())
    }

    /// From here on this connection's tasks belong to the session of the answer.
    pub(super) fn work_in<R>(&self, answer: &Answer<R>) {
        let id = answer.text("session_id");
        if self.work_session().is_none_or(|present| present.as_str() != id) {
            self.caller.work_in(id);
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
        blocking(move || {
            let real = resolve_inside(&workspace, "working_directory", &path)?;
            match real.to_str() {
                _ if !real.is_dir() => {
                    Err(TaskError::invalid("working_directory", format!("{path} is not a directory")))
                }
                None => Err(TaskError::invalid("working_directory", format!("{path} is not valid Unicode"))),
                Some(real) => Ok(real.to_owned()),
            }
        })
        .await
    }

    /// Hands a content to the store.
    pub(super) async fn keep(&self, bytes: Vec<u8>) -> Result<Staged, Refusal> {
        Ok(self.shared.store.stage(bytes).await?)
    }

    /// Hands the present content of a file of the workspace to the store.
    ///
    /// # Errors
    ///
    /// When it is outside the workspace, no plain file, or too large.
    pub(super) async fn keep_file(&self, path: &str) -> Result<Staged, Refusal> {
        Ok(self.shared.store.stage_file(self.shared.workspace.clone(), path).await?)
    }

    /// Puts a remark into the client's log, where it keeps one at this level.
    pub(super) async fn tell(&self, logger: &str, summary: &str) {
        self.caller.tell(logger, summary).await;
    }

    /// Whether the client no longer wants the answer.
    pub(super) fn is_cancelled(&self) -> bool {
        self.caller.is_cancelled()
    }

    /// Tells the client how far the call is, where it asked to be told.
    pub(super) async fn progress(&self, done: f64, total: f64, message: &str) {
        self.caller.progress(done, total, message).await;
    }
}

/// The session, unless it is gone.
pub(super) fn existing(
    repository: &dyn Repository,
    session: Option<SessionId>,
) -> Result<Option<SessionId>, RepositoryError> {
    Ok(match session {
        Some(id) if repository.session(&id)?.is_some() => Some(id),
        _ => None,
    })
}

/// Runs what waits for the disk where it holds nobody up.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TaskError> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Failure::internal(&error))?.map_err(Refusal::from)
}

/// What the operation log knows a request by.
///
/// # Errors
///
/// When it has no number, or its client's own key is none.
pub(in crate::worker) fn execution(
    context: &RequestContext<RoleServer>,
    tool: &Entry,
    arguments: &JsonObject,
) -> Result<Execution, Refusal> {
    let operation = context.extensions.get::<OperationId>().copied();
    let operation = operation.ok_or_else(|| no_key("the request carries no operation id"))?;
    let execution = Execution::new(operation, tool.name, canonical::of(arguments).as_bytes());
    match own_key(context, tool)? {
        None => Ok(execution),
        Some(key) => Ok(execution.with_key(key)?),
    }
}

/// The client's own key, where it has given one.
fn own_key<'a>(context: &'a RequestContext<RoleServer>, tool: &Entry) -> Result<Option<&'a str>, Refusal> {
    match context.meta.get(KEY) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(key)) => Ok(Some(key)),
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

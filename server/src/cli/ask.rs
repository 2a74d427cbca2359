//! Asking the running server, and what it means for the exit code when it will not.

use std::time::Duration;

use anyhow::Error;
use task_orchestrator_shared::admin::{Context, Refusal, Reply, Request};
use task_orchestrator_shared::client::{CallError, Socket, Target, once};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::explain;
use task_orchestrator_shared::restart::RestartEvent;
use thiserror::Error;

use super::GlobalArgs;
use super::render::text::clean;
use super::screen::Screen;
use crate::exit::Exit;
use crate::workspace::Workspace;

/// How long a running server may take for what it does at once.
pub(super) const PROMPT: Duration = Duration::from_secs(10);

/// The server did not do what was asked.
#[derive(Debug, Error)]
#[error("{} ({code})\n{}\nMore: task-orchestrator explain {code}",
    clean(&.0.error), clean(&.0.hint), code = explain::name(.0.error_code))]
pub(super) struct Refused(pub(super) Refusal);

impl Refused {
    /// What it means for the shell.
    pub(super) fn exit(&self) -> Exit {
        exit_of_code(self.0.error_code)
    }
}

/// The exit code that stands for an error code.
pub(super) fn exit_of_code(code: ErrorCode) -> Exit {
    match code {
        ErrorCode::PermissionDenied => Exit::Denied,
        ErrorCode::TimeoutExceeded => Exit::TimedOut,
        _ => Exit::Failed,
    }
}

/// The exit code that stands for a call that got no reply.
pub(super) fn exit_of_call(error: &CallError) -> Exit {
    match error {
        CallError::NoServer => Exit::NoServer,
        CallError::TimedOut(_) => Exit::TimedOut,
        CallError::Denied(_) => Exit::Denied,
        CallError::Refused { .. } | CallError::Skewed(_) | CallError::Lost | CallError::Io(_) => Exit::Failed,
    }
}

/// The server answered something else than was asked: it is of another version.
#[derive(Debug, Error)]
#[error(
    "the server answered another question than was asked; it is of another version: `task-orchestrator stop` lets the next client start this one"
)]
pub(super) struct WrongReply;

/// The server of this workspace, for this program.
pub(super) fn target(global: &GlobalArgs, workspace: &Workspace) -> Target {
    let client = concat!("task-orchestrator ", env!("CARGO_PKG_VERSION"));
    let (owner, at) = (workspace.owner(), workspace.clone());
    let socket = Socket::found_by(move || at.admin_socket());
    Target::new(socket, client).in_role(global.role).owned_by(owner)
}

/// Asks the server of this workspace something that it answers at once. The reply
/// may be a refusal.
pub(super) fn call(
    global: &GlobalArgs,
    workspace: &Workspace,
    request: &Request,
) -> Result<Reply, CallError> {
    once(&target(global, workspace), request.clone(), Context::default(), Some(PROMPT), |_| {})
}

/// Asks the workspace's server something that it answers at once. A refusal is an
/// error, and with `json` also an object on the standard output.
pub(super) fn ask(
    global: &GlobalArgs,
    request: &Request,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Reply> {
    ask_in(global, request, Context::default(), json, screen)
}

/// The same with what goes with the request.
pub(super) fn ask_in(
    global: &GlobalArgs,
    request: &Request,
    context: Context,
    json: bool,
    screen: &mut Screen<'_>,
) -> anyhow::Result<Reply> {
    let (workspace, _) = global.find_workspace()?;
    let reply = once(&target(global, &workspace), request.clone(), context, Some(PROMPT), |_| {})?;
    accepted(reply, json, screen)
}

/// Asks the workspace's server something that takes its time.
pub(super) fn ask_with_events(
    global: &GlobalArgs,
    request: &Request,
    timeout: Duration,
    on_event: impl FnMut(RestartEvent),
) -> anyhow::Result<Reply> {
    ask_with_events_in(global, request, Context::default(), timeout, on_event)
}

/// The same with what goes with the request.
pub(super) fn ask_with_events_in(
    global: &GlobalArgs,
    request: &Request,
    context: Context,
    timeout: Duration,
    on_event: impl FnMut(RestartEvent),
) -> anyhow::Result<Reply> {
    let (workspace, _) = global.find_workspace()?;
    let reply = once(&target(global, &workspace), request.clone(), context, Some(timeout), on_event);
    reply.map_err(|error| match error {
        // The server goes on with it, whoever waits.
        error @ (CallError::TimedOut(_) | CallError::Lost) => {
            Error::from(error).context("the outcome is not known; `task-orchestrator history` tells it")
        }
        error => error.into(),
    })
}

/// The reply, unless it is a refusal.
pub(super) fn accepted(reply: Reply, json: bool, screen: &mut Screen<'_>) -> anyhow::Result<Reply> {
    let Reply::Refused(refusal) = reply else { return Ok(reply) };
    if json {
        screen.print_json(&refusal)?;
    }
    Err(Refused(refusal).into())
}

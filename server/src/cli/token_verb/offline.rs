//! The change where no server runs. The lock of the front is held meanwhile, so that none
//! begins whose audit would be another one.

use anyhow::{Context as _, bail};
use task_orchestrator_shared::admin::audit::{Actor, Attempt, AuditOutcome};
use task_orchestrator_shared::admin::{self, Context, Reply, Request};
use task_orchestrator_shared::role::Role;

use crate::audit::{self, Audit};
use crate::cli::GlobalArgs;
use crate::cli::ask::WrongReply;
use crate::front::{FrontError, FrontLock};
use crate::tokens::{self, TokenError};

/// How long the audit may take to write what is left.
const LAST_WORDS: std::time::Duration = std::time::Duration::from_secs(10);

/// Writes down what is about to be done, does it, and writes down what came of it.
///
/// # Errors
/// What cannot be written is not done.
pub(super) fn change(global: &GlobalArgs, request: &Request, context: &Context) -> anyhow::Result<Reply> {
    let (mut workspace, surroundings) = global.find_workspace()?;
    let (config, ..) = global.load_config(&workspace)?;
    workspace.create(&surroundings)?;
    let _lock = match FrontLock::take(&workspace, false) {
        Ok(lock) => lock,
        Err(FrontError::AlreadyRunning { pid, .. }) => {
            bail!("a server is running here (pid {pid}) and takes no connection yet: ask again in a moment")
        }
        Err(error) => return Err(error).context("the workspace cannot be locked"),
    };
    let audit = Audit::open(&audit::Options::of(&workspace, &config.audit))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let intent = runtime.block_on(audit.intent(attempt(request, context)));
    let intent = intent.context("the audit cannot be written, so nothing is changed")?;
    let changed = apply(request, &workspace.tokens());
    match &changed {
        Ok(Some(message)) => audit.outcome(intent, AuditOutcome::Done, message),
        Ok(None) => audit.outcome(intent, AuditOutcome::Refused, "no change of tokens"),
        Err(error) => audit.outcome(intent, AuditOutcome::Refused, &error.to_string()),
    }
    let written = runtime.block_on(audit.close(LAST_WORDS));
    let message = changed?.ok_or(WrongReply)?;
    written.context("it is done, and the audit does not say so")?;
    Ok(Reply::Done(admin::Done { message }))
}

/// `None` for what changes no token.
fn apply(request: &Request, path: &std::path::Path) -> Result<Option<String>, TokenError> {
    match request {
        Request::AddToken(token) => {
            tokens::add(path, (**token).clone())?;
            Ok(Some(format!("the token {} lets its client in as {}", token.name, token.role)))
        }
        Request::RevokeToken { name } => {
            tokens::revoke(path, name)?;
            Ok(Some(format!("the token {name} lets nobody in any more")))
        }
        _ => Ok(None),
    }
}

fn attempt(request: &Request, context: &Context) -> Attempt {
    let parameters = serde_json::to_value(request).unwrap_or_default();
    Attempt {
        actor: Actor {
            transport: "cli".to_owned(),
            source_ip: None,
            token: None,
            uid: rustix::process::geteuid().as_raw(),
            user: None,
            gid: rustix::process::getegid().as_raw(),
            pid: Some(std::process::id()),
            client: Some(concat!("task-orchestrator ", env!("CARGO_PKG_VERSION")).to_owned()),
            // Who can write the files is as much as their owner.
            role: Some(Role::Admin),
        },
        operation: request.operation(),
        method: request.method().to_owned(),
        target: request.target(),
        parameters: parameters.get("params").cloned().unwrap_or_default(),
        reason: context.reason.clone(),
        idempotency_key: context.idempotency_key.clone(),
    }
}

//! A request that may be sent. What changes something on the server can only be made
//! from a dialog that was confirmed, or is harmless by the one table here.

use task_orchestrator_shared::admin::{Context, Request};
use task_orchestrator_shared::restart::Reason;

use crate::action::Danger;

/// A request that may be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    request: Request,
    context: Context,
}

/// What can go wrong with a request.
pub fn danger_of(request: &Request) -> Danger {
    match request {
        Request::WhoAmI
        | Request::Roles
        | Request::Status
        | Request::Subscribe
        | Request::Unsubscribe
        | Request::FollowLogs(_)
        | Request::Unfollow
        | Request::Health
        | Request::Prepare
        | Request::RestartStatus { .. }
        | Request::ReconnectTest { .. }
        | Request::Backups
        | Request::VerifyBackup { .. }
        | Request::CompareBackups { .. }
        | Request::PlanRestore { .. }
        | Request::PruneBackups { dry_run: true }
        | Request::DeadLetters { .. }
        | Request::ShowConfig
        | Request::Audit { .. }
        | Request::VerifyAudit
        | Request::Tasks
        | Request::Session { .. } => Danger::Looks,
        Request::Snapshot
        | Request::PinBackup { .. }
        | Request::LogLevel { .. }
        | Request::DeadLetter { .. } => Danger::Harmless,
        Request::Restart(restart) => {
            // An error recovery answers with errors what waits, like clearing all buffers.
            let clears = restart.clear_buffers || restart.reason == Reason::ErrorRecovery;
            let is_hard = !restart.graceful || !restart.preserve_state || restart.binary.is_some();
            if is_hard || clears { Danger::Typed } else { Danger::Confirm }
        }
        Request::CancelRestart
        | Request::Maintenance { .. }
        | Request::ClearBuffers { session: Some(_) }
        | Request::RetryDeadLetter { .. }
        | Request::ReloadConfig => Danger::Confirm,
        Request::ClearBuffers { session: None }
        | Request::RestoreBackup { .. }
        | Request::PruneBackups { dry_run: false }
        | Request::DisconnectSession { .. }
        | Request::DiscardDeadLetter { .. }
        | Request::AddToken(_)
        | Request::RevokeToken { .. }
        | Request::Stop => Danger::Typed,
    }
}

impl Order {
    /// A request that needs no confirmation; nothing for any other.
    pub fn plain(request: Request, context: Context) -> Option<Self> {
        (danger_of(&request) <= Danger::Harmless).then_some(Self { request, context })
    }

    /// Only [`crate::model::dialog::Dialog::confirm`] may call this.
    pub(super) fn confirmed(request: Request, context: Context) -> Self {
        Self { request, context }
    }

    /// What is asked.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// What goes with it.
    pub fn context(&self) -> &Context {
        &self.context
    }
}

//! What a client asks for through a reboot tool, and whether it may.

use serde_json::json;
use task_orchestrator_shared::admin::request::restart_operation;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::RestartRequest;
use task_orchestrator_shared::role::{Operation, Role};

use super::arguments::{HealthScope, ReadinessScope, ReconnectScope, StatusScope};
use crate::tool::failure::Failure;

/// A call of a reboot tool whose arguments are in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Restart the worker.
    Restart {
        /// How.
        request: Box<RestartRequest>,
        /// Whether the answer is the outcome, or only that it has begun.
        wait: bool,
    },
    /// Measure how everything is.
    Health(HealthScope),
    /// Look whether a restart would go through.
    Prepare(ReadinessScope),
    /// Where a restart is, and what there was.
    Status(StatusScope),
    /// Send something through connections.
    Reconnect(ReconnectScope),
}

impl Command {
    /// The tool that it came by.
    pub fn tool(&self) -> &'static str {
        match self {
            Self::Restart { .. } => super::RESTART_SERVER,
            Self::Health(_) => super::HEALTH_CHECK,
            Self::Prepare(_) => super::SHUTDOWN_PREPARE,
            Self::Status(_) => super::RESTART_STATUS,
            Self::Reconnect(_) => super::RECONNECT_TEST,
        }
    }

    /// What permission it takes. A restart that may lose something is an emergency
    /// whatever it is called.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Restart { request, .. } => restart_operation(request),
            Self::Health(_) => Operation::HealthCheck,
            Self::Prepare(_) => Operation::ShutdownPrepare,
            Self::Status(_) => Operation::RestartStatus,
            Self::Reconnect(_) => Operation::ReconnectTest,
        }
    }
}

/// Whether this role may do that.
///
/// # Errors
///
/// `RESTART_009` naming the role, the operation, and the least role that may.
pub fn permit(role: Role, command: &Command) -> Result<(), Failure> {
    let operation = command.operation();
    if role.may(operation) {
        return Ok(());
    }
    let least = Role::least_for(operation);
    let error = format!("the role {role} may not do {operation}: that takes the role {least}");
    let hint = match operation {
        Operation::EmergencyRestart => {
            "Use graceful=true and preserve_state=true, or ask the owner of the server to do it with the command line."
        }
        _ => "Ask the owner of the server, who sets the role in its configuration (access.stdio_role).",
    };
    let details = json!({ "role": role, "operation": operation, "least_role": least });
    Err(Failure::new(ErrorCode::PermissionDenied, error, hint).with_details(details))
}

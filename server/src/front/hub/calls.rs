//! Clients' calls of the reboot tools, which the front answers itself.

use std::time::Instant;

use task_orchestrator_shared::admin::Reply;
use task_orchestrator_shared::admin::audit::{Actor, Attempt};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::RestartRequest;
use task_orchestrator_shared::role::Role;

use crate::front::ask::{ClientCall, Operation, ReplyTo};
use crate::front::session::{Pending, Session};
use crate::ledger::OperationKey;
use crate::reboot::{self, Command, HealthScope, ReadinessScope, ReconnectScope, StatusScope};
use crate::tool::failure::Failure;

use super::Hub;
use super::admit::{Admission, Admitted};

/// Calls of reboot tools that one client may have open.
const MAX_CALLS: usize = 16;

impl Hub {
    /// A client calls one of the tools that the front answers itself.
    pub(super) fn reboot_called(
        &mut self,
        number: u64,
        sequence: u64,
        call: reboot::Call,
        pending: Pending,
        now: Instant,
    ) {
        let open = self.open_calls(number);
        let Some(session) = self.sessions.get_mut(&number) else { return };
        let reboot::Call { id, command, progress_token, modern, .. } = call;
        let command = match command {
            Ok(command) => command,
            Err(error) => {
                self.metrics.requests.refused(session.via.transport());
                return session.answer_unasked(sequence, reboot::refused(&id, &error));
            }
        };
        let role = session.via.role().unwrap_or_else(|| Role::from(self.config.access.stdio_role));
        let attempt = client_attempt(session, &command, role);
        let limits = match session.via.limited_as() {
            Some(sender) => self.senders.limits(&sender, &self.config.limits, now),
            None => session.limits.get_or_insert_with(|| Box::new(reboot::Limits::new(&self.config.limits))),
        };
        let permitted = reboot::permit(role, &command);
        if let Err(failure) = &permitted {
            self.audit.denied(attempt.clone(), &failure.error);
        }
        let allowed = permitted
            .and_then(|()| limits.check(&command))
            .and_then(|()| if open < MAX_CALLS { Ok(()) } else { Err(too_many_calls()) });
        if let Err(failure) = allowed {
            self.metrics.requests.refused(session.via.transport());
            return session.answer_unasked(sequence, reboot::failed(&id, failure, modern));
        }
        let client = session.client;
        if !self.keep_for_front(number, sequence, &id, pending) {
            return;
        }
        let call = ClientCall {
            session: number,
            sequence,
            id,
            command: command.clone(),
            modern,
            token: progress_token,
        };
        let to = ReplyTo::Client(Box::new(call));
        match command {
            Command::Restart { request, .. } => {
                let operation = OperationKey { client, sequence };
                let restart = ClientRestart { request, operation, by: format!("mcp:{client}") };
                let what = Admitted::Client(restart);
                self.intend(Admission {
                    attempt,
                    key: None,
                    expected_generation: None,
                    to,
                    what,
                    open: self.open.clone(),
                });
                return;
            }
            Command::Health(_) => self.health(to, now),
            Command::Prepare(_) => self.readiness(to, now),
            Command::Status(StatusScope { include_history, limit, .. }) => {
                self.restart_status(include_history.then_some(limit), to, now);
            }
            Command::Reconnect(ReconnectScope { session_id, .. }) => {
                self.reconnect_test(session_id.as_deref(), to, now);
            }
        }
        self.audit.allowed(attempt);
    }

    pub(super) fn restart_by_client(&self, restart: ClientRestart, to: ReplyTo) {
        let ClientRestart { request, operation, by } = restart;
        self.restart_once(request, (to, None), by, (operation, None));
    }
}

/// A restart that an MCP client's call asks for.
#[derive(Debug)]
pub(crate) struct ClientRestart {
    pub(super) request: Box<RestartRequest>,
    pub(super) operation: Operation,
    pub(super) by: String,
}

/// What is written of a client's call.
fn client_attempt(session: &Session, command: &Command, role: Role) -> Attempt {
    let (target, parameters, reason) = match command {
        Command::Restart { request, .. } => {
            (request.binary.clone(), serde_json::to_value(request).unwrap_or_default(), request.note.clone())
        }
        _ => (None, serde_json::Value::Null, None),
    };
    Attempt {
        actor: Actor {
            transport: "mcp".to_owned(),
            // Only the owner reaches the clients' socket.
            uid: rustix::process::geteuid().as_raw(),
            user: None,
            gid: rustix::process::getegid().as_raw(),
            pid: session.via.pid(),
            source_ip: session.via.source(),
            token: session.via.token().map(str::to_owned),
            client: Some(session.client.to_string()),
            role: Some(role),
        },
        operation: command.operation(),
        method: command.tool().to_owned(),
        target,
        parameters,
        reason,
        idempotency_key: None,
    }
}

fn too_many_calls() -> Failure {
    let error = format!("{MAX_CALLS} calls of reboot tools are open already");
    Failure::new(ErrorCode::Overloaded, error, "Wait for their answers.")
}

/// The answer as the client's call wants it.
pub(super) fn tool_reply(call: &ClientCall, reply: Reply) -> bytes::Bytes {
    let ClientCall { id, command, modern, .. } = call;
    let modern = *modern;
    match (reply, command) {
        (Reply::Restart(report), _) => reboot::restart_reply(id, &report, modern),
        (Reply::Health(mut health), Command::Health(scope)) => {
            let HealthScope { include_reboot_readiness, include_connection_status, include_database_status } =
                scope;
            let checks = &mut health.checks;
            checks.reboot_readiness = checks.reboot_readiness.take().filter(|_| *include_reboot_readiness);
            checks.connections = checks.connections.take().filter(|_| *include_connection_status);
            checks.database = checks.database.take().filter(|_| *include_database_status);
            reboot::reply(id, &health, modern)
        }
        (Reply::Readiness(mut readiness), Command::Prepare(scope)) => {
            let ReadinessScope { check_active_tasks, check_database_state, check_client_connections } = scope;
            let checks = &mut readiness.checks;
            checks.active_tasks = checks.active_tasks.take().filter(|_| *check_active_tasks);
            checks.database = checks.database.take().filter(|_| *check_database_state);
            checks.client_connections =
                checks.client_connections.take().filter(|_| *check_client_connections);
            reboot::reply(id, &readiness, modern)
        }
        (Reply::RestartStatus(mut status), Command::Status(scope)) => {
            if !scope.include_error_details {
                status.current_status.errors = None;
            }
            reboot::reply(id, &status, modern)
        }
        (Reply::ReconnectTest(mut test), Command::Reconnect(scope)) => {
            let results = &mut test.results;
            results.buffer_status = results.buffer_status.take().filter(|_| scope.include_buffer_status);
            results.reconnection_stats =
                results.reconnection_stats.take().filter(|_| scope.include_reconnection_stats);
            reboot::reply(id, &test, modern)
        }
        (Reply::Refused(refusal), _) => {
            let failure = Failure::new(refusal.error_code, refusal.error, refusal.hint);
            reboot::failed(id, failure, modern)
        }
        (reply, _) => reboot::reply(id, &reply, modern),
    }
}

//! What is asked of the front itself, by administrators and by clients' calls of
//! the reboot tools: checked, begun, answered.

use std::time::Instant;

use task_orchestrator_shared::admin::{self, Refusal, Reply, Request};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::{RestartId, RestartRequest, TIMEOUT_SECONDS};
use task_orchestrator_shared::role::Role;
use tokio::sync::{mpsc, oneshot};

use crate::admin::{Answered, Asked};
use crate::front::ask::{ClientCall, Operation, ReplyTo, Waiter};
use crate::front::event::Event;
use crate::front::session::Pending;
use crate::ledger::OperationKey;
use crate::link::Goodbye;
use crate::reboot::{self, Command, HealthScope, ReadinessScope, ReconnectScope, StatusScope};
use crate::restart::{self, Ask};
use crate::tool::failure::Failure;

use super::Hub;

/// Who waits for a restart at once; more are refused.
const MAX_WAITERS: usize = 4096;

/// Calls of reboot tools that one client may have open.
const MAX_CALLS: usize = 16;

/// Longest remark about a restart, in characters.
const MAX_NOTE: usize = 1000;

type Events = mpsc::Sender<task_orchestrator_shared::restart::RestartEvent>;

impl Hub {
    pub(super) fn administer(&mut self, asked: Asked, reply: oneshot::Sender<Answered>, now: Instant) {
        let Asked { request, caller, events, .. } = asked;
        let uid = caller.uid;
        let to = ReplyTo::Admin(reply);
        match request {
            Request::Status => {
                let status = self.status(now);
                self.answer(to, Reply::Status(Box::new(status)));
            }
            Request::Stop => {
                let reason = "stopped by an administrator".to_owned();
                (self.settings.end)(Goodbye { resume: false, reason });
                let sessions = self.connections.len() as u64;
                self.answer(to, Reply::Stopping(admin::Stopping { pid: std::process::id(), sessions }));
            }
            Request::Restart(request) => {
                self.restart(*request, (to, Some(events)), format!("admin:uid={uid}"), None, now);
            }
            Request::CancelRestart => {
                self.cancelling = Some(to);
                self.feed(restart::Event::CancelAsked, now);
            }
            Request::Maintenance { on } => {
                let message = self.maintain(on, now);
                self.answer(to, Reply::Done(admin::Done { message }));
            }
            Request::Health => self.health(to, now),
            Request::Prepare => self.readiness(to, now),
            Request::RestartStatus { limit } => self.restart_status(Some(limit), to, now),
            Request::ReconnectTest { session } => self.reconnect_test(session.as_deref(), to, now),
            Request::DeadLetters { limit } => self.list_letters(limit, to),
            Request::DeadLetter { id } => self.show_letter(id, false, to),
            Request::RetryDeadLetter { id } => self.show_letter(id, true, to),
            Request::DiscardDeadLetter { id } => self.discard_letter(id, to),
            _ => {
                let error = "this server does not do that yet".to_owned();
                let hint = "see `task-orchestrator --help`".to_owned();
                self.answer(to, Reply::Refused(Refusal { error_code: ErrorCode::NotReady, error, hint }));
            }
        }
    }

    /// A client calls one of the tools that the front answers itself.
    pub(super) fn reboot_called(
        &mut self,
        number: u64,
        sequence: u64,
        call: reboot::Call,
        pending: Pending,
        now: Instant,
    ) {
        let Some(session) = self.sessions.get_mut(&number) else { return };
        let reboot::Call { id, command, progress_token, modern, .. } = call;
        let command = match command {
            Ok(command) => command,
            Err(error) => return session.answer_unasked(sequence, reboot::refused(&id, &error)),
        };
        let limits = session.limits.get_or_insert_with(|| Box::new(reboot::Limits::new(&self.config.limits)));
        let open = session.pending.values().filter(|pending| pending.is_for_front).count();
        let allowed = reboot::permit(Role::from(self.config.access.stdio_role), &command)
            .and_then(|()| limits.check(&command))
            .and_then(|()| if open < MAX_CALLS { Ok(()) } else { Err(too_many_calls()) });
        if let Err(failure) = allowed {
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
                self.restart_by_client(*request, to, operation, client.to_string());
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
    }

    /// The same call may come again after a front has died: then it is the same restart.
    fn restart_by_client(&self, request: RestartRequest, to: ReplyTo, operation: Operation, client: String) {
        let known = self.ledger.find_by_operation(operation);
        let events = self.jobs.events().clone();
        tokio::spawn(async move {
            let event = match known.await {
                Ok(Some(report)) if report.outcome.is_some() => {
                    Event::Report { to, reply: Reply::Restart(Box::new(report)) }
                }
                _ => {
                    let by = format!("mcp:{client}");
                    Event::Restart { request: Box::new(request), to, by, operation: Some(operation) }
                }
            };
            let _ = events.send(event).await;
        });
    }

    /// Somebody wants a restart. The answer is its outcome, or that it has begun
    /// where the client does not want to wait.
    pub(super) fn restart(
        &mut self,
        request: RestartRequest,
        (to, events): (ReplyTo, Option<Events>),
        by: String,
        operation: Option<Operation>,
        now: Instant,
    ) {
        if let Err(refusal) = acceptable(&request).and_then(|()| self.has_room()) {
            return self.answer(to, Reply::Refused(refusal));
        }
        let id = RestartId(uuid::Uuid::now_v7().simple().to_string());
        let waits = match &to {
            ReplyTo::Client(call) => !matches!(call.command, Command::Restart { wait: false, .. }),
            ReplyTo::Admin(_) | ReplyTo::Nobody => true,
        };
        let (to, later) = if waits { (to, None) } else { (ReplyTo::Nobody, Some(to)) };
        let told = f64::NEG_INFINITY;
        self.waiters.push(Waiter { restart: id.clone(), to, events: events.clone(), told, operation });
        let lines = self.current.lines_for(self.machine.running().is_some());
        if let Some(events) = events {
            for line in lines {
                let _ =
                    events.try_send(task_orchestrator_shared::restart::RestartEvent::BuildOutput { line });
            }
        }
        self.feed(restart::Event::Asked(Box::new(Ask { id: id.clone(), request, by })), now);
        if let Some(to) = later {
            let reply = self.begun_or_ended(&id, now);
            self.answer(to, reply);
        }
    }

    /// What there is to say at once of a restart that was asked for under this name.
    fn begun_or_ended(&self, id: &RestartId, now: Instant) -> Reply {
        if let Some(ended) = self.current.last.as_ref().filter(|last| last.restart_id == *id) {
            return Reply::Restart(ended.clone());
        }
        // Who has just asked came last, and may have joined another one.
        let waits_for = self.waiters.last().map(|waiter| waiter.restart.clone());
        match self.report_running(now).filter(|running| Some(&running.restart_id) == waits_for.as_ref()) {
            Some(running) => Reply::Restart(Box::new(running)),
            None => {
                let message = "a worker is being started after a crash; the restart follows at once";
                Reply::Done(admin::Done { message: message.to_owned() })
            }
        }
    }

    fn has_room(&self) -> Result<(), Refusal> {
        if self.waiters.len() < MAX_WAITERS {
            return Ok(());
        }
        Err(Refusal {
            error_code: ErrorCode::Overloaded,
            error: format!("{MAX_WAITERS} wait for a restart already"),
            hint: "ask for its state instead: `task-orchestrator history`".to_owned(),
        })
    }

    /// The program's file has changed, and the configuration says that this restarts the worker.
    pub(super) fn program_changed(&mut self, now: Instant) {
        if self.config.restart.watch {
            let request = RestartRequest {
                build: false,
                note: Some("the program's file has changed".to_owned()),
                ..RestartRequest::default()
            };
            self.restart(request, (ReplyTo::Nobody, None), "watch".to_owned(), None, now);
        }
    }

    /// Holds new requests back, or lets them through again.
    fn maintain(&mut self, on: bool, now: Instant) -> String {
        if self.maintenance == on {
            return format!("maintenance mode is {} already", if on { "on" } else { "off" });
        }
        self.maintenance = on;
        self.tell_front();
        if on {
            self.held_since = self.held_since.or(Some(now));
            return "maintenance mode is on: new requests wait until it is off".to_owned();
        }
        let waiting = self.buffer_status(now).total_buffered_requests;
        if self.route.is_none() {
            return format!("maintenance mode is off: {waiting} requests still wait for a worker");
        }
        self.is_not_held();
        self.flush_all(now);
        self.open_all(now);
        format!("maintenance mode is off: {waiting} requests that had waited were sent on")
    }

    /// Tells who asked.
    pub(super) fn answer(&mut self, to: ReplyTo, reply: Reply) {
        match to {
            // Whoever asked may have hung up.
            ReplyTo::Admin(asker) => drop(asker.send(reply.into())),
            ReplyTo::Nobody => {}
            ReplyTo::Client(call) => {
                let ClientCall { session, sequence, .. } = *call;
                let payload = tool_reply(&call, reply);
                if let Some(session) = self.sessions.get_mut(&session) {
                    session.answer(sequence, payload);
                }
                self.close_if_finished(session);
            }
        }
    }
}

/// What no restart can be.
fn acceptable(request: &RestartRequest) -> Result<(), Refusal> {
    let refuse = |error: String, hint: &str| {
        Err(Refusal { error_code: ErrorCode::InvalidArgument, error, hint: hint.to_owned() })
    };
    if let Some(timeout) = request.timeout
        && !TIMEOUT_SECONDS.contains(&timeout)
    {
        let (least, most) = (TIMEOUT_SECONDS.start(), TIMEOUT_SECONDS.end());
        return refuse(
            format!("a timeout of {timeout} s is not possible"),
            &format!("{least} to {most} s are"),
        );
    }
    if request.binary.as_ref().is_some_and(|binary| !binary.starts_with('/')) {
        return refuse("the program's path is not absolute".to_owned(), "give the whole path");
    }
    if request.note.as_ref().is_some_and(|note| note.chars().count() > MAX_NOTE) {
        return refuse(format!("the note is longer than {MAX_NOTE} characters"), "say it shorter");
    }
    if request.rollback && request.binary.is_some() {
        return refuse("a rollback runs the previous build".to_owned(), "leave the program out");
    }
    Ok(())
}

fn too_many_calls() -> Failure {
    let error = format!("{MAX_CALLS} calls of reboot tools are open already");
    Failure::new(ErrorCode::Overloaded, error, "Wait for their answers.")
}

/// The answer as the client's call wants it.
fn tool_reply(call: &ClientCall, reply: Reply) -> bytes::Bytes {
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

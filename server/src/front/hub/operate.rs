//! What is asked of the front itself: checked, begun, answered.

use std::time::Instant;

use task_orchestrator_shared::admin::{self, Refusal, Reply, Request};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::{RestartId, RestartRequest, TIMEOUT_SECONDS};
use tokio::sync::mpsc;

use crate::admin::Caller;
use crate::front::ask::{ClientCall, Operation, ReplyTo, Waiter};
use crate::front::event::Event;
use crate::front::metrics::End;
use crate::front::outcomes::OutcomeKey;
use crate::link::Goodbye;
use crate::restart::{self, Ask};

use super::Hub;
use super::admit::Standing;
use super::calls::tool_reply;

/// Who waits for a restart at once; more are refused.
const MAX_WAITERS: usize = 4096;

/// Longest remark about a restart, in characters.
const MAX_NOTE: usize = 1000;

type Events = mpsc::Sender<task_orchestrator_shared::restart::RestartEvent>;

impl Hub {
    /// What an administrator only looks at.
    pub(super) fn look(
        &mut self,
        request: Request,
        caller: &Caller,
        standing: &Standing,
        to: ReplyTo,
        now: Instant,
    ) {
        match request {
            Request::WhoAmI => self.answer(to, Reply::WhoAmI(Box::new(Self::who_am_i(caller, standing)))),
            Request::Roles => {
                let roles = self.roles();
                self.answer(to, Reply::Roles(Box::new(roles)));
            }
            Request::Status => {
                let status = self.status(now);
                self.answer(to, Reply::Status(Box::new(status)));
            }
            Request::Subscribe => self.subscribe(standing.role, to, now),
            // The connection has more to say, or nothing any more.
            Request::FollowLogs(_) => self.follow_logs(to),
            Request::Unsubscribe | Request::Unfollow => self.done(to, "no more is sent"),
            Request::Health => self.health(to, now),
            Request::Prepare => self.readiness(to, now),
            Request::RestartStatus { limit } => self.restart_status(Some(limit), to, now),
            Request::ReconnectTest { session } => self.reconnect_test(session.as_deref(), to, now),
            Request::Backups
            | Request::VerifyBackup { .. }
            | Request::CompareBackups { .. }
            | Request::PlanRestore { .. }
            | Request::PruneBackups { .. } => self.with_backups(request, to),
            Request::DeadLetters { limit } => self.list_letters(limit, to),
            Request::ShowConfig => self.show_config(to),
            Request::Audit { limit } => self.show_audit(limit, to),
            Request::VerifyAudit => self.verify_audit(to),
            Request::Tasks => self.tasks(to),
            Request::Session { session } => self.session(&session, to, now),
            // What changes something comes by way of the audit.
            Request::Restart(_)
            | Request::CancelRestart
            | Request::Maintenance { .. }
            | Request::Snapshot
            | Request::RestoreBackup { .. }
            | Request::PinBackup { .. }
            | Request::ClearBuffers { .. }
            | Request::DisconnectSession { .. }
            | Request::DeadLetter { .. }
            | Request::RetryDeadLetter { .. }
            | Request::DiscardDeadLetter { .. }
            | Request::LogLevel { .. }
            | Request::ReloadConfig
            | Request::AddToken(_)
            | Request::RevokeToken { .. }
            | Request::Stop => self.answer(to, misplaced()),
        }
    }

    /// What changes something, once it is allowed and written down.
    pub(super) fn act(
        &mut self,
        request: Request,
        (to, events): (ReplyTo, Events),
        by: String,
        once: Option<(Operation, Option<u64>)>,
        now: Instant,
    ) {
        match request {
            Request::Stop => {
                let reason = "stopped by an administrator".to_owned();
                (self.settings.end)(Goodbye { resume: false, reason });
                let sessions = self.connections.len() as u64;
                self.answer(to, Reply::Stopping(admin::Stopping { pid: std::process::id(), sessions }));
            }
            Request::Restart(request) => match once {
                Some(once) => self.restart_once(request, (to, Some(events)), by, once),
                None => self.restart(*request, (to, Some(events)), by, None, now),
            },
            Request::CancelRestart => {
                self.cancelling = Some(to);
                self.feed(restart::Event::CancelAsked, now);
            }
            Request::Maintenance { on } => {
                let message = self.maintain(on, now);
                self.done(to, &message);
            }
            Request::Snapshot => self.snapshot_now(to),
            Request::RestoreBackup { name } => self.check_restore(name, by, to),
            Request::PruneBackups { .. } | Request::PinBackup { .. } => self.with_backups(request, to),
            Request::ClearBuffers { session } => self.clear_by_hand(session.as_deref(), to),
            Request::DisconnectSession { session } => self.disconnect(&session, to),
            Request::DeadLetter { id } => self.show_letter(id, false, to),
            Request::RetryDeadLetter { id } => self.show_letter(id, true, to),
            Request::DiscardDeadLetter { id } => self.discard_letter(id, to),
            Request::LogLevel { level } => self.set_log_level(&level, to),
            Request::ReloadConfig => self.reload_config(to),
            Request::AddToken(_) | Request::RevokeToken { .. } => self.change_tokens(request, to),
            // What only looks does not come this way.
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
            | Request::DeadLetters { .. }
            | Request::ShowConfig
            | Request::Audit { .. }
            | Request::VerifyAudit
            | Request::Tasks
            | Request::Session { .. } => self.answer(to, misplaced()),
        }
    }

    /// The same call may come again after a front has died: then it is the same restart.
    pub(super) fn restart_once(
        &self,
        request: Box<RestartRequest>,
        (to, told): (ReplyTo, Option<Events>),
        by: String,
        (operation, expected_generation): (Operation, Option<u64>),
    ) {
        let known = self.ledger.find_by_operation(operation);
        let events = self.jobs.events().clone();
        tokio::spawn(async move {
            let event = match known.await {
                Ok(Some(report)) if report.outcome.is_some() => {
                    Event::Report { to, reply: Reply::Restart(Box::new(report)) }
                }
                _ => Event::Restart { request, to, told, by, operation, expected_generation },
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
        let (to, later) = if to.waits() { (to, ReplyTo::Nobody) } else { to.split() };
        let told = f64::NEG_INFINITY;
        // Who has asked for the same meanwhile sees it go on as well.
        for events in to.key().map(|key| self.outcomes.listeners(key)).unwrap_or_default() {
            let (restart, to, events) = (id.clone(), ReplyTo::Nobody, Some(events));
            self.waiters.push(Waiter { restart, to, events, told, operation: None });
        }
        self.waiters.push(Waiter { restart: id.clone(), to, events: events.clone(), told, operation });
        let lines = self.current.lines_for(self.machine.running().is_some());
        if let Some(events) = events {
            for line in lines {
                let _ =
                    events.try_send(task_orchestrator_shared::restart::RestartEvent::BuildOutput { line });
            }
        }
        self.feed(restart::Event::Asked(Box::new(Ask { id: id.clone(), request, by, apart: false })), now);
        if !matches!(later, ReplyTo::Nobody) {
            let reply = self.begun_or_ended(&id, now);
            self.answer(later, reply);
        }
    }

    /// Somebody has asked again for what runs already, and wants to see it go on.
    pub(super) fn listen(&mut self, key: &OutcomeKey, events: Events) {
        let asked = self.waiters.iter().find(|waiter| waiter.to.key() == Some(key));
        let Some(restart) = asked.map(|waiter| waiter.restart.clone()) else {
            return self.outcomes.listen(key, events);
        };
        if self.has_room().is_ok() {
            let (to, events, told) = (ReplyTo::Nobody, Some(events), f64::NEG_INFINITY);
            self.waiters.push(Waiter { restart, to, events, told, operation: None });
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
        self.stream.touch();
        self.tell_front();
        if on {
            self.held_since = self.held_since.or(Some(now));
            return "maintenance mode is on: new requests wait until it is off".to_owned();
        }
        let waiting = self.buffer_status(now).total_buffered_requests;
        if self.route.is_none() {
            return match waiting {
                1 => "maintenance mode is off: 1 request still waits for a worker".to_owned(),
                _ => format!("maintenance mode is off: {waiting} requests still wait for a worker"),
            };
        }
        self.is_not_held();
        self.flush_all(now);
        self.open_all(now);
        match waiting {
            1 => "maintenance mode is off: 1 request that had waited was sent on".to_owned(),
            _ => format!("maintenance mode is off: {waiting} requests that had waited were sent on"),
        }
    }

    /// Tells who asked.
    pub(super) fn answer(&mut self, to: ReplyTo, reply: Reply) {
        match to {
            // Whoever asked may have hung up.
            ReplyTo::Admin(asker) => drop(asker.send(reply.into())),
            ReplyTo::Figures(asker) => drop(asker.send(reply)),
            ReplyTo::Nobody => {}
            ReplyTo::Watchers => self.measured(reply),
            ReplyTo::Recorded(recorded) => self.recorded(*recorded, reply),
            ReplyTo::Restore(to) => self.restore_ended(*to, &reply),
            ReplyTo::Client(call) => {
                let ClientCall { session, sequence, .. } = *call;
                let payload = tool_reply(&call, reply);
                if let Some(session) = self.sessions.get_mut(&session) {
                    if session.pending.contains_key(&sequence) {
                        self.metrics.requests.ended(session.via.transport(), End::Front, 1);
                    }
                    session.answer(sequence, payload);
                }
                self.close_if_finished(session);
            }
        }
    }

    pub(super) fn done(&mut self, to: ReplyTo, message: &str) {
        self.answer(to, Reply::Done(admin::Done { message: message.to_owned() }));
    }
}

/// The two matches above have every operation in exactly one of them.
fn misplaced() -> Reply {
    Reply::Refused(Refusal {
        error_code: ErrorCode::Internal,
        error: "the operation came by the wrong way".to_owned(),
        hint: "this is a defect of the server: its log has the details".to_owned(),
    })
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

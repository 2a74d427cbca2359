//! Who may do what: decided here, on the request as it was understood, where it
//! is executed. What changes something is done only once it is written down.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use task_orchestrator_shared::admin::audit::{Actor, Attempt, AuditOutcome};
use task_orchestrator_shared::admin::{Context, Refusal, Reply, Request, WhoAmI};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::explain;
use task_orchestrator_shared::restart::{Outcome, RestartEvent};
use task_orchestrator_shared::role::{Operation, Role};
use tokio::sync::{mpsc, oneshot};

use crate::admin::{Answered, Asked, Caller};
use crate::front::ask::{Recorded, ReplyTo};
use crate::front::event::Event;
use crate::front::intent::{Intent, Open};
use crate::front::outcomes::{Known, OutcomeKey};

use super::Hub;

/// In which role somebody asks, and by what.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(super) role: Role,
    pub(super) granted: Role,
    pub(super) by: String,
}

/// Something that may be done, as soon as that is written down.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) attempt: Attempt,
    pub(crate) key: Option<OutcomeKey>,
    pub(crate) expected_generation: Option<u64>,
    pub(crate) to: ReplyTo,
    pub(crate) what: Admitted,
    pub(crate) open: Open,
}

/// What may be done.
#[derive(Debug)]
pub(crate) enum Admitted {
    /// An administrator's request.
    Admin { request: Request, caller: Arc<Caller>, events: mpsc::Sender<RestartEvent> },
    /// A restart that an MCP client's call asks for.
    Client(super::calls::ClientRestart),
}

impl Hub {
    /// An administrator asks.
    pub(super) fn administer(&mut self, asked: Asked, reply: oneshot::Sender<Answered>, now: Instant) {
        let Asked { request, context, caller, events } = asked;
        let (to, operation) = (ReplyTo::Admin(reply), request.operation());
        let standing = self.standing(&caller);
        let role = standing.as_ref().map(|standing| standing.role);
        let attempt = || attempt_of(&request, &context, &caller, role);
        let allowed = standing.ok_or_else(|| nobody(&caller)).and_then(|standing| {
            permitted(standing.role, operation)?;
            if caller.only_looks && operation.is_privileged() { Err(too_different()) } else { Ok(standing) }
        });
        match allowed {
            Err(refusal) => {
                self.audit.denied(attempt(), &refusal.error);
                self.answer(to, Reply::Refused(refusal));
            }
            Ok(standing) if !operation.is_privileged() => {
                self.audit.allowed(attempt());
                self.look(request, &caller, &standing, to, now);
            }
            Ok(_) => {
                let attempt = attempt();
                let expected_generation = context.expected_generation;
                let key = context.idempotency_key.map(|key| OutcomeKey { uid: caller.uid, key });
                let what = Admitted::Admin { request, caller, events };
                self.repeated_or_new(Admission {
                    attempt,
                    key,
                    expected_generation,
                    to,
                    what,
                    open: self.open.clone(),
                });
            }
        }
    }

    /// The role of somebody, where there is one. Looked up at each request: what the
    /// configuration takes away is gone at once.
    fn standing(&self, caller: &Caller) -> Option<Standing> {
        let granted = self.access.role_of(caller.uid, &caller.groups)?;
        let role = caller.wanted.map_or(granted.role, |wanted| wanted.min(granted.role));
        Some(Standing { role, granted: granted.role, by: granted.by })
    }

    /// What has been done under this key is not done again.
    fn repeated_or_new(&mut self, mut admission: Admission) {
        let (Some(key), Admitted::Admin { request, events, .. }) = (&admission.key, &admission.what) else {
            return self.intend(admission);
        };
        let to = std::mem::replace(&mut admission.to, ReplyTo::Nobody);
        match self.outcomes.ask(key, request, to) {
            Known::New(to) => {
                admission.to = to;
                self.intend(admission);
            }
            Known::Joined => self.listen(key, events.clone()),
            Known::Done(to, reply) => self.answer(to, *reply),
            Known::Conflict(to) => {
                let error = "this idempotency key was used for another operation".to_owned();
                let hint = "draw a new key for each intention".to_owned();
                self.audit.denied(admission.attempt, &error);
                let refusal = Refusal { error_code: ErrorCode::IdempotencyConflict, error, hint };
                self.answer(to, Reply::Refused(refusal));
            }
            Known::Crowded(to) => {
                let error = "too many wait for this operation already".to_owned();
                let hint = "wait for an answer instead of asking again".to_owned();
                self.audit.denied(admission.attempt, &error);
                let refusal = Refusal { error_code: ErrorCode::Overloaded, error, hint };
                self.answer(to, Reply::Refused(refusal));
            }
        }
    }

    /// Writes the intent down. It goes on with [`Self::admitted`].
    pub(super) fn intend(&self, admission: Admission) {
        let (written, events) = (self.audit.intent(admission.attempt.clone()), self.jobs.events().clone());
        tokio::spawn(async move {
            let intent = written.await.map_err(|error| error.to_string());
            let _ = events.send(Event::Admitted { admission: Box::new(admission), intent }).await;
        });
    }

    /// The intent is on the disk, or cannot be written there.
    pub(super) fn admitted(&mut self, admission: Admission, intent: Result<u64, String>, now: Instant) {
        let Admission { attempt, key, expected_generation, to, what, open } = admission;
        // A restart that is asked for again after a front's death is found in the ledger;
        // it may have moved the generation on itself, so that comes first.
        let (fence, later) = match (&what, &key) {
            (Admitted::Admin { request: Request::Restart(_), .. }, Some(_)) => (None, expected_generation),
            _ => (expected_generation, None),
        };
        let (intent, refusal) = match intent {
            Ok(number) => (Intent::written(number, &self.audit, open), self.fenced(fence)),
            // The way out of safe mode must not depend on a disk that may be the reason for it.
            Err(error) if attempt.operation == Operation::Rollback && self.machine.safe_mode().is_some() => {
                tracing::error!(error, "a rollback is begun without a record in the audit");
                (Intent::unwritten(attempt, &self.audit, open), self.fenced(fence))
            }
            Err(error) => (Intent::nothing(&self.audit, open), Some(unaudited(&error))),
        };
        let once = key.as_ref().map(|key| (key.operation(), later));
        let to = ReplyTo::Recorded(Box::new(Recorded { intent, key, to }));
        match (refusal, what) {
            (Some(refusal), _) => self.answer(to, Reply::Refused(refusal)),
            (None, Admitted::Admin { request, caller, events }) => {
                let by = format!("admin:{}", name_of(&caller));
                self.act(request, (to, events), by, once, now);
            }
            (None, Admitted::Client(restart)) => self.restart_by_client(restart, to),
        }
    }

    /// Why an operation that was meant for another generation is not done.
    pub(super) fn fenced(&self, expected: Option<u64>) -> Option<Refusal> {
        let expected = expected.filter(|expected| *expected != self.generation)?;
        Some(Refusal {
            error_code: ErrorCode::NotReady,
            error: format!("this was meant for generation {expected}, and {} serves now", self.generation),
            hint: "look at the server as it is now, then ask again".to_owned(),
        })
    }

    /// It has ended: that is written down, and told to all who have asked with its key.
    pub(super) fn recorded(&mut self, recorded: Recorded, reply: Reply) {
        let Recorded { intent, key, to } = recorded;
        let (outcome, detail) = outcome_of(&reply);
        intent.ended(outcome, &detail);
        let others = key.map(|key| self.outcomes.ended(&key, &reply)).unwrap_or_default();
        for other in others {
            self.answer(other, reply.clone());
        }
        self.answer(to, reply);
    }

    /// Who somebody is for this server.
    pub(super) fn who_am_i(caller: &Caller, standing: &Standing) -> WhoAmI {
        let may = |operation: &Operation| {
            standing.role.may(*operation) && !(caller.only_looks && operation.is_privileged())
        };
        WhoAmI {
            uid: caller.uid,
            user: caller.user.clone(),
            gid: caller.gid,
            pid: caller.pid,
            role: standing.role,
            granted: standing.granted,
            granted_by: standing.by.clone(),
            may: Operation::ALL.iter().copied().filter(may).collect(),
        }
    }
}

/// What is written of a request.
fn attempt_of(request: &Request, context: &Context, caller: &Caller, role: Option<Role>) -> Attempt {
    let parameters = serde_json::to_value(request).unwrap_or_default();
    let note = match request {
        Request::Restart(restart) => restart.note.clone(),
        _ => None,
    };
    Attempt {
        actor: Actor {
            transport: "admin".to_owned(),
            source_ip: None,
            token: None,
            uid: caller.uid,
            user: caller.user.clone(),
            gid: caller.gid,
            pid: caller.pid,
            client: caller.client.clone(),
            role,
        },
        operation: request.operation(),
        method: request.method().to_owned(),
        target: request.target(),
        parameters: parameters.get("params").cloned().unwrap_or(Value::Null),
        reason: context.reason.clone().or(note),
        idempotency_key: context.idempotency_key.clone(),
    }
}

fn permitted(role: Role, operation: Operation) -> Result<(), Refusal> {
    if role.may(operation) {
        return Ok(());
    }
    let least = Role::least_for(operation);
    Err(Refusal {
        error_code: ErrorCode::PermissionDenied,
        error: format!("the role {role} may not do {operation}: that takes the role {least}"),
        hint: "`task-orchestrator whoami` shows what you may do; the owner grants roles with access.grants"
            .to_owned(),
    })
}

fn nobody(caller: &Caller) -> Refusal {
    Refusal {
        error_code: ErrorCode::PermissionDenied,
        error: format!("user {} has no role at this server", name_of(caller)),
        hint: "the owner of the server grants roles with access.grants in config.toml".to_owned(),
    }
}

fn too_different() -> Refusal {
    Refusal {
        error_code: ErrorCode::PermissionDenied,
        error: "this client and this server have no version of the protocol in common: it may only look"
            .to_owned(),
        hint: "upgrade the side that the server's hello has named".to_owned(),
    }
}

fn unaudited(error: &str) -> Refusal {
    Refusal {
        error_code: ErrorCode::StorageUnavailable,
        error: format!("the audit cannot be written, so nothing is changed: {error}"),
        hint:
            "make room on the disk of the workspace; looking still works, and so does a rollback in safe mode"
                .to_owned(),
    }
}

/// For the history: the name where there is one, and always the number.
fn name_of(caller: &Caller) -> String {
    match &caller.user {
        Some(name) => format!("{name}({})", caller.uid),
        None => format!("uid={}", caller.uid),
    }
}

/// What an answer says of how it ended.
fn outcome_of(reply: &Reply) -> (AuditOutcome, String) {
    match reply {
        Reply::Refused(refusal) => {
            let code = explain::name(refusal.error_code);
            (AuditOutcome::Refused, format!("{code}: {}", refusal.error))
        }
        Reply::Restart(report) => {
            let outcome = match report.outcome {
                Some(Outcome::Complete) => AuditOutcome::Done,
                Some(Outcome::Failed | Outcome::RolledBack | Outcome::Cancelled) => AuditOutcome::Failed,
                None => AuditOutcome::Unknown,
            };
            (outcome, format!("restart {}: {}", report.restart_id, report.message))
        }
        Reply::Done(done) => (AuditOutcome::Done, done.message.clone()),
        _ => (AuditOutcome::Done, String::new()),
    }
}

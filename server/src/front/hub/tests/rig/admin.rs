//! Administrators: who asks, what they are told, what is written of it.

pub(in super::super) use task_orchestrator_shared::admin::audit::{AuditEvent, AuditOutcome, AuditRecord};
pub(in super::super) use task_orchestrator_shared::admin::view::View;
pub(in super::super) use task_orchestrator_shared::role::Role;

use super::*;
pub(in super::super) use crate::admin::{Answered, Asked, Caller, Deltas};

/// Who has asked as an administrator.
pub(in super::super) struct Asker {
    reply: oneshot::Receiver<Answered>,
    pub(in super::super) events: mpsc::Receiver<task_orchestrator_shared::restart::RestartEvent>,
}

impl Asker {
    /// Who waits for the answer, and where it is to be told.
    pub(in super::super) fn new() -> (Self, oneshot::Sender<Answered>) {
        let (tell, reply) = oneshot::channel();
        (Self { reply, events: mpsc::channel(1).1 }, tell)
    }

    /// The answer, where there is one.
    pub(in super::super) fn answer(&mut self) -> Option<Reply> {
        self.reply.try_recv().ok().map(|answered| answered.reply)
    }

    pub(in super::super) fn report(&mut self) -> RestartReport {
        match self.answer() {
            Some(Reply::Restart(report)) => *report,
            other => panic!("no report but {other:?}"),
        }
    }

    /// The error's code of a refusal.
    pub(in super::super) fn refusal(&mut self) -> ErrorCode {
        match self.answer() {
            Some(Reply::Refused(refusal)) => refusal.error_code,
            other => panic!("no refusal but {other:?}"),
        }
    }
}

/// The server's own user.
pub(in super::super) fn owner() -> Caller {
    Caller {
        uid: rustix::process::geteuid().as_raw(),
        user: Some("ada".to_owned()),
        gid: 1000,
        groups: vec![1000],
        pid: None,
        client: None,
        wanted: None,
        only_looks: false,
    }
}

/// The context of one intention.
pub(in super::super) fn keyed(key: &str, expected_generation: Option<u64>) -> Context {
    Context { idempotency_key: Some(key.to_owned()), expected_generation, reason: None }
}

pub(in super::super) fn oldest_first(mut records: Vec<AuditRecord>) -> Vec<AuditRecord> {
    records.reverse();
    records
}

/// The outcomes of each intent, by the method that was called.
pub(in super::super) fn outcomes(records: &[AuditRecord]) -> Vec<(String, Vec<AuditOutcome>)> {
    let intents = records.iter().filter_map(|record| match &record.event {
        AuditEvent::Intent(attempt) => Some((record.seq, attempt.method.clone())),
        _ => None,
    });
    let of = |intent: u64| {
        let outcomes = records.iter().filter_map(move |record| match &record.event {
            AuditEvent::Outcome { of, outcome, .. } if *of == intent => Some(*outcome),
            _ => None,
        });
        outcomes.collect()
    };
    intents.map(|(seq, method)| (method, of(seq))).collect()
}

impl Rig {
    /// An administrator asks. What changes something is not yet written down.
    pub(in super::super) fn ask_as(&mut self, caller: Caller, context: Context, request: Request) -> Asker {
        let (reply, answer) = oneshot::channel();
        let (events, told) = mpsc::channel(64);
        let asked = Asked { request, context, caller: caller.into(), events };
        self.on(Event::Admin { asked, reply });
        Asker { reply: answer, events: told }
    }

    /// The owner asks, and what changes something is written down and done.
    pub(in super::super) fn ask(&mut self, request: Request) -> Asker {
        let is_privileged = request.operation().is_privileged();
        let asker = self.ask_as(owner(), Context::default(), request);
        if is_privileged {
            self.pump_until_admitted();
        }
        asker
    }

    pub(in super::super) fn ask_restart(&mut self, request: RestartRequest) -> Asker {
        self.ask(Request::Restart(Box::new(request)))
    }

    /// What is written so far, oldest first.
    pub(in super::super) fn audit(&mut self) -> Vec<AuditRecord> {
        oldest_first(self.runtime.block_on(self.hub.audit.newest(1000)).unwrap())
    }

    /// Somebody watches from here on.
    pub(in super::super) fn subscribe(&mut self, role: Option<Role>) -> (View, Deltas) {
        let caller = Caller { wanted: role, ..owner() };
        let mut asker = self.ask_as(caller, Context::default(), Request::Subscribe);
        match asker.reply.try_recv().unwrap() {
            Answered { reply: Reply::View(view), deltas: Some(deltas), .. } => (*view, deltas),
            other => panic!("{other:?}"),
        }
    }

    /// Lets those who watch be told, so long after now.
    pub(in super::super) fn publish(&mut self, wait: Duration) {
        self.publish_at(Instant::now() + wait);
    }

    pub(in super::super) fn publish_at(&mut self, now: Instant) {
        let _runtime = self.runtime.enter();
        self.hub.publish(now);
    }

    /// Lets everything that was begun beside the hub come to its end, for as long as
    /// that is there already.
    pub(in super::super) fn pump_what_is_there(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.on(event);
        }
    }
}

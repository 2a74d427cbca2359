//! One restart from its beginning to its end: what it is for, and what it has
//! come to know on the way.

use std::time::Instant;

use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{Kind, Reason, RestartId, RestartRequest};

use super::event::{Ask, Trouble};
use super::ids::{BuildId, WorkerId};
use super::state::Active;
use crate::link::{SnapshotBulk, WorkerPrepared, WorkerReady};

/// Troubles that are remembered; a crash loop has more.
const MAX_TROUBLES: usize = 20;

/// See the module.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its name.
    pub id: RestartId,
    /// How it came about.
    pub kind: Kind,
    /// What is wanted.
    pub request: RestartRequest,
    /// Who wants it.
    pub by: String,
    /// The first start of a front: nothing is restarted, and nobody is told.
    pub is_first_start: bool,
    /// When it began.
    pub began: Instant,
    /// When it has to have ended; none while a build runs, which has a limit of its own.
    pub deadline: Option<Instant>,
    /// When it came to which phase.
    pub marks: Vec<(Phase, Instant)>,
    /// What went wrong, and in which phase.
    pub troubles: Vec<(Phase, Trouble)>,
    /// The worker that served when it began.
    pub before: Option<Active>,
    /// That worker, as long as it lives and could serve on.
    pub old: Option<Active>,
    /// The probation that worker was in.
    pub probation: Option<Instant>,
    /// What is to be run.
    pub target: BuildId,
    /// What was wanted and did not serve, while the build before is tried again.
    pub tried: Option<BuildId>,
    /// Whether everything in flight has to finish first.
    pub drain: bool,
    /// What the standby said.
    pub prepared: Option<WorkerPrepared>,
    /// The snapshot's bulk.
    pub bulk: Option<SnapshotBulk>,
    /// Whether something is still to be done while no worker lives.
    pub apart: bool,
    /// Why that did not work.
    pub spoiled: Option<String>,
    /// Whether new requests are held back by this restart.
    pub holds: bool,
    /// Whether the plan on the disk is this restart's.
    pub is_planned: bool,
    /// The worker that its successor shares the database with until it is retired.
    pub shares_with: Option<WorkerId>,
    /// When the worker that took over must have the sessions and what was held.
    pub served_by: Option<Instant>,
    /// Who serves after it.
    pub successor: Option<(WorkerId, WorkerReady)>,
    /// Whether it had to go back to the build before.
    pub went_back: bool,
}

impl Run {
    /// A restart that was asked for.
    pub fn asked(ask: Ask, now: Instant, target: BuildId) -> Self {
        let Ask { id, request, by, apart } = ask;
        let kind = match (request.rollback, request.graceful) {
            (true, _) => Kind::Rollback,
            (false, true) => Kind::Graceful,
            (false, false) => Kind::Emergency,
        };
        let drain = request.drain;
        Self {
            id,
            kind,
            request,
            by,
            is_first_start: false,
            began: now,
            deadline: None,
            marks: Vec::new(),
            troubles: Vec::new(),
            before: None,
            old: None,
            probation: None,
            target,
            tried: None,
            drain,
            prepared: None,
            bulk: None,
            apart,
            spoiled: None,
            holds: false,
            is_planned: false,
            shares_with: None,
            served_by: None,
            successor: None,
            went_back: false,
        }
    }

    /// A restart that nobody asked for.
    pub fn unasked(id: RestartId, kind: Kind, by: &str, now: Instant, target: BuildId) -> Self {
        let request = RestartRequest {
            graceful: false,
            preserve_state: false,
            build: false,
            reason: Reason::ErrorRecovery,
            ..RestartRequest::default()
        };
        Self { kind, ..Self::asked(Ask { id, request, by: by.to_owned(), apart: false }, now, target) }
    }

    /// Whether what waits is answered with an error instead of being sent on.
    pub fn clears(&self) -> bool {
        let asked = matches!(self.kind, Kind::Graceful | Kind::Emergency);
        asked && (self.request.clear_buffers || self.request.reason == Reason::ErrorRecovery)
    }

    /// Notes that it has come to a phase.
    pub(super) fn mark(&mut self, phase: Phase, now: Instant) {
        if self.marks.last().is_none_or(|(last, _)| *last != phase) && self.marks.len() < 64 {
            self.marks.push((phase, now));
        }
    }

    /// Notes what went wrong. Of too many, the first ones and the last are kept.
    pub(super) fn note(&mut self, phase: Phase, trouble: Trouble) {
        self.troubles.truncate(MAX_TROUBLES - 1);
        self.troubles.push((phase, trouble));
    }

    /// Whether only the next build can be run, once the database has been moved.
    pub(super) fn is_for_good(&self) -> bool {
        self.prepared.as_ref().is_some_and(|prepared| prepared.migration_due && !prepared.reversible)
    }

    /// The worker that died was the one that could have served on.
    pub(super) fn lost(&mut self, worker: WorkerId) -> bool {
        let was_old = self.old.is_some_and(|old| old.worker == worker);
        if was_old {
            self.old = None;
        }
        was_old
    }
}

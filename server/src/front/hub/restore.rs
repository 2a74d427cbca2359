//! A snapshot by hand, and a restore while clients stay connected: every worker
//! is ended, the database is replaced while nobody has it open, a worker is started.

use std::path::PathBuf;
use std::time::Instant;

use task_orchestrator_shared::admin::backup::Restored;
use task_orchestrator_shared::admin::{Refusal, Reply, Request};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::{RestartId, RestartRequest, StateReport};

use crate::front::ask::{ReplyTo, Waiter};
use crate::front::event::Event;
use crate::link::{Order, SnapshotBulk, SnapshotHeader};
use crate::restart::event::Done;
use crate::restart::{self, Ask, JobId, Trouble, WorkerId};
use crate::state::{Sealed, part_path};

use super::Hub;

/// A restore that somebody wants.
#[derive(Debug)]
pub(super) struct Restoring {
    name: String,
    /// The database is being replaced, or has been.
    is_begun: bool,
    /// Who waits for that, and for how long requests were held, where the restart had
    /// to end before it.
    to: Option<(ReplyTo, f64)>,
    /// What it did, or why it did nothing.
    result: Option<Result<Restored, Trouble>>,
}

/// A snapshot that is taken by hand.
#[derive(Debug)]
pub(super) struct TakingSnapshot {
    job: JobId,
    worker: WorkerId,
    file: PathBuf,
    to: ReplyTo,
}

impl Hub {
    /// Somebody wants a restore. What it is to be made of is looked at first, while
    /// service goes on: a file that is no good costs nobody anything.
    pub(super) fn check_restore(&self, name: String, by: String, to: ReplyTo) {
        let (backups, events) = (self.jobs.backups().clone(), self.jobs.events().clone());
        tokio::spawn(async move {
            let wanted = Request::PlanRestore { name: name.clone() };
            let plan = crate::process::aside(move || backups.answer(&wanted)).await.flatten();
            let checked = match plan {
                Some(Reply::RestorePlan(_)) => Ok(()),
                Some(Reply::Refused(refusal)) => Err(refusal),
                Some(_) | None => Err(Refusal {
                    error_code: ErrorCode::Internal,
                    error: "the look at the backup did not come to its end".to_owned(),
                    hint: "look at the log of the front".to_owned(),
                }),
            };
            let _ = events.send(Event::RestoreChecked { name, by, to, checked }).await;
        });
    }

    /// It is of use: the restart that the restore takes begins.
    pub(super) fn restore_checked(
        &mut self,
        name: String,
        by: String,
        to: ReplyTo,
        checked: Result<(), Refusal>,
        now: Instant,
    ) {
        let in_the_way = checked.err().or_else(|| self.busy_for_restore());
        if let Some(refusal) = in_the_way {
            return self.answer(to, Reply::Refused(refusal));
        }
        let id = RestartId(uuid::Uuid::now_v7().simple().to_string());
        let request = RestartRequest {
            graceful: false,
            preserve_state: false,
            build: false,
            note: Some(format!("restore of {name}")),
            ..RestartRequest::default()
        };
        self.restoring = Some(Restoring { name, is_begun: false, to: None, result: None });
        let to = ReplyTo::Restore(Box::new(to));
        self.waiters.push(Waiter { restart: id.clone(), to, events: None, told: 0.0, operation: None });
        self.feed(restart::Event::Asked(Box::new(Ask { id, request, by, apart: true })), now);
    }

    fn busy_for_restore(&self) -> Option<Refusal> {
        let is_busy = self.asked_run().is_some() || self.restoring.is_some() || self.machine.is_stopping();
        is_busy.then(|| Refusal {
            error_code: ErrorCode::RestartInProgress,
            error: "another restart or restore runs, or the server is about to end".to_owned(),
            hint: "`task-orchestrator wait --for idle` waits for its end; then ask again".to_owned(),
        })
    }

    /// No worker lives: the database is replaced.
    pub(super) fn put_in_place(&mut self, job: JobId) -> Option<restart::Event> {
        let Some(restoring) = &mut self.restoring else {
            return Some(restart::Event::JobDone(job, Ok(Done::Apart)));
        };
        restoring.is_begun = true;
        self.jobs.restore(job, restoring.name.clone());
        None
    }

    /// It has been replaced, or is what it was.
    pub(super) fn was_put_in_place(&mut self, result: Result<Restored, Trouble>) -> Result<Done, Trouble> {
        let done = result.as_ref().map(|_| Done::Apart).map_err(Clone::clone);
        let Some(restoring) = &mut self.restoring else { return done };
        restoring.result = Some(result);
        if let Some((to, held)) = restoring.to.take() {
            let reply = self.restored(held);
            self.answer(to, reply);
        }
        done
    }

    /// Whether somebody replaces the database at this moment.
    pub(super) fn is_putting_in_place(&self) -> bool {
        self.restoring.as_ref().is_some_and(|restoring| restoring.is_begun && restoring.result.is_none())
    }

    /// The restart that a restore took has ended. Where the front ends, that may be
    /// before the database is in its place.
    pub(super) fn restore_ended(&mut self, to: ReplyTo, reply: &Reply) {
        let held = match reply {
            Reply::Restart(report) => report.downtime_ms,
            _ => 0.0,
        };
        let is_at_it = self.is_putting_in_place();
        if let Some(restoring) = self.restoring.as_mut().filter(|_| is_at_it) {
            restoring.to = Some((to, held));
            return;
        }
        let reply = self.restored(held);
        self.answer(to, reply);
    }

    fn restored(&mut self, held: f64) -> Reply {
        let refused = |code, error: String, hint: &str| {
            Reply::Refused(Refusal { error_code: code, error, hint: hint.to_owned() })
        };
        match self.restoring.take().and_then(|restoring| restoring.result) {
            Some(Ok(restored)) => Reply::Restored(Box::new(Restored { held_ms: held, ..restored })),
            Some(Err(trouble)) => refused(
                trouble.code,
                format!("nothing was restored: {}", trouble.text),
                "the database is what it was; `task-orchestrator state verify` shows what could be restored",
            ),
            None => refused(
                ErrorCode::NotReady,
                "the restore was not begun: another restart, or the end of the server, came first".to_owned(),
                "ask again once `task-orchestrator history` says how that ended",
            ),
        }
    }

    /// Takes a snapshot while service goes on.
    pub(super) fn snapshot_now(&mut self, to: ReplyTo) {
        let refusal = |code, error: &str, hint: &str| {
            Reply::Refused(Refusal { error_code: code, error: error.to_owned(), hint: hint.to_owned() })
        };
        if self.taking.is_some() {
            let hint = "wait for its end; `task-orchestrator state list` shows it then";
            return self
                .answer(to, refusal(ErrorCode::Overloaded, "a snapshot is being taken already", hint));
        }
        let Some(worker) = self.route else {
            let hint = "`task-orchestrator wait --for ready` waits for one";
            return self
                .answer(to, refusal(ErrorCode::WorkerUnavailable, "no worker serves at present", hint));
        };
        let job = self.own_job();
        let file = part_path(&self.jobs.places().state);
        let header = SnapshotHeader {
            restart_id: String::new(),
            restart_reason: "manual_snapshot".to_owned(),
            generation: self.generation,
        };
        self.taking = Some(TakingSnapshot { job, worker, file: file.clone(), to });
        self.order(job, worker, Order::Snapshot { file, header });
    }

    /// Whether this job is the one of a snapshot by hand.
    pub(super) fn is_taking(&self, job: JobId) -> bool {
        self.taking.as_ref().is_some_and(|taking| taking.job == job)
    }

    /// The worker has written its part, or could not.
    pub(super) fn part_is_written(&mut self, result: Result<SnapshotBulk, Trouble>) {
        let Some(taking) = &self.taking else { return };
        let (job, file) = (taking.job, taking.file.clone());
        match result {
            Ok(bulk) => {
                let tail = self.tail_now();
                self.jobs.seal(job, file, bulk, tail);
            }
            Err(trouble) => self.no_snapshot(trouble),
        }
    }

    /// The worker that was writing it has ended.
    pub(super) fn writer_ended(&mut self, worker: WorkerId) {
        if self.taking.as_ref().is_some_and(|taking| taking.worker == worker) {
            let text = "the worker ended while it wrote the snapshot";
            self.no_snapshot(Trouble::new(ErrorCode::WorkerUnavailable, text));
        }
    }

    fn no_snapshot(&mut self, trouble: Trouble) {
        let Some(TakingSnapshot { file, to, .. }) = self.taking.take() else { return };
        // It may never have been made.
        drop(std::fs::remove_file(file));
        let hint = "the snapshot before stays; look at the disk's free space and at the log".to_owned();
        let refusal = Refusal { error_code: trouble.code, error: trouble.text, hint };
        self.answer(to, Reply::Refused(refusal));
    }

    /// It has its name, or the disk refused it.
    pub(super) fn snapshot_taken(&mut self, result: Result<Sealed, Trouble>) {
        match result {
            Ok(sealed) => {
                let report = StateReport {
                    snapshot: sealed.name.clone(),
                    sha256: sealed.sha256.clone(),
                    size_bytes: sealed.size_bytes,
                    active_tasks: sealed.active_tasks,
                    client_sessions: sealed.client_sessions,
                };
                let job = self.taking.as_ref().map_or(JobId(0), |taking| taking.job);
                self.sealed(job, sealed);
                if let Some(taking) = self.taking.take() {
                    self.answer(taking.to, Reply::Snapshot(Box::new(report)));
                }
            }
            Err(trouble) => self.no_snapshot(trouble),
        }
    }
}

//! The restart at hand as people see it: its progress, its outcome, and who
//! waits for either.

mod account;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use task_orchestrator_shared::admin::view::{Change, RestartView};
use task_orchestrator_shared::admin::{Done, Refusal, Reply};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{
    BuildReport, Outcome, Progress, RestartEvent, RestartId, RestartReport, StateReport,
};

use crate::front::ask::Operation;
use crate::front::session::Flushed;
use crate::ledger::Attempt;
use crate::reboot;
use crate::restart::effect::Verdict;
use crate::restart::{BuildId, JobId, Run, WorkerId};

use super::Hub;
use super::stream::Slow;
pub(super) use account::milliseconds;
use account::saga;

/// Lines of a build's output that are kept for who comes later.
const MAX_BUILD_LINES: usize = 500;

/// Failed restarts in a row that raise an alert.
const REPEATED_FAILURES: u32 = 3;

/// What is counted and noted of the restart that runs, or of the last one.
#[derive(Debug, Default)]
pub(super) struct Current {
    id: Option<RestartId>,
    started_at: Option<Timestamp>,
    pub(super) old: Option<WorkerId>,
    old_pid: Option<u32>,
    old_build: Option<BuildReport>,
    /// Requests that were held at any time.
    pub(super) held: u64,
    replayed: u64,
    pub(super) cleared: u64,
    suspended: u64,
    longest_wait: Duration,
    /// The job that completes its snapshot.
    pub(super) sealing: Option<JobId>,
    pub(super) state: Option<StateReport>,
    build_lines: VecDeque<String>,
    told: Option<(Phase, u8, &'static str)>,
    /// Workers that are ended because they hang.
    pub(super) hung: Vec<WorkerId>,
    /// The last one that has ended.
    pub(super) last: Option<Box<RestartReport>>,
    failures_in_a_row: u32,
}

impl Current {
    pub(super) fn count_held(&mut self) {
        self.held += 1;
    }

    pub(super) fn count_suspended(&mut self) {
        self.suspended += 1;
    }

    pub(super) fn count_replayed(&mut self, flushed: Flushed) {
        self.replayed += flushed.replayed;
    }

    /// What was held is sent on. What an operator had held back for longer has not
    /// waited for this restart.
    pub(super) fn count_released(&mut self, flushed: Flushed, held_for: Duration) {
        self.longest_wait = self.longest_wait.max(flushed.longest_wait.min(held_for));
        self.count_replayed(flushed);
    }

    /// What the last build has said.
    pub(super) fn build_lines(&self) -> Vec<String> {
        self.build_lines.iter().cloned().collect()
    }

    /// What a build has said so far, for who comes later.
    pub(super) fn lines_for(&self, is_running: bool) -> Vec<String> {
        if is_running { self.build_lines.iter().cloned().collect() } else { Vec::new() }
    }
}

impl Hub {
    /// Tells who waits how far the restart is, where that is news.
    pub(super) fn tell_progress(&mut self, now: Instant) {
        let Some((run, step)) = self.machine.running() else { return };
        if self.current.id.as_ref() != Some(&run.id) {
            self.begun(now);
            return self.tell_progress(now);
        }
        let (phase, progress, message) = match step {
            Some(step) => (step.phase(), step.progress(), step.message()),
            None => (Phase::ProcessRestart, Phase::ProcessRestart.progress(), "waiting for the next attempt"),
        };
        if self.current.told == Some((phase, progress, message)) {
            return;
        }
        self.current.told = Some((phase, progress, message));
        tracing::info!(restart = %run.id, %phase, progress, message, "restart");
        if self.waiters.is_empty() && !self.stream.is_watched() {
            return;
        }
        let told = self.progress_event(run, phase, progress, message, now);
        let event = RestartEvent::Progress(told.clone());
        self.tell_waiters(&event, f64::from(progress), message);
        self.stream.tell(|| Change::Progress(Box::new(told)));
    }

    /// How far the restart is, as it was told last.
    pub(super) fn progress_now(&self, now: Instant) -> Option<Progress> {
        let (run, _) = self.machine.running()?;
        let (phase, progress, message) = self.current.told?;
        Some(self.progress_event(run, phase, progress, message, now))
    }

    fn progress_event(&self, run: &Run, phase: Phase, progress: u8, message: &str, now: Instant) -> Progress {
        Progress {
            restart_id: run.id.clone(),
            phase,
            progress,
            message: message.to_owned(),
            elapsed_ms: milliseconds(now.duration_since(run.began)),
            deadline_ms: self.machine.wakes_at().map(|at| milliseconds(at.saturating_duration_since(now))),
            held: self.sessions.values().map(|session| session.waiting().count() as u64).sum(),
            in_flight: self.in_flight(),
        }
    }

    fn tell_waiters(&mut self, event: &RestartEvent, progress: f64, message: &str) {
        let Some(id) = self.current.id.clone() else { return };
        for waiter in self.waiters.iter_mut().filter(|waiter| waiter.restart == id) {
            if let Some(events) = &waiter.events {
                // Who reads too slowly misses some: each says all there is to say at its time.
                let _ = events.try_send(event.clone());
            }
            if let Some(call) = waiter.to.call()
                && let Some(token) = &call.token
                && progress > waiter.told
                && let Some(session) = self.sessions.get_mut(&call.session)
                // A call that was cancelled is told nothing more.
                && session.pending.contains_key(&call.sequence)
            {
                waiter.told = progress;
                session.notify(call.sequence, reboot::progress(token, progress, Some(100.0), message));
            }
        }
    }

    pub(super) fn build_line(&mut self, line: String) {
        if self.current.build_lines.len() == MAX_BUILD_LINES {
            self.current.build_lines.pop_front();
        }
        self.current.build_lines.push_back(line.clone());
        self.stream.tell(|| Change::BuildOutput(line.clone()));
        let event = RestartEvent::BuildOutput { line };
        for events in self.waiters.iter().filter_map(|waiter| waiter.events.as_ref()) {
            let _ = events.try_send(event.clone());
        }
    }

    /// A restart has begun: what is counted is counted for it.
    fn begun(&mut self, now: Instant) {
        let Some((run, _)) = self.machine.running() else { return };
        let (id, before) = (run.id.clone(), run.before);
        let operation = self.operation_of(&id);
        let old = std::mem::take(&mut self.current);
        // What a crash has held before anybody could call it a restart is its own.
        let waiting = self.sessions.values().map(|session| session.waiting().count() as u64).sum();
        self.current = Current {
            id: Some(id),
            started_at: Some(Timestamp::now()),
            old: before.map(|active| active.worker),
            old_pid: before.and_then(|active| self.pid_of(active.worker)),
            old_build: before.and_then(|active| self.build_report(active.build, active.worker)),
            held: if self.route.is_none() { waiting } else { 0 },
            hung: old.hung.clone(),
            last: old.last,
            failures_in_a_row: old.failures_in_a_row,
            ..Current::default()
        };
        if let Some(report) = self.report_running(now) {
            let view = RestartView { report: report.clone(), progress: None, build_output: Vec::new() };
            self.stream.tell(|| Change::Restart(Box::new(view)));
            drop(self.ledger.begin(report, operation));
        }
    }

    pub(super) fn joined(&mut self, id: RestartId) {
        // Who has just asked came last.
        let Some(waiter) = self.waiters.last() else { return };
        let (asked, operation) = (waiter.restart.clone(), waiter.operation);
        for waiter in self.waiters.iter_mut().filter(|waiter| waiter.restart == asked) {
            waiter.restart = id.clone();
        }
        if let Some(operation) = operation {
            drop(self.ledger.join(id, operation));
        }
    }

    /// The client's call that has brought this restart about.
    fn operation_of(&self, id: &RestartId) -> Option<Operation> {
        self.waiters.iter().find(|waiter| waiter.restart == *id).and_then(|waiter| waiter.operation)
    }

    /// A worker that has just ended is not known any more, but remembered.
    fn pid_of(&self, worker: WorkerId) -> Option<u32> {
        let gone = self.gone.filter(|(gone, _)| *gone == worker).map(|(_, pid)| pid);
        self.workers.pid(worker).or(gone)
    }

    pub(super) fn cancel_answered(&mut self, answer: Result<(), String>) {
        let Some(to) = self.cancelling.take() else { return };
        let reply = match answer {
            Ok(()) => Reply::Done(Done { message: "called off; the old worker serves on".to_owned() }),
            Err(error) => Reply::Refused(Refusal {
                error_code: ErrorCode::NotReady,
                error,
                hint: "`task-orchestrator history` tells how it ends".to_owned(),
            }),
        };
        self.answer(to, reply);
    }

    /// A restart has ended: it is written down and told.
    pub(super) fn concluded(&mut self, verdict: Verdict, now: Instant) {
        let Verdict { run, outcome, message, at } = verdict;
        // One that was refused has no figures, and those of another are not its own.
        let was_begun = self.current.id.as_ref() == Some(&run.id);
        let set_aside = (!was_begun).then(|| std::mem::take(&mut self.current));
        let phase = match outcome {
            Outcome::Complete => Phase::Complete,
            Outcome::RolledBack => Phase::RolledBack,
            Outcome::Failed | Outcome::Cancelled => Phase::Failed,
        };
        let mut report = self.report(&run, phase, message, at);
        report.outcome = Some(outcome);
        report.completed_at = Some(Timestamp::now().to_string());
        report.progress = if outcome == Outcome::Complete { 100 } else { report.progress };
        if let Some(current) = set_aside {
            self.current = current;
            drop(self.ledger.begin(report.clone(), self.operation_of(&run.id)));
        }
        // Where nothing was replaced, who served before serves on.
        report.new_pid = report.new_pid.or_else(|| self.route.and_then(|route| self.workers.pid(route)));
        if outcome == Outcome::Complete {
            tracing::info!(restart = %run.id, kind = run.kind.as_str(), milliseconds = report.duration_ms, held_ms = report.downtime_ms, "restart complete");
        } else {
            tracing::error!(restart = %run.id, kind = run.kind.as_str(), ?outcome, message = report.message, "restart ended");
        }
        self.metrics.restarts.ended(&report, was_begun);
        let is_late = run.troubles.iter().any(|(_, trouble)| trouble.code == ErrorCode::TimeoutExceeded);
        self.jobs.building().end(is_late, now);
        self.let_go_of_builds();
        self.ledger.finish(report.clone());
        drop(self.ledger.saga(run.id.clone(), saga(&run, outcome)));
        drop(self.ledger.attempt(Attempt {
            kind: run.kind,
            at: Timestamp::now(),
            recovered: outcome == Outcome::Complete,
            cause: run.troubles.first().map(|(_, trouble)| trouble.text.clone()).unwrap_or_default(),
        }));
        self.count_failure(outcome);
        self.current.last = Some(Box::new(report.clone()));
        let view =
            RestartView { report: report.clone(), progress: None, build_output: self.current.build_lines() };
        self.stream.tell(|| Change::Restart(Box::new(view)));
        self.measure(&[Slow::History, Slow::Backups, Slow::Health]);
        let (done, waiting) =
            std::mem::take(&mut self.waiters).into_iter().partition(|waiter| waiter.restart == run.id);
        self.waiters = waiting;
        let done: Vec<_> = done;
        for waiter in done {
            self.answer(waiter.to, Reply::Restart(Box::new(report.clone())));
        }
        // The one that follows at once is told of from here on.
        self.tell_progress(now);
    }

    /// What is neither run nor could be gone back to is let go of, with its copy.
    fn let_go_of_builds(&mut self) {
        if self.machine.running().is_some() {
            return;
        }
        let (current, previous) = self.machine.builds();
        let alive: Vec<BuildId> =
            self.workers.ids().filter_map(|id| self.workers.get(id)).map(|known| known.build).collect();
        self.builds.retain(|id, _| *id == current || Some(*id) == previous || alive.contains(id));
        let wanted = self.builds.values().filter_map(|build| build.copy().map(std::path::Path::to_owned));
        self.jobs.prune_builds(wanted.collect());
    }

    fn count_failure(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Complete => {
                self.current.failures_in_a_row = 0;
                drop(self.ledger.resolve("restarts_fail"));
            }
            Outcome::Failed | Outcome::RolledBack => self.current.failures_in_a_row += 1,
            Outcome::Cancelled => {}
        }
        if self.current.failures_in_a_row == REPEATED_FAILURES {
            self.raise("restarts_fail", &format!("{REPEATED_FAILURES} restarts in a row have failed"));
        }
    }

    pub(super) fn safe_mode_entered(&mut self, reason: &str) {
        tracing::error!(reason, "safe mode: only reading, health and administration work");
        self.raise("safe_mode", reason);
    }

    pub(super) fn safe_mode_left(&mut self) {
        tracing::info!("safe mode has ended");
        drop(self.ledger.resolve("safe_mode"));
    }

    /// Something that a person must look at. Told once, until it is over.
    pub(super) fn raise(&self, kind: &str, detail: &str) {
        let (raised, kind, detail) = (self.ledger.raise(kind, detail), kind.to_owned(), detail.to_owned());
        tokio::spawn(async move {
            if raised.await.unwrap_or(true) {
                tracing::error!(alert = kind, detail, "alert");
            }
        });
    }
}

//! A restart in figures: what is written down of it and told.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{BuildReport, Outcome, PhaseRecord, RestartError, RestartReport};

use crate::ledger::{SagaStep, StepState};
use crate::restart::{BuildId, Run, Step, WorkerId};

use super::Hub;

impl Hub {
    /// The restart that runs.
    pub(in super::super) fn report_running(&self, now: Instant) -> Option<RestartReport> {
        let (run, step) = self.machine.running()?;
        let phase = step.map_or(Phase::ProcessRestart, Step::phase);
        let message = step.map_or("waiting for the next attempt", Step::message);
        let mut report = self.report(run, phase, message.to_owned(), now);
        report.progress = step.map_or(phase.progress(), Step::progress);
        Some(report)
    }

    pub(super) fn report(&self, run: &Run, phase: Phase, message: String, at: Instant) -> RestartReport {
        let current = &self.current;
        let (new, ready) = match &run.successor {
            Some((worker, ready)) => (Some(*worker), Some(ready)),
            None => (None, None),
        };
        let new_build = new.and_then(|worker| {
            let build = self.workers.get(worker)?.build;
            self.build_report(build, worker)
        });
        let last_phase = run.marks.last().map_or(Phase::Idle, |(phase, _)| *phase);
        RestartReport {
            restart_id: run.id.clone(),
            kind: run.kind,
            reason: run.request.reason,
            note: run.request.note.clone(),
            requested_by: run.by.clone(),
            outcome: None,
            phase,
            progress: last_phase.progress(),
            message,
            errors: errors(run),
            graceful: run.request.graceful,
            preserve_state: run.request.preserve_state,
            timeout: run.request.timeout.unwrap_or_else(|| seconds(self.config.restart.timeout)),
            started_at: current.started_at.unwrap_or_else(Timestamp::now).to_string(),
            completed_at: None,
            duration_ms: milliseconds(at.saturating_duration_since(run.began)),
            downtime_ms: milliseconds(current.longest_wait),
            buffered_requests: current.held,
            replayed_requests: current.replayed,
            cleared_requests: current.cleared,
            suspended: current.suspended,
            old_pid: current.old_pid,
            new_pid: new.and_then(|worker| self.workers.pid(worker)),
            generation: ready.map_or(self.generation, |ready| ready.generation),
            state: current.state.clone(),
            migration: ready.and_then(|ready| ready.migration.clone()),
            old_build: current.old_build.clone(),
            new_build,
            phases: phases(run, at),
        }
    }

    pub(in super::super) fn build_report(&self, build: BuildId, worker: WorkerId) -> Option<BuildReport> {
        let known = self.builds.get(&build)?;
        Some(BuildReport {
            version: self.workers.get(worker).map(|worker| worker.version.clone()).unwrap_or_default(),
            sha256: known.known_sha256().map(str::to_owned),
            path: known.path().display().to_string(),
        })
    }
}

fn errors(run: &Run) -> Vec<RestartError> {
    let error = |(phase, trouble): &(Phase, crate::restart::Trouble)| RestartError {
        error_code: trouble.code,
        error: trouble.text.clone(),
        phase: *phase,
    };
    run.troubles.iter().map(error).collect()
}

/// The steps that a restart has taken, and what became of each. What had an
/// effect was undone in reverse order, where the restart did not come to its end.
pub(super) fn saga(run: &Run, outcome: Outcome) -> Vec<SagaStep> {
    let last = run.marks.len().saturating_sub(1);
    let step = |(place, (phase, _)): (usize, &(Phase, Instant))| {
        let state = match outcome {
            Outcome::Complete => StepState::Done,
            Outcome::Failed if place == last => StepState::Failed,
            Outcome::Failed | Outcome::RolledBack | Outcome::Cancelled => StepState::Compensated,
        };
        SagaStep { step: phase.to_string(), state, detail: compensation(*phase).to_owned() }
    };
    run.marks.iter().enumerate().map(step).collect()
}

/// How a phase is undone.
fn compensation(phase: Phase) -> &'static str {
    match phase {
        Phase::Preparation => "the standby is ended, the snapshot's part removed, the plan taken back",
        Phase::MaintenanceMode => "held requests are released to the worker that serves on",
        Phase::TaskSuspension => "suspended calls are sent to the worker that serves on",
        Phase::StateSerialization => "the snapshot's part is removed; the one before stays",
        Phase::ConnectionPreservation => "the sessions stay with the worker that serves on",
        Phase::ProcessRestart => "the old worker takes the database back, or the build before is started",
        Phase::StateRestoration => "the sessions are opened in the worker that serves on",
        Phase::ServiceResume => "what is unanswered is sent to the worker that serves on",
        Phase::Idle | Phase::Complete | Phase::Failed | Phase::RolledBack => "",
    }
}

/// Each phase until the next one began.
fn phases(run: &Run, at: Instant) -> Vec<PhaseRecord> {
    let ends = run.marks.iter().skip(1).map(|(_, time)| *time).chain([at]);
    let record = |((phase, began), ended): (&(Phase, Instant), Instant)| PhaseRecord {
        phase: *phase,
        started_ms: milliseconds(began.duration_since(run.began)),
        duration_ms: Some(milliseconds(ended.saturating_duration_since(*began))),
    };
    run.marks.iter().zip(ends).map(record).collect()
}

pub(in super::super) fn milliseconds(duration: Duration) -> f64 {
    // Three digits behind the point are what was measured; more is noise.
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

//! The eight phases of one restart, as far as they are known: what is done, what runs,
//! what is to come, what was never reached.

use task_orchestrator_shared::admin::view::{RestartView, View};
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::PastRestart;
use task_orchestrator_shared::restart::{Kind, Outcome, PhaseRecord, Reason, RestartError, RestartReport};

use super::known::Freshness;
use super::{Model, Seen};

/// How one phase is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StepState {
    /// It is done, after so many milliseconds, where they were measured.
    Done(Option<f64>),
    /// It runs, for so many milliseconds so far.
    Running(Option<f64>),
    /// The restart failed in it, after so many milliseconds.
    Failed(Option<f64>),
    /// It is to come.
    ToCome,
    /// The restart ended before it.
    NotReached,
}

/// One phase of a restart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Its number, from one.
    pub number: usize,
    /// Which.
    pub phase: Phase,
    /// Milliseconds from the begin of the restart to its begin, where they are known.
    pub started_ms: Option<f64>,
    /// How it is.
    pub state: StepState,
}

impl Step {
    /// How long it took or takes, in milliseconds, where that is known.
    pub fn took(&self) -> Option<f64> {
        match self.state {
            StepState::Done(took) | StepState::Running(took) | StepState::Failed(took) => took,
            StepState::ToCome | StepState::NotReached => None,
        }
    }
}

/// A restart that runs, or an earlier one: what is known of both in the same words.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Its id.
    pub id: &'a str,
    /// How it came about.
    pub kind: Kind,
    /// Why.
    pub reason: Reason,
    /// How it ended; absent while it runs.
    pub outcome: Option<Outcome>,
    /// When it ended, RFC 3339.
    pub ended_at: Option<&'a str>,
    /// Milliseconds that it took; while it runs, as last heard.
    pub duration_ms: f64,
    /// Longest time that any request was held, in milliseconds.
    pub held_ms: f64,
    /// Who asked.
    pub requested_by: &'a str,
    /// The phases it went through.
    pub phases: &'a [PhaseRecord],
    /// What went wrong first.
    pub error: Option<&'a RestartError>,
    /// All there is to say, where the server has told it.
    pub full: Option<&'a RestartView>,
}

impl<'a> Run<'a> {
    /// A restart of which everything is known.
    pub fn full(view: &'a RestartView) -> Self {
        let report = &view.report;
        Self {
            id: &report.restart_id.0,
            kind: report.kind,
            reason: report.reason,
            outcome: report.outcome,
            ended_at: report.completed_at.as_deref(),
            duration_ms: report.duration_ms,
            held_ms: report.downtime_ms,
            requested_by: &report.requested_by,
            phases: &report.phases,
            error: report.errors.first(),
            full: Some(view),
        }
    }

    /// One of the history.
    pub fn past(past: &'a PastRestart) -> Self {
        Self {
            id: &past.restart_id.0,
            kind: past.kind,
            reason: past.reason,
            outcome: Some(past.outcome),
            ended_at: Some(&past.timestamp),
            duration_ms: past.duration * 1000.0,
            held_ms: past.downtime_ms,
            requested_by: &past.requested_by,
            phases: &past.phases,
            error: past.error.as_ref(),
            full: None,
        }
    }

    /// The one that runs, or the last one that did.
    pub fn current(view: &'a View) -> Option<Self> {
        let newest = || view.history.as_ref().and_then(|history| history.recent.first()).map(Self::past);
        view.restart.as_ref().map(Self::full).or_else(newest)
    }

    /// Every one that is known, the one that runs first, then the newest first.
    pub fn all(view: &'a View) -> Vec<Self> {
        let mut runs: Vec<Self> = Vec::new();
        if let Some(restart) = &view.restart {
            runs.push(Self::full(restart));
        }
        let past = view.history.iter().flat_map(|history| &history.recent);
        let known = runs.first().map(|run| run.id);
        runs.extend(past.map(Self::past).filter(|run| Some(run.id) != known));
        runs
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.outcome.is_none()
    }

    /// Its eight phases, `elapsed_ms` after its begin.
    pub fn steps(&self, elapsed_ms: f64) -> [Step; 8] {
        let at = self.full.filter(|_| self.is_running()).map(|full| full.report.phase);
        // Where it is about to be told as failed, no phase runs.
        let at = at.filter(|at| !matches!(at, Phase::Failed | Phase::RolledBack));
        let failed = self.error.filter(|_| self.outcome != Some(Outcome::Complete)).map(|error| error.phase);
        let mut number = 0;
        Phase::EIGHT.map(|phase| {
            number += 1;
            let record = self.phases.iter().find(|record| record.phase == phase);
            let started_ms = record.map(|record| record.started_ms);
            let took = record.and_then(|record| record.duration_ms);
            let state = match at {
                Some(at) if at == phase => {
                    StepState::Running(started_ms.map(|started| (elapsed_ms - started).max(0.0)))
                }
                Some(at) if phase < at || took.is_some() => StepState::Done(took),
                Some(_) => StepState::ToCome,
                None if failed == Some(phase) => StepState::Failed(took),
                None if record.is_some() => StepState::Done(took),
                None => StepState::NotReached,
            };
            Step { number, phase, started_ms, state }
        })
    }
}

/// How far the restart that runs is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// Milliseconds since it began.
    pub elapsed_ms: f64,
    /// Milliseconds until its step is given up.
    pub left_ms: Option<f64>,
}

/// How far the restart that is shown is: it goes on while the link is live, and stands
/// still where what is shown is old.
pub fn clock(model: &Model) -> Option<Clock> {
    let (view, freshness) = model.view()?;
    let restart = view.restart.as_ref()?;
    if restart.report.outcome.is_some() {
        return Some(Clock { elapsed_ms: restart.report.duration_ms, left_ms: None });
    }
    let seen: &Seen = model.frozen.as_deref().or(model.seen.as_deref())?;
    let at = match freshness {
        Freshness::Live => model.now,
        Freshness::Stale(at) => at,
    };
    let since = at.since(seen.restart_at).as_secs_f64() * 1000.0;
    let elapsed =
        restart.progress.as_ref().map_or(restart.report.duration_ms, |progress| progress.elapsed_ms);
    let left = restart.progress.as_ref().and_then(|progress| progress.deadline_ms);
    Some(Clock { elapsed_ms: elapsed + since, left_ms: left.map(|left| (left - since).max(0.0)) })
}

/// The report of the restart that runs.
pub fn running(view: &View) -> Option<&RestartReport> {
    view.restart.as_ref().map(|restart| &restart.report).filter(|report| report.outcome.is_none())
}

/// How something ended, in a word or two.
pub const fn outcome(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        None => "running",
        Some(Outcome::Complete) => "complete",
        Some(Outcome::Failed) => "failed",
        Some(Outcome::RolledBack) => "rolled back",
        Some(Outcome::Cancelled) => "cancelled",
    }
}

#[cfg(test)]
mod tests {
    use task_orchestrator_shared::error_code::ErrorCode;

    use super::*;
    use crate::sample::{past, running};

    fn states(run: &Run<'_>, elapsed_ms: f64) -> Vec<StepState> {
        run.steps(elapsed_ms).iter().map(|step| step.state).collect()
    }

    #[test]
    fn a_restart_that_runs_has_done_one_part_and_has_the_other_before_it() {
        use StepState::{Done, Running, ToCome};
        let view = running(Phase::TaskSuspension);
        let states = states(&Run::full(&view), 100.3);
        assert_eq!(states[..2], [Done(Some(80.0)), Done(Some(0.3))]);
        let Running(Some(took)) = states[2] else { panic!("{states:?}") };
        assert!((took - 20.0).abs() < 1e-9, "{took}");
        assert_eq!(states[3..], [ToCome; 5]);
    }

    #[test]
    fn a_phase_of_which_nothing_was_told_has_no_figures() {
        let mut view = running(Phase::ProcessRestart);
        view.report.phases.clear();
        let states = states(&Run::full(&view), 50.0);
        assert_eq!(states[4..7], [StepState::Done(None), StepState::Running(None), StepState::ToCome]);
    }

    #[test]
    fn one_that_failed_shows_where_and_what_was_never_reached() {
        use StepState::{Done, Failed, NotReached};
        let mut past = past(3);
        past.phases.truncate(2);
        past.error = Some(RestartError {
            error_code: ErrorCode::TimeoutExceeded,
            error: "late".to_owned(),
            phase: Phase::MaintenanceMode,
        });
        let mut run = Run::past(&past);
        let states = states(&run, run.duration_ms);
        assert!(matches!(states[..3], [Done(Some(_)), Failed(Some(_)), NotReached]), "{states:?}");
        run.outcome = Some(Outcome::Complete);
        // What went wrong on the way of one that came through is no failed phase.
        assert!(matches!(self::states(&run, run.duration_ms)[1], Done(Some(_))));
    }

    #[test]
    fn one_that_is_about_to_be_told_as_failed_runs_in_no_phase() {
        let view = running(Phase::Failed);
        let states = states(&Run::full(&view), 90.0);
        assert!(!states.iter().any(|state| matches!(state, StepState::Running(_))), "{states:?}");
    }
}

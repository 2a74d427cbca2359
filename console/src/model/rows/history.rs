//! Restarts as rows, the one that runs first. The key is the restart's id.

use std::borrow::Cow;

use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::explain;
use task_orchestrator_shared::restart::Outcome;

use super::{Column, Rows, Width};
use crate::model::Model;
use crate::model::steps::{self, Run, outcome};
use crate::model::value::Value;
use crate::theme::Tone;

const fn column(id: &'static str, title: &'static str, width: Width, priority: u8) -> Column {
    Column { id, title, width, priority }
}

/// What is told of a restart.
pub const COLUMNS: &[Column] = &[
    column("ended", "ended", Width::Fixed(8), 1),
    column("outcome", "outcome", Width::Fixed(13), 0),
    column("kind", "kind", Width::Fixed(9), 3),
    column("took", "took", Width::Fixed(7), 0),
    column("objective", "goal", Width::Fixed(6), 2),
    column("held", "held", Width::Fixed(7), 5),
    column("phases", "phases", Width::Least(14), 4),
    column("error", "error", Width::Fixed(11), 6),
    column("by", "by", Width::Fixed(14), 7),
    column("reason", "reason", Width::Fixed(14), 8),
    column("id", "id", Width::Fixed(8), 9),
];

/// Restarts.
#[derive(Debug)]
pub struct History<'a> {
    runs: Vec<Run<'a>>,
    /// Milliseconds since the begin of the one that runs.
    elapsed_ms: Option<f64>,
    objective_ms: f64,
}

impl<'a> History<'a> {
    /// Those of this server, as the console shows them now.
    pub fn of(model: &Model, view: &'a View) -> Self {
        let elapsed_ms = steps::clock(model).map(|clock| clock.elapsed_ms);
        Self { runs: Run::all(view), elapsed_ms, objective_ms: model.settings.objective_ms }
    }

    /// One of them.
    pub fn get(&self, row: usize) -> Option<&Run<'a>> {
        self.runs.get(row)
    }

    fn took_ms(&self, run: &Run<'_>) -> f64 {
        self.elapsed_ms.filter(|_| run.is_running()).unwrap_or(run.duration_ms)
    }
}

/// How a restart ended, and how that is to be read.
pub fn tone(outcome: Option<Outcome>) -> Tone {
    match outcome {
        None => Tone::Busy,
        Some(Outcome::Complete) => Tone::Good,
        Some(Outcome::RolledBack) => Tone::Warn,
        Some(Outcome::Failed) => Tone::Bad,
        Some(Outcome::Cancelled) => Tone::Dim,
    }
}

impl Rows for History<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.runs.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.get(row).map_or(Cow::Borrowed(""), |run| Cow::Borrowed(run.id))
    }

    fn value(&self, row: usize, column: usize) -> Value<'_> {
        let (Some(run), Some(column)) = (self.get(row), COLUMNS.get(column)) else {
            return Value::NotApplicable;
        };
        let took = self.took_ms(run);
        match column.id {
            "ended" if run.is_running() => Value::NotApplicable,
            "ended" => run.ended_at.map_or(Value::Unknown, Value::time),
            "outcome" => Value::State(outcome(run.outcome).into(), tone(run.outcome)),
            "kind" => Value::text(run.kind.as_str()),
            "took" => Value::Millis(took),
            "objective" if took > self.objective_ms => Value::State("over".into(), Tone::Warn),
            "objective" if run.outcome == Some(Outcome::Complete) => Value::State("met".into(), Tone::Good),
            // What has not done what it was meant to do meets nothing.
            "objective" => Value::NotApplicable,
            "held" => Value::Millis(run.held_ms),
            "phases" => Value::Phases(run.phases),
            "error" => {
                run.error.map_or(Value::NotApplicable, |error| Value::text(explain::name(error.error_code)))
            }
            "by" => Value::text(run.requested_by),
            "reason" => Value::text(run.reason.as_str()),
            _ => Value::Id(Cow::Borrowed(run.id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use task_orchestrator_shared::phase::Phase;
    use task_orchestrator_shared::role::Role;

    use super::*;
    use crate::sample::{connected, running, view};

    fn column(id: &str) -> usize {
        COLUMNS.iter().position(|column| column.id == id).unwrap()
    }

    #[test]
    fn the_one_that_runs_comes_first_and_has_not_ended() {
        let mut view = view(1);
        view.restart = Some(running(Phase::ProcessRestart));
        let model = connected(view.clone(), Role::Admin);
        let rows = History::of(&model, &view);
        assert_eq!((rows.count(), &*rows.key(0), &*rows.key(1)), (9, "r-now", "r-1"));
        assert_eq!(rows.value(0, column("ended")), Value::NotApplicable);
        assert_eq!(rows.value(0, column("outcome")), Value::State("running".into(), Tone::Busy));
        assert_eq!(rows.value(0, column("objective")), Value::NotApplicable);
        assert_eq!(rows.value(1, column("objective")), Value::State("met".into(), Tone::Good));
        assert_eq!(rows.value(3, column("error")), Value::text("RESTART_006"));
        assert_eq!(rows.value(99, 0), Value::NotApplicable);
    }

    #[test]
    fn the_last_one_of_this_server_stands_there_once() {
        let mut view = view(1);
        let mut last = running(Phase::ServiceResume);
        last.report.restart_id.0 = "r-1".to_owned();
        last.report.outcome = Some(Outcome::Complete);
        last.report.duration_ms = 2000.0;
        view.restart = Some(last);
        let model = connected(view.clone(), Role::Admin);
        let rows = History::of(&model, &view);
        assert_eq!(rows.count(), 8);
        assert_eq!(rows.value(0, column("objective")), Value::State("over".into(), Tone::Warn));
    }
}

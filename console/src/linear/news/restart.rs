//! What a restart goes through, said as it happens: its begin, each phase with what it
//! took, what it waits for when that is long, the lines of the build, how it ended.

use std::time::Duration;

use task_orchestrator_shared::admin::view::{MAX_BUILD_OUTPUT, RestartView};
use task_orchestrator_shared::explain::name;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::RestartId;

use super::{Piece, Weight};
use crate::linear::restarts::{ended, numbered, outcome, phase_done};

/// How long a phase runs before it is said that it does.
const LONG: Duration = Duration::from_millis(700);

/// What was said of a restart.
#[derive(Debug, Default)]
pub(super) struct Told {
    id: Option<RestartId>,
    /// Phases that are over and were told: the first ones of the eight.
    phases: Vec<Phase>,
    /// The phase that runs.
    running: Option<Running>,
    errors: usize,
    output: usize,
    last_output: String,
    /// Whether this console has ordered it: then the answer tells the numbers.
    is_ours: bool,
    is_over: bool,
}

/// The phase that runs.
#[derive(Debug)]
struct Running {
    phase: Phase,
    /// When it was seen first.
    since: Duration,
    /// How far the restart was then, in milliseconds.
    elapsed_ms: f64,
    /// Whether it was said that it takes long.
    said: bool,
}

impl Told {
    /// Everything about it up to now is known; nothing of it is news any more.
    pub(super) fn begin(&mut self, restart: Option<&RestartView>) {
        *self = Self::default();
        let Some(restart) = restart.filter(|restart| restart.report.outcome.is_some()) else { return };
        self.id = Some(restart.report.restart_id.clone());
        self.is_over = true;
    }

    /// What is new about it.
    pub(super) fn take(&mut self, restart: &RestartView, is_ours: bool, now: Duration) -> Vec<Piece> {
        let report = &restart.report;
        let mut pieces = Vec::new();
        if self.id.as_ref() != Some(&report.restart_id) {
            *self = Self { id: Some(report.restart_id.clone()), ..Self::default() };
            pieces.push(Weight::Matters.piece(begins(restart)));
        }
        if self.is_over {
            return pieces;
        }
        self.is_ours |= is_ours;
        self.build(restart, &mut pieces);
        self.phases(restart, now, &mut pieces);
        for error in report.errors.iter().skip(self.errors) {
            pieces.push(Weight::Matters.piece(format!("Error {}: {}", name(error.error_code), error.error)));
        }
        self.errors = report.errors.len();
        if report.outcome.is_some() {
            self.is_over = true;
            let said = if self.is_ours {
                format!("Restart {} {}.", report.restart_id, ended(report))
            } else {
                format!("{}.", capital(&outcome(report)))
            };
            pieces.push(Weight::Matters.piece(said));
        }
        pieces
    }

    /// How long until a phase that runs is long.
    pub(super) fn next(&self, now: Duration) -> Option<Duration> {
        let running = self.running.as_ref().filter(|running| !self.is_over && !running.said)?;
        Some((running.since + LONG).saturating_sub(now))
    }

    /// The server lists the phases with what they took only once the restart has ended;
    /// before that there is only the one that it is in. So a phase is told when the next
    /// one is seen to begin, and in the end whatever went by unseen.
    fn phases(&mut self, restart: &RestartView, now: Duration, pieces: &mut Vec<Piece>) {
        let report = &restart.report;
        if report.outcome.is_some() {
            for record in report.phases.iter().filter(|record| !self.phases.contains(&record.phase)) {
                if let Some(took) = record.duration_ms {
                    pieces.push(Weight::Matters.piece(phase_done(record.phase, took)));
                }
            }
            return;
        }
        let Some(at) = Phase::EIGHT.iter().position(|phase| *phase == report.phase) else { return };
        let elapsed_ms = restart.progress.as_ref().map_or(report.duration_ms, |progress| progress.elapsed_ms);
        if self.running.as_ref().is_none_or(|running| running.phase != report.phase) {
            let before =
                self.running.replace(Running { phase: report.phase, since: now, elapsed_ms, said: false });
            // One that was not seen must not be told behind a later one.
            let before = before.filter(|before| {
                self.phases.len() + 1 == at && Phase::EIGHT.get(self.phases.len()) == Some(&before.phase)
            });
            if let Some(before) = before {
                self.phases.push(before.phase);
                let took = (elapsed_ms - before.elapsed_ms).max(0.0);
                pieces.push(Weight::Matters.piece(phase_done(before.phase, took)));
            }
        }
        if let Some(running) = self.running.as_mut().filter(|running| !running.said)
            && now.saturating_sub(running.since) >= LONG
        {
            running.said = true;
            pieces.push(Weight::Matters.piece(format!(
                "{} runs: {}",
                numbered(running.phase),
                report.message
            )));
        }
    }

    fn build(&mut self, restart: &RestartView, pieces: &mut Vec<Piece>) {
        let lines = &restart.build_output;
        // The oldest lines go once there are too many: then the last one that was said is looked for.
        let from = if lines.len() < MAX_BUILD_OUTPUT {
            self.output
        } else {
            lines.iter().rposition(|line| *line == self.last_output).map_or(0, |at| at + 1)
        };
        pieces.extend(lines.iter().skip(from).map(|line| Weight::Some.piece(format!("build: {line}"))));
        self.output = lines.len();
        if let Some(last) = lines.last() {
            self.last_output.clone_from(last);
        }
    }
}

fn begins(restart: &RestartView) -> String {
    let report = &restart.report;
    let note = report.note.as_ref().map_or_else(String::new, |note| format!(", note: {note}"));
    format!(
        "Restart {} begins: {}, {}, asked for by {}{note}.",
        report.restart_id,
        report.kind.as_str(),
        report.reason.as_str().replace('_', " "),
        report.requested_by
    )
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

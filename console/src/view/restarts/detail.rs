//! One restart in full: why and by whom, how it ended, its figures, its phases, what went
//! wrong, and what the build command said last.

use task_orchestrator_shared::admin::view::RestartView;
use task_orchestrator_shared::explain;
use task_orchestrator_shared::restart::{BuildReport, Outcome};

use super::{clock, look};
use crate::action::ActionId;
use crate::model::steps::{self, Run, StepState, outcome};
use crate::model::{Model, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::view::overview::short;
use crate::widgets::{Pen, phase_bar, timeline};

/// Draws it, the most important first.
pub(super) fn draw(model: &Model, run: &Run<'_>, pen: &mut Pen<'_, '_>) {
    pen.title(&format!("Restart {}", run.id));
    let clock = steps::clock(model).filter(|_| run.is_running());
    let took_ms = clock.map_or(run.duration_ms, |clock| clock.elapsed_ms);
    ending(model, run, took_ms, pen);
    errors(model, run, pen);
    let steps = run.steps(took_ms);
    let built = run.full.map(|full| full.build_output.as_slice()).unwrap_or_default();
    // What the build command said last is why it failed: that comes before what never began.
    let is_about_build = !built.is_empty() && run.outcome == Some(Outcome::Failed);
    let reached = steps.iter().filter(|step| !matches!(step.state, StepState::NotReached)).count();
    let rows = if is_about_build { u16::try_from(reached).unwrap_or(8).min(8) } else { 8 };
    let area = pen.take_rows(rows);
    timeline::draw(pen.canvas(), area, &steps, clock.and_then(|clock| clock.left_ms));
    if is_about_build {
        if rows < 8 {
            pen.line([(
                Tone::Dim,
                format!("{} phases {} to 8 were not reached", pen.sign(Symbol::NotApplicable), rows + 1),
            )]);
        }
        output(built, pen);
    }
    let row = pen.take();
    phase_bar::draw(pen.canvas(), row, run.phases, Tone::Plain);
    pen.fact("held at most", [(Tone::Plain, words::millis(run.held_ms))]);
    let why = format!("{}, {}", run.kind.as_str(), run.reason.as_str());
    pen.fact("why", [(Tone::Plain, why)]);
    pen.fact("by", [(Tone::Plain, run.requested_by)]);
    let Some(full) = run.full else { return };
    if let Some(note) = &full.report.note {
        pen.fact("note", [(Tone::Plain, note)]);
    }
    figures(full, pen);
    if !is_about_build {
        output(built, pen);
    }
}

fn ending(model: &Model, run: &Run<'_>, took_ms: f64, pen: &mut Pen<'_, '_>) {
    let (symbol, tone) = look(run.outcome);
    let ended = run.ended_at.map_or_else(String::new, |at| format!(" at {}", clock(model, at)));
    let objective = model.settings.objective_ms;
    let sign = pen.sign(symbol);
    let mut parts = vec![
        (tone, format!("{sign} {}", outcome(run.outcome))),
        (Tone::Plain, format!("{ended} after {}", words::millis(took_ms))),
    ];
    if took_ms > objective {
        let over = format!(" {} over {}", pen.sign(Symbol::Warn), words::millis(objective));
        parts.push((Tone::Warn, over));
    }
    pen.line(parts);
}

/// What went wrong, and the key that explains it.
pub(super) fn errors(model: &Model, run: &Run<'_>, pen: &mut Pen<'_, '_>) {
    let all = run.full.map(|full| full.report.errors.as_slice());
    let first = run.error.map(std::slice::from_ref).unwrap_or_default();
    for error in all.unwrap_or(first).iter().take(3) {
        let code = explain::name(error.error_code);
        let text = format!("{} {code} in {}: {}", pen.sign(Symbol::Bad), error.phase, error.error);
        pen.text(Tone::Bad, &text, 2);
    }
    // Where there is little room the hints below have it as well.
    if run.error.is_some()
        && pen.rows() > 10
        && let Some(key) = model.settings.keymap.hint(ActionId::Explain)
    {
        pen.line([(Tone::Key, key.to_string()), (Tone::Plain, " explains it".to_owned())]);
    }
}

/// The figures of one of which everything is known.
pub(super) fn figures(restart: &RestartView, pen: &mut Pen<'_, '_>) {
    let report = &restart.report;
    let arrow = pen.sign(Symbol::Arrow);
    let (unknown, none) = (pen.sign(Symbol::Unknown), pen.sign(Symbol::NotApplicable));
    let now = restart
        .progress
        .as_ref()
        .filter(|_| report.outcome.is_none())
        .map_or_else(String::new, |at| format!("{} held, {} in flight; ", at.held, at.in_flight));
    let plain = |text: String| vec![(Tone::Plain, text)];
    // What is so now matters more than what was, where there is room for one of them.
    let brief = if now.is_empty() { format!("{} held", report.buffered_requests) } else { now.clone() };
    let brief = brief.trim_end_matches("; ").to_owned();
    let whole = format!("{now}{} were held", report.buffered_requests);
    pen.fact_in("requests", [plain(whole), plain(brief)]);
    let (replayed, cleared) = (report.replayed_requests, report.cleared_requests);
    let sent = format!("{replayed} replayed, {cleared} answered with an error");
    pen.fact_in("of these", [plain(sent), plain(format!("{replayed} replayed, {cleared} failed"))]);
    pen.fact("suspended", [(Tone::Plain, words::counted(report.suspended, "call", "calls"))]);
    let pid = |pid: Option<u32>| pid.map_or_else(|| none.to_owned(), |pid| pid.to_string());
    let pids = format!("pid {} {arrow} {}", pid(report.old_pid), pid(report.new_pid));
    pen.fact("worker", [(Tone::Plain, pids)]);
    let build = |build: Option<&BuildReport>| {
        build.map_or_else(
            || unknown.to_owned(),
            |build| format!("{} {}", build.version, short(build.sha256.as_deref())),
        )
    };
    let builds = format!("{} {arrow} {}", build(report.old_build.as_ref()), build(report.new_build.as_ref()));
    pen.fact("build", [(Tone::Plain, builds)]);
    if let Some(state) = &report.state {
        let size = words::bytes(state.size_bytes);
        pen.fact("snapshot", [(Tone::Plain, format!("{}, {size}", state.snapshot))]);
    }
    if let Some(migration) = &report.migration {
        let schema = format!("schema {} {arrow} {}", migration.from, migration.to);
        pen.fact("migration", [(Tone::Plain, schema)]);
    }
}

/// The last lines of the build command.
pub(super) fn output(lines: &[String], pen: &mut Pen<'_, '_>) {
    if lines.is_empty() || pen.rows() < 2 {
        return;
    }
    pen.line([(Tone::Dim, format!("build output, {}", words::counted(lines.len() as u64, "line", "lines")))]);
    let first = lines.len().saturating_sub(usize::from(pen.rows()));
    for line in lines.iter().skip(first) {
        pen.line([(Tone::Plain, line)]);
    }
}

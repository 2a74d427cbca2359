//! The same where there is little room: a line for each, the most important first.

use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::role::Operation;

use super::{backups, clock, connections, missing, requests};
use crate::model::steps::{self, Run, outcome};
use crate::model::{Model, checks, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::view::restarts::look;
use crate::widgets::{Pen, gauge, level_look};

/// Draws it.
pub(super) fn draw(model: &Model, view: &View, pen: &mut Pen<'_, '_>) {
    restart(model, view, pen);
    health(model, view, pen);
    let [idle, active, waiting, slow] = connections::states(view);
    let clients = format!("{} ", view.sessions.len());
    let states = format!("{waiting} waiting {slow} slow {active} active {idle} idle");
    pen.fact("clients", [(Tone::Title, clients), (Tone::Plain, states)]);
    held(view, pen);
    traffic(view, pen);
    match &view.backups {
        Some(backups) => backups::newest(model, "backup", backups, pen),
        None => {
            let why = missing(model, pen, Operation::ViewBackups);
            pen.fact("backup", [why]);
        }
    }
    match view.dead_letters.as_deref() {
        Some([]) => drop(pen.fact("letters", [(Tone::Plain, "0")])),
        Some(letters) => {
            let words = format!("{} {}", pen.sign(Symbol::Warn), letters.len());
            pen.fact("letters", [(Tone::Warn, words)]);
        }
        None => {
            let why = missing(model, pen, Operation::ViewDeadLetters);
            pen.fact("letters", [why]);
        }
    }
}

fn restart(model: &Model, view: &View, pen: &mut Pen<'_, '_>) {
    let Some(run) = Run::current(view) else {
        pen.fact("restart", [(Tone::Dim, "none yet")]);
        return;
    };
    if let Some(report) = steps::running(view) {
        let took = steps::clock(model).map_or(report.duration_ms, |clock| clock.elapsed_ms);
        let rest =
            pen.signed(Symbol::Busy, Tone::Busy, &format!("{} {} ", report.phase, words::millis(took)));
        gauge::draw(pen.canvas(), rest, f64::from(report.progress) / 100.0, Tone::Busy);
        pen.line([(Tone::Busy, format!("  {}", report.message))]);
        return;
    }
    let (symbol, tone) = look(run.outcome);
    let ended = run.ended_at.map_or_else(|| "?".to_owned(), |at| clock(model, at));
    let sign = pen.sign(symbol);
    let words = format!("{} in {}, {ended}", outcome(run.outcome), words::millis(run.duration_ms));
    pen.fact("restart", [(tone, format!("{sign} ")), (Tone::Plain, words)]);
}

fn health(model: &Model, view: &View, pen: &mut Pen<'_, '_>) {
    let Some(health) = &view.health else {
        let why = missing(model, pen, Operation::HealthCheck);
        pen.fact("health", [why]);
        return;
    };
    let (symbol, tone) = level_look(Some(health.status));
    let worst = checks::worst_first(health).into_iter().next();
    let words = match worst.filter(|_| !health.healthy) {
        Some(check) => format!("{}: {}, {}", checks::level(health.status), check.name, check.words),
        None => checks::level(health.status).to_owned(),
    };
    let sign = pen.sign(symbol);
    pen.fact("health", [(tone, format!("{sign} {words}"))]);
}

fn held(view: &View, pen: &mut Pen<'_, '_>) {
    let words = format!("{} in flight, {} held ", view.traffic.in_flight, requests::held(view));
    let rest = pen.fact("requests", [(Tone::Plain, words)]);
    let full = requests::fullness(view);
    gauge::draw(pen.canvas(), rest, full, requests::tone(full));
}

fn traffic(view: &View, pen: &mut Pen<'_, '_>) {
    let traffic = &view.traffic;
    let unknown = pen.sign(Symbol::Unknown);
    let known = |millis: Option<f64>| millis.map_or_else(|| unknown.to_owned(), words::millis);
    let (p50, p99) = (known(traffic.p50_ms), known(traffic.p99_ms));
    let words = format!("{:.0}/s p50 {p50} p99 {p99}", traffic.requests_per_second);
    pen.fact("traffic", [(Tone::Plain, words)]);
}

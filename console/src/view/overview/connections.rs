//! The clients: how many in which state, by which transport, and how often they come back.

use task_orchestrator_shared::admin::view::{SessionState, View};
use task_orchestrator_shared::role::Operation;

use super::{clock, missing, noted};
use crate::model::Model;
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Part, Pen};

/// What stands above it.
pub(super) fn title(_model: &Model, view: &View) -> String {
    let count = view.sessions.len();
    match view.limits.max_sessions {
        0 => format!("Clients: {count}"),
        most => format!("Clients: {count} of at most {most}"),
    }
}

/// Sessions in each state: idle, active, waiting, slow.
pub(super) fn states(view: &View) -> [u64; 4] {
    let mut counts = [0; 4];
    for session in &view.sessions {
        let [idle, active, waiting, slow] = &mut counts;
        let count = match session.figures.state {
            SessionState::Idle => idle,
            SessionState::Active => active,
            SessionState::Waiting => waiting,
            SessionState::Slow => slow,
        };
        *count += 1;
    }
    counts
}

/// Draws it.
pub(super) fn draw(model: &Model, view: &View, pen: &mut Pen<'_, '_>) {
    let [idle, active, waiting, slow] = states(view);
    let (warn, busy) = (pen.sign(Symbol::Warn), pen.sign(Symbol::Busy));
    let sign = |count: u64, sign: &str| if count == 0 { String::new() } else { format!("{sign} ") };
    let need = || {
        [(Tone::Busy, sign(waiting, busy), waiting, "waiting"), (Tone::Warn, sign(slow, warn), slow, "slow")]
    };
    let told = |is_told: fn(u64) -> bool, rest: String| -> Vec<Part> {
        let need = need().into_iter().filter(|(_, _, count, _)| is_told(*count));
        need.flat_map(|(tone, sign, count, word)| [(tone, sign), (Tone::Plain, format!("{count} {word}  "))])
            .chain([(Tone::Plain, rest)])
            .collect()
    };
    let is_any = |count: u64| count > 0;
    pen.fact_in(
        "state",
        [
            told(|_| true, format!("{active} active  {idle} idle")),
            told(is_any, format!("{active} active  {idle} idle")),
            told(is_any, format!("{} others", active + idle)),
            told(is_any, String::new()),
        ],
    );
    reconnects(model, view, pen);
    letters(model, view, pen);
    transports(view, pen);
    crashes(view, pen);
}

fn transports(view: &View, pen: &mut Pen<'_, '_>) {
    // Most are of one kind, so that it is found at once.
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for session in &view.sessions {
        match counts.iter_mut().find(|(transport, _)| *transport == session.transport) {
            Some((_, count)) => *count += 1,
            None => counts.push((&session.transport, 1)),
        }
    }
    counts.sort_unstable();
    let mut told: Vec<String> =
        counts.iter().map(|(transport, count)| format!("{count} {transport}")).collect();
    if told.is_empty() {
        told.push("no clients".to_owned());
    }
    pen.fact("transport", [(Tone::Plain, told.join("  "))]);
}

fn reconnects(model: &Model, view: &View, pen: &mut Pen<'_, '_>) {
    let server = &view.server;
    let rate = match model.curves().reconnections() {
        None => format!("  {}/min", pen.sign(Symbol::Unknown)),
        Some((came, seconds)) => {
            format!("  {:.1}/min", came as f64 * 60.0 / seconds.max(1) as f64)
        }
    };
    let mut parts = vec![(Tone::Plain, format!("{}{rate}", server.reconnections))];
    if server.failed_reconnections > 0 {
        let sign = pen.sign(Symbol::Warn);
        parts.push((Tone::Warn, format!("  {sign} {} failed", server.failed_reconnections)));
    }
    pen.fact("reconnected", parts);
}

fn crashes(view: &View, pen: &mut Pen<'_, '_>) {
    let server = &view.server;
    pen.fact(
        "crashes",
        [noted(server.crashes, Tone::Warn), (Tone::Plain, " of workers since the front started".to_owned())],
    );
}

fn letters(model: &Model, view: &View, pen: &mut Pen<'_, '_>) {
    let Some(letters) = &view.dead_letters else {
        let why = missing(model, pen, Operation::ViewDeadLetters);
        pen.fact("dead letters", [why]);
        return;
    };
    let Some(newest) = letters.first() else {
        pen.fact("dead letters", [(Tone::Plain, "0")]);
        return;
    };
    let sign = pen.sign(Symbol::Warn);
    let at = clock(model, &newest.at);
    pen.fact(
        "dead letters",
        [(Tone::Warn, format!("{sign} {}", letters.len())), (Tone::Plain, format!(", newest {at}"))],
    );
}

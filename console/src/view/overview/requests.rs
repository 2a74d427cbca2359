//! What is on its way: with workers, and held back for one.

use ratatui::layout::Rect;
use task_orchestrator_shared::admin::view::{SessionView, View};

use crate::model::{Model, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Pen, gauge};

/// Sessions that are shown, those with the most first.
const FULLEST: usize = 5;

/// Cells of a gauge.
const GAUGE: u16 = 14;

/// What stands above it.
pub(super) fn title(_model: &Model, view: &View) -> String {
    format!("Requests: {} in flight, {} held", view.traffic.in_flight, held(view))
}

/// Requests that are held back.
pub(super) fn held(view: &View) -> u64 {
    view.buffers.as_ref().map_or(0, |buffers| buffers.total_buffered_requests)
}

/// How full the room for held requests is, 0 to 1.
pub(super) fn fullness(view: &View) -> f64 {
    part(view.traffic.held_bytes, view.limits.max_buffered_bytes)
}

fn part(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// How full is too full, in a tone; the word or sign beside it says the same.
pub(super) fn tone(part: f64) -> Tone {
    match part {
        part if part >= 0.9 => Tone::Bad,
        part if part >= 0.7 => Tone::Warn,
        _ => Tone::Good,
    }
}

/// Draws it.
pub(super) fn draw(_model: &Model, view: &View, pen: &mut Pen<'_, '_>) {
    let traffic = &view.traffic;
    let whole = view.limits.max_buffered_bytes;
    let fullness = fullness(view);
    let held = format!("  {}", words::bytes(traffic.held_bytes));
    let words = |text: String| vec![(Tone::Plain, text)];
    let rest = pen.fact("room", [(Tone::Plain, "")]);
    let rest = bar(pen, rest, fullness);
    let ways = [words(format!("{held} of {}", words::bytes(whole))), words(held), Vec::new()];
    for (tone, text) in Pen::fitting(ways, rest.width) {
        pen.canvas().put(rest, &text, tone);
    }
    let oldest = view.buffers.as_ref().and_then(|buffers| buffers.oldest_age_seconds);
    let oldest = oldest.map_or_else(
        || format!("{} nothing waits", pen.sign(Symbol::NotApplicable)),
        |seconds| words::millis(seconds * 1000.0),
    );
    pen.fact("held longest", [(Tone::Plain, oldest)]);
    let server = &view.server;
    let mut parts = vec![(Tone::Plain, format!("{}", server.replayed))];
    if server.quarantined > 0 {
        parts.push((Tone::Warn, format!("  {} {} quarantined", pen.sign(Symbol::Warn), server.quarantined)));
    }
    pen.fact("replayed", parts);
    let answered = format!("{} of {} answered", traffic.answers, traffic.requests);
    pen.fact("since start", [(Tone::Plain, answered)]);
    for session in fullest(view) {
        row(view, session, pen);
    }
}

fn row(view: &View, session: &SessionView, pen: &mut Pen<'_, '_>) {
    let most = view.limits.max_requests_per_client;
    let name = session.name.as_deref().unwrap_or("not named yet");
    let who = format!("{name} {}", session.number);
    let rest = pen.line([
        (Tone::Plain, format!("{who:<20.20} ")),
        (Tone::Plain, format!("{:>9}  ", format!("{}/{most}", session.figures.buffered))),
    ]);
    bar(pen, rest, part(session.figures.buffered, most));
}

fn bar(pen: &mut Pen<'_, '_>, area: Rect, part: f64) -> Rect {
    let tone = tone(part);
    let canvas = pen.canvas();
    let [bar, rest] = canvas.split_left(area, GAUGE.min(area.width / 3));
    gauge::draw(canvas, bar, part, tone);
    let word = match tone {
        Tone::Bad => " full",
        Tone::Warn => " filling",
        _ => "",
    };
    // A little is not nothing.
    let percent = if part > 0.0 && part < 0.005 { "<1".to_owned() } else { format!("{:.0}", part * 100.0) };
    canvas.put(rest, &format!(" {percent} %{word}"), tone)
}

/// The sessions with the most requests that wait, the most first.
fn fullest(view: &View) -> Vec<&SessionView> {
    let mut fullest: Vec<&SessionView> = Vec::with_capacity(FULLEST + 1);
    for session in view.sessions.iter().filter(|session| session.figures.buffered > 0) {
        let place = fullest.partition_point(|other| other.figures.buffered >= session.figures.buffered);
        if place < FULLEST {
            fullest.insert(place, session);
            fullest.truncate(FULLEST);
        }
    }
    fullest
}

//! How things are in one line, for where there is room for no more; what does not fit
//! into the line goes on in the next one, where there is one.

use ratatui::layout::Rect;
use task_orchestrator_shared::admin::view::View;
use unicode_width::UnicodeWidthStr;

use super::{banner, chrome};
use crate::model::{Model, steps, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Canvas, Part};

/// Draws it.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let between = format!(" {} ", canvas.look().symbols.of(Symbol::Between));
    let parts = parts(model, canvas);
    let (mut row, mut at) = (0, canvas.row(area, 0));
    for (number, (tone, text)) in parts.iter().enumerate() {
        let needed = text.width() + between.width();
        let is_first = at.width == area.width;
        if number > 0 && !is_first && needed > usize::from(at.width) && row + 1 < area.height {
            row += 1;
            at = canvas.row(area, row);
        } else if number > 0 && !is_first {
            at = canvas.put(at, &between, Tone::Dim);
        }
        at = canvas.put(at, text, *tone);
    }
}

/// What is told, the most important first.
fn parts(model: &Model, canvas: &Canvas<'_>) -> Vec<Part> {
    let symbols = canvas.look().symbols;
    let (symbol, tone, link) = chrome::link(model);
    let mut parts = vec![(tone, format!("{} {link}", symbols.of(symbol)))];
    // There is no line below for it.
    parts.extend(model.notice().map(|notice| (notice.tone, notice.text.clone())));
    let calls = banner::calls(model);
    let Some((view, freshness)) = model.view() else {
        parts.push((Tone::Title, chrome::name(model).to_owned()));
        return parts;
    };
    let plain = if freshness.is_live() { Tone::Plain } else { Tone::Dim };
    if model.is_live()
        && let Some(call) = calls.first()
    {
        let count = if calls.len() > 1 { format!(" +{}", calls.len() - 1) } else { String::new() };
        let short = call.text.split([':', ',']).next().unwrap_or_default();
        parts.push((call.tone, format!("{} {short}{count}", symbols.of(call.symbol))));
    }
    parts.push((plain, phase(model, view)));
    let held = view.buffers.as_ref().map_or(0, |buffers| buffers.total_buffered_requests);
    parts.push((plain, format!("{held} held")));
    parts.push((plain, words::counted(view.sessions.len() as u64, "client", "clients")));
    parts.push((Tone::Title, chrome::name(model).to_owned()));
    parts.push((plain, format!("gen {}", view.server.generation)));
    parts.push((plain, format!("{} in flight", view.traffic.in_flight)));
    parts
}

fn phase(model: &Model, view: &View) -> String {
    match (steps::running(view), steps::clock(model)) {
        (Some(report), Some(clock)) => {
            format!("{} {} % {}", report.phase, report.progress, words::millis(clock.elapsed_ms))
        }
        _ => view.server.phase.to_string(),
    }
}

#[cfg(test)]
mod tests;

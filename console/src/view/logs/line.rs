//! One row of the log.

use std::ops::Range;

use ratatui::layout::Rect;
use task_orchestrator_shared::admin::log::LogLine;

use super::{MISSING, level, time};
use crate::model::logs::found::found;
use crate::model::logs::place::{LEVEL, Row, Shape};
use crate::model::logs::wrapped::cut;
use crate::model::{Model, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::Canvas;

/// Draws it.
pub(super) fn draw(
    model: &Model,
    canvas: &mut Canvas<'_>,
    area: Rect,
    shape: Shape,
    row: &Row<'_>,
    words: &[&str],
) {
    match row {
        Row::Missing(lines) => missing(canvas, area, *lines),
        Row::Part { line, text, target, is_first } => {
            let [before, rest] = canvas.split_left(area, shape.before().cells());
            if *is_first {
                head(model, canvas, before, shape, line);
            }
            said(canvas, rest, text, *target, words);
        }
    }
}

fn missing(canvas: &mut Canvas<'_>, area: Rect, lines: Option<u64>) {
    let sign = canvas.look().symbols.of(MISSING);
    let text = match lines {
        Some(lines) => {
            format!("{} missing here: they came too fast", words::counted(lines, "line is", "lines are"))
        }
        None => "lines may be missing here: they were not asked for".to_owned(),
    };
    canvas.put(area, &format!("{sign} {text}"), Tone::Warn);
}

fn head(model: &Model, canvas: &mut Canvas<'_>, area: Rect, shape: Shape, line: &LogLine) {
    let before = shape.before();
    let [at, rest] = canvas.split_left(area, before.time + 1);
    canvas.put(at, &time(&line.at, before.time, model), Tone::Dim);
    let [place, rest] = canvas.split_left(rest, LEVEL + 1);
    let (tone, word) = level(line.level);
    canvas.put(place, word, tone);
    let [place, _] = canvas.split_left(rest, before.process);
    match line.pid.filter(|_| before.process > 6) {
        Some(pid) => canvas.put(place, &format!("{} {pid}", line.process), Tone::Dim),
        None => canvas.put(place, &line.process, Tone::Dim),
    };
}

/// The text, with the part of the program of less weight and with what is looked for.
fn said(canvas: &mut Canvas<'_>, area: Rect, text: &str, target: usize, words: &[&str]) {
    let cells = usize::from(area.width);
    let whole = cut(text, cells) == text.len();
    // One cell is for the sign that there is more.
    let end = if whole { text.len() } else { cut(text, cells.saturating_sub(1)) };
    let mut at = area;
    let shown = text.get(..end).unwrap_or_default();
    for (part, tone) in toned(shown, target.min(end), &found(shown, words.iter().copied())) {
        at = canvas.put(at, shown.get(part).unwrap_or_default(), tone);
    }
    if !whole {
        canvas.put(at, canvas.look().symbols.of(Symbol::More), Tone::Dim);
    }
}

/// The text in parts, each with its tone.
fn toned(text: &str, target: usize, found: &[Range<usize>]) -> Vec<(Range<usize>, Tone)> {
    let mut parts = Vec::new();
    let mut plain = |from: usize, to: usize| {
        let middle = target.clamp(from, to);
        parts.extend([(from..middle, Tone::Dim), (middle..to, Tone::Plain)]);
    };
    let mut at = 0;
    let mut marked = Vec::new();
    for range in found {
        plain(at, range.start);
        marked.push((range.clone(), Tone::Chosen));
        at = range.end;
    }
    plain(at, text.len());
    parts.extend(marked);
    parts.retain(|(part, _)| !part.is_empty());
    parts.sort_by_key(|(part, _)| part.start);
    parts
}

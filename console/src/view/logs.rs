//! The log: the newest lines, or those further up while one stays there, with what is
//! looked for in them. It draws only lines that fit, however many are kept.

mod line;

use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use task_orchestrator_shared::admin::log::LogLevel;
use task_orchestrator_shared::role::Operation;

use super::facts;
use crate::action::ActionId;
use crate::model::logs::Logs;
use crate::model::logs::place::{Place, Shape};
use crate::model::{Model, absent, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::{Canvas, text};

/// Draws it.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let [head, rest] = canvas.split_top(area, 1);
    facts::parts(canvas, head, &state(model));
    let [body, bottom] = canvas.split_bottom(rest, u16::from(has_foot(model)));
    let shape = Shape { cells: body.width, wrap: model.logs.wrap };
    let at = model.logs.last_shown(usize::from(body.height), shape);
    if let Some((tone, text)) = foot(model, at) {
        canvas.put(bottom, &text, tone);
    }
    canvas.page(body.height);
    match at {
        Some(at) => lines(model, canvas, body, shape, at),
        None => empty(model, canvas, body),
    }
    if !model.link.is_live() || model.logs.is_asked_anew() {
        canvas.fade(body);
    }
}

fn lines(model: &Model, canvas: &mut Canvas<'_>, area: Rect, shape: Shape, at: Place) {
    let rows = model.logs.page(at, usize::from(area.height), shape);
    let words: Vec<&str> = model.logs.filter.words(&["target", "text"]).collect();
    for (number, row) in (0..area.height).zip(rows) {
        line::draw(model, canvas, canvas.row(area, number), shape, &row, &words);
    }
}

/// What is followed, and what of it is shown.
fn state(model: &Model) -> Vec<(Tone, String)> {
    let logs = &model.logs;
    let mut parts = vec![following(model)];
    let level = logs.level.map_or_else(
        || "all levels".to_owned(),
        |level| match level {
            LogLevel::Error => "error".to_owned(),
            level => format!("{} and above", level.as_str()),
        },
    );
    parts.push((Tone::Plain, level));
    if let Some(session) = &logs.session {
        parts.push((Tone::Warn, format!("only about {}", session_name(model, session))));
    }
    if logs.count() > 0 || logs.is_followed {
        parts.push((Tone::Plain, count(logs)));
    }
    if !logs.filter.is_empty() {
        parts.push((Tone::Warn, format!("filter {}", logs.filter.text)));
    }
    if logs.missed > 0 {
        let missed = words::counted(logs.missed, "line", "lines");
        parts.push((Tone::Warn, format!("{missed} missed")));
    }
    if logs.wrap {
        parts.push((Tone::Plain, "wrapped".to_owned()));
    }
    parts
}

fn following(model: &Model) -> (Tone, String) {
    let logs = &model.logs;
    if logs.is_asked_anew() && logs.is_followed {
        return (Tone::Busy, "asked for these; shown are those of before".to_owned());
    }
    if logs.held.is_some() {
        return (Tone::Warn, if model.frozen.is_some() { "frozen" } else { "held" }.to_owned());
    }
    match logs.is_followed {
        true => (Tone::Good, "following".to_owned()),
        false => (Tone::Warn, "not followed".to_owned()),
    }
}

fn count(logs: &Logs) -> String {
    if logs.filter.is_empty() {
        return words::counted(logs.count() as u64, "line", "lines");
    }
    format!("{} of {} lines", logs.shown(), logs.count())
}

/// A session's client as people call it, with the end of its id, which tells it from others.
fn session_name(model: &Model, session: &str) -> String {
    let end: String = session.chars().skip(session.chars().count().saturating_sub(6)).collect();
    let known = model.seen.iter().flat_map(|seen| &seen.view.sessions).find(|known| known.client == session);
    match known.and_then(|known| known.name.as_deref()) {
        Some(name) => format!("{name} {end}"),
        None => end,
    }
}

/// Whether there is something to say below the lines.
fn has_foot(model: &Model) -> bool {
    model.logs.ended.is_some() || model.logs.held.is_some() || !model.link.is_live()
}

/// What stands below the lines: that others came, or that no more come.
fn foot(model: &Model, at: Option<Place>) -> Option<(Tone, String)> {
    let logs = &model.logs;
    if let Some(why) = &logs.ended {
        let again = facts::hint(model, ActionId::Refresh, "asks again");
        return Some((Tone::Warn, format!("the log has ended: {why}{again}")));
    }
    if !model.link.is_live() && logs.count() > 0 {
        return Some((Tone::Warn, "no connection: lines that came since are not here".to_owned()));
    }
    logs.held?;
    let (tone, what) = match logs.new_below(at?) {
        0 => (Tone::Dim, "nothing new below".to_owned()),
        new => (Tone::Busy, format!("{new} new below")),
    };
    let action = if model.frozen.is_some() { ActionId::Freeze } else { ActionId::Follow };
    Some((tone, format!("{what}{}", facts::hint(model, action, "follows"))))
}

/// Why there is no line.
fn empty(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let logs = &model.logs;
    let is_asked = logs.is_followed || logs.ended.is_some();
    let (symbol, why) = if logs.count() > 0 {
        let count = words::counted(logs.count() as u64, "line", "lines");
        let end = facts::hint(model, ActionId::Back, "ends it");
        (Symbol::NotApplicable, format!("The filter hides all {count}{end}."))
    } else if is_asked && model.link.is_live() {
        (Symbol::NotApplicable, "No line has come yet.".to_owned())
    } else {
        (Symbol::Unknown, absent::why(model, Operation::ViewLogs))
    };
    let at = canvas.put(area, &format!("  {} ", canvas.look().symbols.of(symbol)), Tone::Dim);
    text::wrapped(canvas, Rect { height: area.height, ..at }, &why, Tone::Plain);
}

/// The sign and the time of a line: the date instead for one of another day.
fn time(at: &str, cells: u16, model: &Model) -> String {
    let Ok(at) = at.parse::<jiff::Timestamp>() else { return String::new() };
    let zone: &TimeZone = &model.settings.zone;
    let there = at.to_zoned(zone.clone());
    let is_today = there.date() == model.now.wall.to_zoned(zone.clone()).date();
    let format = match (is_today, cells) {
        (true, 12..) => "%H:%M:%S%.3f",
        (true, _) => "%H:%M:%S",
        (false, 12..) => "%m-%d %H:%M",
        (false, _) => "%m-%d",
    };
    there.strftime(format).to_string()
}

/// A level by its word.
fn level(level: Option<LogLevel>) -> (Tone, &'static str) {
    match level {
        Some(LogLevel::Trace) => (Tone::Dim, "TRACE"),
        Some(LogLevel::Debug) => (Tone::Dim, "DEBUG"),
        Some(LogLevel::Info) => (Tone::Plain, "INFO"),
        Some(LogLevel::Warn) => (Tone::Warn, "WARN"),
        Some(LogLevel::Error) => (Tone::Bad, "ERROR"),
        None => (Tone::Dim, ""),
    }
}

/// A sign for lines that are missing.
const MISSING: Symbol = Symbol::More;

#[cfg(test)]
mod tests;

//! The configuration in force: every key with its value, where that comes from, and
//! what waits to hold.

use ratatui::layout::Rect;
use task_orchestrator_shared::admin::config::ConfigEntry;
use task_orchestrator_shared::role::Operation;

use super::facts;
use super::layout::Layout;
use crate::action::ActionId;
use crate::model::known::Fetched;
use crate::model::rows::{
    self,
    config::{Config, is_changed, needs},
};
use crate::model::{Model, absent};
use crate::theme::Tone;
use crate::widgets::rich::Fact;
use crate::widgets::{Canvas, Table};

/// Rows below the list, with their title.
const fn rows_below(layout: Layout) -> u16 {
    match layout {
        Layout::Full | Layout::Usual => 5,
        Layout::Small | Layout::Line => 0,
    }
}

/// Draws the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) {
    let known = model.config.held().map(|held| (Config(&held.value), model.freshness_of(held)));
    let has_any = known.as_ref().is_some_and(|(rows, _)| !rows.0.is_empty());
    let [top, rest] = canvas.split_top(area, u16::from(known.is_some()));
    if let Some((rows, freshness)) = &known {
        facts::parts(canvas, top, &summary(model, rows.0));
        if !freshness.is_live() {
            canvas.fade(top);
        }
    }
    let below = if model.is_open { rest.height } else { rows_below(layout) };
    let [list, below] = canvas.split_bottom(rest, if has_any { below } else { 0 });
    let why = match &model.config {
        Fetched::Failed(why) => format!("Not known: {why}"),
        _ => absent::why(model, Operation::ViewConfig),
    };
    let table = Table {
        title: "Configuration",
        rows: known.as_ref().map(|(rows, freshness)| (rows as _, *freshness)),
        absent: &why,
        nothing: "The server has no keys.",
    };
    let chosen = table.draw(model, canvas, list);
    let Some((rows, freshness)) = known else { return };
    let Some(entry) = chosen.and_then(|chosen| rows.0.get(chosen)) else { return };
    facts::below(model, canvas, below, &entry.key, &details(model, entry), freshness);
}

/// How many lines the details of the chosen key have where they stand alone.
pub(super) fn detail_lines(model: &Model) -> usize {
    let entries = model.config.value().map(Vec::as_slice).unwrap_or_default();
    let entry = rows::chosen(model, &Config(entries)).and_then(|row| entries.get(row));
    entry.map_or(0, |entry| facts::divided(&details(model, entry), model.size.0).len())
}

/// How much of it somebody has said, and what waits.
fn summary(model: &Model, entries: &[ConfigEntry]) -> Vec<(Tone, String)> {
    let changed = entries.iter().filter(|entry| is_changed(entry)).count();
    let mut parts = vec![
        (Tone::Plain, format!("{} keys", entries.len())),
        (Tone::Plain, format!("{changed} not the default")),
    ];
    let waiting = entries.iter().filter(|entry| entry.pending.is_some()).count();
    parts.push(match waiting {
        0 => (Tone::Good, "all in force".to_owned()),
        waiting => {
            let reload = facts::hint(model, ActionId::Reload, "reads it again");
            (Tone::Warn, format!("{waiting} not in force yet{reload}"))
        }
    });
    parts
}

fn details(model: &Model, entry: &ConfigEntry) -> Vec<Fact> {
    let from = if is_changed(entry) { entry.source.clone() } else { "default: nobody has said".to_owned() };
    let mut details = vec![Fact::of("value", entry.value.clone()).toned(Tone::Title), Fact::of("from", from)];
    if let Some(pending) = &entry.pending {
        details.push(Fact::of("to come", pending.clone()).toned(Tone::Warn));
    }
    let what = match needs(entry) {
        None => return with(details, Fact::of("needs", "nothing: it is in force")),
        Some("reload") => {
            let reload = facts::hint(model, ActionId::Reload, "does that");
            format!("the configuration to be read again{reload}")
        }
        Some("restart") => "a reload, then a restart of the worker".to_owned(),
        Some("stop") => "the server to be stopped and started".to_owned(),
        Some(_) => "a reload at least: that tells what more".to_owned(),
    };
    with(details, Fact::of("needs", what).toned(Tone::Warn))
}

fn with(mut facts: Vec<Fact>, last: Fact) -> Vec<Fact> {
    facts.push(last);
    facts
}

#[cfg(test)]
mod tests;

//! The configuration in force: every key with its value, where that comes from, and
//! what waits to hold.

use ratatui::layout::Rect;
use task_orchestrator_shared::admin::config::ConfigEntry;
use task_orchestrator_shared::role::Operation;

use super::facts;
use super::layout::Layout;
use crate::action::ActionId;
use crate::model::known::Fetched;
use crate::model::rows::config::{Config, is_changed, needs};
use crate::model::{Model, absent};
use crate::theme::Tone;
use crate::widgets::{Canvas, Table};

/// Rows that the details have below the list.
const DETAIL: u16 = 6;

/// Draws the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) {
    let known = model.config.held().map(|held| (Config(&held.value), model.freshness_of(held)));
    let [top, rest] = canvas.split_top(area, u16::from(known.is_some()));
    if let Some((rows, _)) = &known {
        facts::parts(canvas, top, &summary(model, rows.0));
    }
    let detail = match layout {
        Layout::Small if model.is_open => rest.height,
        Layout::Small | Layout::Line => 0,
        Layout::Full | Layout::Usual => DETAIL,
    };
    let [list, below] = canvas.split_bottom(rest, detail);
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
    if let (Some((rows, freshness)), Some(chosen)) = (&known, chosen)
        && let Some(entry) = rows.0.get(chosen)
    {
        let within = canvas.frame(below, &entry.key, Tone::Title);
        facts::draw(canvas, within, &details(model, entry), model.is_open);
        if !freshness.is_live() {
            canvas.fade(within);
        }
    }
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

fn details<'a>(model: &Model, entry: &ConfigEntry) -> Vec<facts::Fact<'a>> {
    let from = if is_changed(entry) { entry.source.clone() } else { "default: nobody has said".to_owned() };
    let mut details = vec![("value", Tone::Title, entry.value.clone()), ("from", Tone::Plain, from)];
    if let Some(pending) = &entry.pending {
        details.push(("to come", Tone::Warn, pending.clone()));
    }
    details.push(match needs(entry) {
        None => ("needs", Tone::Plain, "nothing: it is in force".to_owned()),
        Some("reload") => {
            let reload = facts::hint(model, ActionId::Reload, "does that");
            ("needs", Tone::Warn, format!("the configuration to be read again{reload}"))
        }
        Some("restart") => ("needs", Tone::Warn, "a reload, then a restart of the worker".to_owned()),
        Some("stop") => ("needs", Tone::Warn, "the server to be stopped and started".to_owned()),
        Some(_) => ("needs", Tone::Warn, "a reload at least: that tells what more".to_owned()),
    });
    details
}

#[cfg(test)]
mod tests;

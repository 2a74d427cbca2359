//! Snapshots and backups: what there is, whether it is good, and what rotation does
//! with it.

use ratatui::layout::Rect;
use task_orchestrator_shared::admin::backup::{Backup, Due};
use task_orchestrator_shared::admin::view::{Limits, View};
use task_orchestrator_shared::role::Operation;

use super::facts;
use super::layout::Layout;
use crate::action::ActionId;
use crate::model::rows::{
    self,
    backups::{Backups, form},
};
use crate::model::{Model, absent, words};
use crate::theme::Tone;
use crate::widgets::rich::Fact;
use crate::widgets::{Canvas, Table};

/// Rows below the list, with their title.
const fn rows_below(layout: Layout) -> u16 {
    match layout {
        Layout::Full | Layout::Usual => 8,
        Layout::Small | Layout::Line => 0,
    }
}

/// Draws the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) {
    let known = model.view().and_then(|(view, freshness)| {
        let backups = view.backups.as_deref()?;
        Some((view, Backups(backups), freshness))
    });
    let has_any = known.as_ref().is_some_and(|(_, backups, _)| !backups.0.is_empty());
    let head = u16::from(known.is_some()) * if layout == Layout::Small { 1 } else { 2 };
    let [top, rest] = canvas.split_top(area, head);
    if let Some((view, backups, _)) = &known {
        summary(model, canvas, top, view, backups.0);
    }
    if known.as_ref().is_some_and(|(_, _, freshness)| !freshness.is_live()) {
        canvas.fade(top);
    }
    let below = if model.is_open { rest.height } else { rows_below(layout) };
    let [list, below] = canvas.split_bottom(rest, if has_any { below } else { 0 });
    let table = Table {
        title: "State",
        rows: known.as_ref().map(|(_, rows, freshness)| (rows as _, *freshness)),
        absent: &absent::why(model, Operation::ViewBackups),
        nothing: "There is no snapshot yet: the next restart takes one.",
    };
    let chosen = table.draw(model, canvas, list);
    let Some((view, backups, freshness)) = known else { return };
    let Some(backup) = chosen.and_then(|chosen| backups.0.get(chosen)) else { return };
    facts::below(model, canvas, below, &backup.name, &details(model, view, backup), freshness);
}

/// How many lines the details of the chosen file have where they stand alone.
pub(super) fn detail_lines(model: &Model) -> usize {
    let Some((view, _)) = model.view() else { return 0 };
    let backups = view.backups.as_deref().unwrap_or_default();
    let backup = rows::chosen(model, &Backups(backups)).and_then(|row| backups.get(row));
    backup.map_or(0, |backup| facts::divided(&details(model, view, backup), model.size.0).len())
}

/// How many there are, of how many, and what the next rotation does.
fn summary(model: &Model, canvas: &mut Canvas<'_>, area: Rect, view: &View, backups: &[Backup]) {
    let [first, second] = canvas.split_top(area, 1);
    let limits = &view.limits;
    let bytes = backups.iter().map(|backup| backup.size_bytes).sum();
    let mut parts: Vec<(Tone, String)> = [("snapshot", "snapshots"), ("database", "database backups")]
        .map(|(kind, name)| kept(backups, kind, name, limits.backups))
        .into();
    parts.push((Tone::Plain, words::bytes(bytes)));
    parts.push(checked(backups));
    facts::parts(canvas, first, &parts);
    facts::parts(canvas, second, &next(model, limits, backups));
}

/// How many of one kind there are, of how many that are kept. The present snapshot is
/// none of those that are counted.
fn kept(backups: &[Backup], kind: &str, name: &str, most: u64) -> (Tone, String) {
    let older = |backup: &&Backup| backup.kind == kind && backup.name != CURRENT;
    let count = backups.iter().filter(older).count() as u64;
    let tone = if count > most { Tone::Warn } else { Tone::Plain };
    (tone, format!("{count} of {most} {name}"))
}

/// The snapshot that the next worker would be restored from.
const CURRENT: &str = "current_state.json";

fn checked(backups: &[Backup]) -> (Tone, String) {
    let bad = backups.iter().filter(|backup| backup.verified == Some(false)).count();
    let unknown = backups.iter().filter(|backup| backup.verified.is_none()).count();
    match (bad, unknown) {
        (0, 0) => (Tone::Good, "all verified".to_owned()),
        (0, unknown) => (Tone::Plain, format!("{unknown} not looked at")),
        (bad, _) => (Tone::Bad, format!("{bad} NOT GOOD")),
    }
}

fn next(model: &Model, limits: &Limits, backups: &[Backup]) -> Vec<(Tone, String)> {
    let due = |due| backups.iter().filter(|backup| backup.due == Some(due)).count();
    let (remove, compress) = (due(Due::Remove), due(Due::Compress));
    let when = limits.next_rotation.as_deref().and_then(|at| facts::time(model, at));
    let what = match (remove, compress) {
        (0, 0) => "nothing to do".to_owned(),
        (remove, compress) => format!("removes {remove}, compresses {compress}"),
    };
    let tone = if remove > 0 { Tone::Warn } else { Tone::Plain };
    let next = match when {
        Some(when) => format!("next rotation {when}: {what}"),
        None => format!("next rotation: {what}"),
    };
    let ages = format!(
        "compressed after {}, removed after {}",
        facts::age(limits.backups_compress_after_seconds),
        facts::age(limits.backups_remove_after_seconds)
    );
    vec![(tone, next), (Tone::Dim, ages)]
}

fn details(model: &Model, view: &View, backup: &Backup) -> Vec<Fact> {
    let symbols = model.settings.look.symbols;
    let kind = match backup.kind.as_str() {
        "snapshot" => "snapshot: open work and sessions",
        "database" => "database: everything",
        other => other,
    };
    let read = |what| facts::hint(model, ActionId::Verify, what);
    let (tone, good) = match backup.verified {
        Some(true) => (Tone::Good, "yes: it was read from end to end".to_owned()),
        Some(false) => (Tone::Bad, format!("NO{}", read("tells what is wrong with it"))),
        None => (Tone::Plain, format!("not looked at yet{}", read("reads it from end to end"))),
    };
    vec![
        Fact::of("kind", kind),
        Fact::known("taken", facts::time(model, &backup.taken_at), symbols),
        Fact::known("generation", generation(view, backup), symbols),
        Fact::of("size", format!("{}, {}", words::bytes(backup.size_bytes), form(backup))),
        Fact::of("good", good).toned(tone),
        Fact::of("rotation", rotation(model, backup)).toned(rotation_tone(backup)),
        Fact::of("marked", compared(model)),
    ]
}

fn generation(view: &View, backup: &Backup) -> Option<String> {
    let generation = backup.generation?;
    let serves = if generation == view.server.generation { ", the one that serves" } else { "" };
    Some(format!("{generation}{serves}"))
}

fn rotation_tone(backup: &Backup) -> Tone {
    match backup.due {
        Some(Due::Remove) => Tone::Warn,
        Some(Due::Compress) => Tone::Busy,
        None => Tone::Plain,
    }
}

/// What becomes of it, and when.
fn rotation(model: &Model, backup: &Backup) -> String {
    let next = match backup.due {
        Some(Due::Remove) => "the next rotation REMOVES it",
        Some(Due::Compress) => "the next rotation compresses it",
        None => "the next rotation keeps it",
    };
    if backup.pinned {
        return format!("{next}; it is pinned: nothing removes it, whatever its age");
    }
    match backup.remove_at.as_deref().and_then(|at| facts::time(model, at)) {
        Some(at) => format!("{next}; its age removes it after {at}"),
        None => format!("{next}; its age does not remove it"),
    }
}

/// What a comparison would compare.
fn compared(model: &Model) -> String {
    let list = model.lists.get(&crate::screen::Screen::State);
    let marked = list.map(|list| list.marked.as_slice()).unwrap_or_default();
    match marked {
        [one, other] => format!("{one}, {other}{}", facts::hint(model, ActionId::Compare, "compares them")),
        [one] => format!("{one}{}", facts::hint(model, ActionId::Mark, "marks a second one")),
        _ => format!("none{}", facts::hint(model, ActionId::Compare, "compares it with the database")),
    }
}

#[cfg(test)]
mod tests;

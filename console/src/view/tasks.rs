//! The work in the database: sessions and plans as a tree with progress, and the long
//! calls that have a checkpoint. Nothing is changed from here.

use ratatui::layout::Rect;
use task_orchestrator_shared::admin::tasks::{TaskCounts, TaskRow, TaskTree};
use task_orchestrator_shared::role::Operation;

use super::layout::Layout;
use crate::model::known::{Fetched, Freshness, Held};
use crate::model::rows::{
    self,
    tasks::{Tasks, kind, tone},
};
use crate::model::value::Value;
use crate::model::{Model, absent, words};
use crate::symbols::Symbol;
use crate::theme::Tone;
use crate::widgets::rich::{self, Fact, Line, facts, line};
use crate::widgets::table::sign_of;
use crate::widgets::{Canvas, Table};

/// Rows below the tree, with their titles.
const fn rows_below(layout: Layout) -> u16 {
    match layout {
        Layout::Full => 10,
        Layout::Usual => 7,
        Layout::Small | Layout::Line => 0,
    }
}

/// Draws the screen.
pub(super) fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect, layout: Layout) {
    let held = model.tasks.held();
    let fresh = held.map(|held| (held, model.freshness_of(held)));
    let is_filtered = !model.list().filter.is_empty();
    let rows = held.map(|held| Tasks::of(&held.value, &model.closed, is_filtered));
    let table = Table {
        title: "Tasks",
        rows: rows.as_ref().zip(fresh).map(|(rows, (_, freshness))| (rows as _, freshness)),
        absent: &why_not(model),
        nothing: "There is no work in the database: no session, no plan, no task.",
    };
    let row = |chosen: Option<usize>| chosen.and_then(|row| rows.as_ref().and_then(|rows| rows.get(row)));
    let is_alone = model.is_open && row(rows.as_ref().and_then(|rows| rows::chosen(model, rows))).is_some();
    let [top, rest] = canvas.split_top(area, u16::from(held.is_some()));
    let below = match held {
        Some(_) if is_alone => rest.height,
        Some(_) => rows_below(layout),
        None => 0,
    };
    let [list, below] = canvas.split_bottom(rest, below);
    if let Some((held, freshness)) = fresh {
        counts(model, canvas, top, held, freshness);
    }
    let row = row(table.draw(model, canvas, list));
    let Some((held, freshness)) = fresh else { return };
    match row.filter(|_| is_alone) {
        Some(row) => alone(model, canvas, below, &held.value, row),
        None => beside(model, canvas, below, &held.value, row),
    }
    if !freshness.is_live() {
        canvas.fade(below);
    }
}

/// The chosen row in full, and below it the calls that have a checkpoint.
fn alone(model: &Model, canvas: &mut Canvas<'_>, area: Rect, tree: &TaskTree, row: &TaskRow) {
    let below = rich::ruled(canvas, area, kind(row.kind));
    let lines = in_full(model, canvas, tree, row);
    let top = super::top_of(model, canvas, below, lines.len());
    rich::lines(canvas, below, &lines, top);
}

fn in_full(model: &Model, canvas: &Canvas<'_>, tree: &TaskTree, row: &TaskRow) -> Vec<Line> {
    let mut lines = of_row(model, canvas, row);
    lines.push(line(Tone::Title, checkpoints(tree)));
    lines.extend(suspended(model, canvas, tree));
    lines
}

/// How many lines the details of the chosen row have when they stand alone.
pub(super) fn detail_lines(model: &Model, canvas: &Canvas<'_>) -> usize {
    let Some(tree) = model.tasks.value() else { return 0 };
    let rows = Tasks::of(tree, &model.closed, !model.list().filter.is_empty());
    let row = rows::chosen(model, &rows).and_then(|row| rows.get(row));
    row.map_or(0, |row| in_full(model, canvas, tree, row).len())
}

fn checkpoints(tree: &TaskTree) -> String {
    words::counted(tree.suspended.len() as u64, "call with a checkpoint", "calls with a checkpoint")
}

fn why_not(model: &Model) -> String {
    match &model.tasks {
        Fetched::Failed(why) => format!("Not known: {why}"),
        _ => absent::why(model, Operation::ViewTasks),
    }
}

/// Every task by its status, and when that was so.
fn counts(model: &Model, canvas: &mut Canvas<'_>, area: Rect, held: &Held<TaskTree>, freshness: Freshness) {
    let time = words::time(held.at.wall, model.now.wall, &model.settings.zone);
    // Of what is old the table says it.
    let area =
        if freshness.is_live() { canvas.put_right(area, &format!(" as of {time}"), Tone::Dim) } else { area };
    let TaskCounts { pending, active, blocked, suspended, completed, failed, cancelled, archived } =
        held.value.counts;
    let mut left = area;
    for (count, status) in [
        (active, "active"),
        (pending, "pending"),
        (blocked, "blocked"),
        (suspended, "suspended"),
        (failed, "failed"),
        (completed, "completed"),
        (cancelled, "cancelled"),
        (archived, "archived"),
    ] {
        let tone = if count == 0 { Tone::Plain } else { tone(status) };
        let sign = sign_of(tone).map_or("", |sign| canvas.look().symbols.of(sign));
        left = canvas.put(
            left,
            &format!("{sign}{}{count} {status}  ", if sign.is_empty() { "" } else { " " }),
            tone,
        );
    }
    if held.value.left_out > 0 {
        canvas.put(left, &format!("{} not listed", held.value.left_out), Tone::Warn);
    }
}

/// The chosen row in full, and beside it the calls that have a checkpoint.
fn beside(model: &Model, canvas: &mut Canvas<'_>, area: Rect, tree: &TaskTree, row: Option<&TaskRow>) {
    if area.is_empty() {
        return;
    }
    let area = rich::ruled(canvas, area, row.map_or("", |row| kind(row.kind)));
    let [left, right] = canvas.split_left(area, area.width / 2);
    let [left, _] = canvas.split_left(left, left.width.saturating_sub(1));
    if let Some(row) = row {
        rich::lines(canvas, left, &of_row(model, canvas, row), 0);
    }
    let [title, right] = canvas.split_top(right, 1);
    canvas.put(title, &checkpoints(tree), Tone::Title);
    rich::lines(canvas, right, &suspended(model, canvas, tree), 0);
}

fn of_row(model: &Model, canvas: &Canvas<'_>, row: &TaskRow) -> Vec<Line> {
    let symbols = canvas.look().symbols;
    let none = symbols.of(Symbol::NotApplicable);
    let tone = tone(&row.status);
    let sign = sign_of(tone).map_or(String::new(), |sign| format!("{} ", symbols.of(sign)));
    let or_none = |text: &str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
    let mut lines = facts(&[
        Fact::of("title", or_none(&row.title)),
        Fact::of("status", format!("{sign}{}", or_none(&row.status))).toned(tone),
        Fact::of("specialist", row.specialist.as_deref().unwrap_or(none)),
        Fact::of("changed", moment(model, canvas, &row.updated_at)),
        Fact::of("id", or_none(&row.id)),
        Fact::of("waits for", row.waits_for.first().map_or(none, String::as_str)),
    ]);
    let others = row.waits_for.iter().skip(1);
    lines.extend(others.map(|title| line(Tone::Plain, format!("            {title}"))));
    lines
}

fn suspended(model: &Model, canvas: &Canvas<'_>, tree: &TaskTree) -> Vec<Line> {
    if tree.suspended.is_empty() {
        return vec![line(Tone::Plain, "No call has one at present.")];
    }
    let of_call = |call: &task_orchestrator_shared::admin::tasks::SuspendedCall| {
        vec![
            (Tone::Dim, format!("{} ", moment(model, canvas, &call.at))),
            (Tone::Plain, call.tool.clone()),
            (Tone::Dim, format!(": {}", call.checkpoint)),
        ]
    };
    tree.suspended.iter().map(of_call).collect()
}

fn moment(model: &Model, canvas: &Canvas<'_>, at: &str) -> String {
    match Value::time(at) {
        Value::Time(at) => words::time(at, model.now.wall, &model.settings.zone),
        _ => canvas.look().symbols.of(Symbol::Unknown).to_owned(),
    }
}

#[cfg(test)]
mod tests;

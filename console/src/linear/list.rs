//! A list as numbered rows, a page at a time, from the same rows that are drawn.

use super::text::{self, WIDTH, wrapped};
use crate::model::known::{Fetched, Freshness};
use crate::model::list::ListState;
use crate::model::rows::{self, Column, Rows, arranged};
use crate::model::value::Value;
use crate::model::{Model, words};
use crate::screen::Screen;
use task_orchestrator_shared::role::{Operation, Role};

/// Most rows or lines that are printed at once.
pub(super) const PAGE: usize = 20;

/// Rows that were printed.
#[derive(Debug, Default)]
pub(super) struct Printed {
    /// In lines.
    pub(super) lines: Vec<String>,
    /// Their keys, in their order.
    pub(super) keys: Vec<String>,
    /// Whether there are more.
    pub(super) more: bool,
}

/// A page of the screen's list from this row on.
pub(super) fn page(model: &Model, from: usize) -> Printed {
    let list = model.list();
    let Some(rows) = rows::of(model) else {
        return Printed { lines: wrapped(&absent(model)), ..Printed::default() };
    };
    let order = arranged(&*rows, &list);
    let mut printed = Printed { more: order.len() > from + PAGE, ..Printed::default() };
    if from == 0 {
        printed.lines.extend(wrapped(&heading(model, &*rows, order.len(), &list)));
    }
    for (at, row) in order.iter().enumerate().skip(from).take(PAGE) {
        let key = rows.key(*row).into_owned();
        printed.lines.extend(wrapped(&line(model, &*rows, *row, at + 1, &list, &key)));
        printed.keys.push(key);
    }
    if printed.more {
        let left = order.len() - from - printed.keys.len();
        printed.lines.push(format!("{}: type more.", words::counted(left as u64, "more row", "more rows")));
    }
    printed
}

fn heading(model: &Model, rows: &dyn Rows, shown: usize, list: &ListState) -> String {
    let count = rows.count();
    let mut heading = format!("{}: {}", model.screen.title(), words::counted(shown as u64, "row", "rows"));
    if shown != count {
        heading.push_str(&format!(
            " of {count}; the filter /{} hides the others, / alone shows all",
            list.filter.text
        ));
    } else if count == 0 {
        heading = format!("{}: there are none", model.screen.title());
    }
    if let Some((id, direction)) = list.sort {
        let which = if direction == crate::model::list::Direction::Down { "most" } else { "least" };
        heading.push_str(&format!("; sorted by {id}, the {which} first"));
    }
    format!("{heading}.")
}

/// Why there is nothing to list.
fn absent(model: &Model) -> String {
    let title = model.screen.title();
    if let Some(why) = denied(model) {
        return format!("{title}: {why}.");
    }
    let failed = match model.screen {
        Screen::Tasks => failure(&model.tasks),
        Screen::Configuration => failure(&model.config),
        _ => None,
    };
    match failed {
        Some(why) => format!("{title}: {why}"),
        None => format!("{title}: nothing is known yet."),
    }
}

fn failure<T>(fetched: &Fetched<T>) -> Option<&str> {
    match fetched {
        Fetched::Failed(why) => Some(why),
        _ => None,
    }
}

/// Why this role may not see the screen.
pub(super) fn denied(model: &Model) -> Option<String> {
    let operation = match model.screen {
        Screen::Overview | Screen::Connections => Operation::View,
        Screen::Restarts => Operation::RestartStatus,
        Screen::State => Operation::ViewBackups,
        Screen::Tasks => Operation::ViewTasks,
        Screen::DeadLetters => Operation::ViewDeadLetters,
        Screen::Logs => Operation::ViewLogs,
        Screen::Audit => Operation::ViewAudit,
        Screen::Configuration => Operation::ViewConfig,
    };
    let you = &model.link.welcome()?.you;
    (!you.may.contains(&operation))
        .then(|| format!("you are {} and this needs {}", you.role, Role::least_for(operation)))
}

/// As of when the screen is, where it is not as it is now.
pub(super) fn stale(model: &Model) -> Option<String> {
    let freshness = match model.screen {
        Screen::Tasks => model.tasks.held().map(|held| model.freshness_of(held)),
        Screen::Configuration => model.config.held().map(|held| model.freshness_of(held)),
        _ => model.view().map(|(_, freshness)| freshness),
    };
    match freshness? {
        Freshness::Live => None,
        Freshness::Stale(at) => Some(format!(
            "What follows is old: it was so at {}, and the link is {} now.",
            text::moment(at, model),
            model.link.name()
        )),
    }
}

/// One row: its number, the first column, and as many others, each with its title, as
/// fit on a line; those of the least weight are left to the details.
fn line(model: &Model, rows: &dyn Rows, row: usize, number: usize, list: &ListState, key: &str) -> String {
    let columns = rows.columns();
    let cells: Vec<(u8, usize, String)> = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| !list.hidden.contains(column.id))
        // What does not apply to it is said in its details only.
        .filter(|(at, _)| *at == 0 || rows.value(row, *at) != Value::NotApplicable)
        .map(|(at, column)| (column.priority, at, cell(model, rows, row, at, column)))
        .collect();
    let mut marks = String::new();
    if list.chosen.as_deref() == Some(key) {
        marks.push_str(", chosen");
    }
    if list.marked.iter().any(|marked| marked == key) {
        marks.push_str(", marked");
    }
    let branch = rows.branch(row);
    if branch.is_some_and(|branch| branch.is_open == Some(false)) {
        marks.push_str(", closed");
    }
    // How far it stands below others is also to be seen, where somebody sees.
    let start = format!("{number} {}", "  ".repeat(branch.map_or(0, |branch| usize::from(branch.depth))));
    let mut by_weight: Vec<&(u8, usize, String)> = cells.iter().collect();
    by_weight.sort_by_key(|(priority, at, _)| (*priority, *at));
    let mut width = start.len() + marks.len();
    let mut fitting: Vec<usize> = Vec::new();
    for (_, at, cell) in by_weight {
        width += cell.chars().count() + 2;
        if width > WIDTH && !fitting.is_empty() {
            break;
        }
        fitting.push(*at);
    }
    let shown: Vec<&str> =
        cells.iter().filter(|(_, at, _)| fitting.contains(at)).map(|(.., cell)| cell.as_str()).collect();
    format!("{start}{}{marks}", shown.join(", "))
}

fn cell(model: &Model, rows: &dyn Rows, row: usize, at: usize, column: &Column) -> String {
    let value = rows.value(row, at);
    let words = text::value(&value, model);
    match value {
        // What it is called, and how it is, need no title.
        _ if at == 0 => words.trim().to_owned(),
        Value::State(..) => words,
        // Titles are short for a table; the names for filters are whole words.
        _ => format!("{} {words}", column.id.replace('-', " ")),
    }
}

/// Every column of a row with its title; nothing when it is not there any more.
pub(super) fn facts(model: &Model, key: &str) -> Option<Vec<String>> {
    let rows = rows::of(model)?;
    let row = (0..rows.count()).find(|row| rows.key(*row) == key)?;
    let facts = rows.columns().iter().enumerate().flat_map(|(at, column)| {
        wrapped(&text::fact(&column.id.replace('-', " "), text::value(&rows.value(row, at), model).trim()))
    });
    Some(facts.collect())
}

/// Whether the row is there.
pub(super) fn has(model: &Model, key: &str) -> bool {
    rows::of(model).is_some_and(|rows| (0..rows.count()).any(|row| rows.key(row) == key))
}

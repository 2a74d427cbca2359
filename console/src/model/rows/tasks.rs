//! The work in the database as a tree of rows. The key is the id of session, plan or task.

use std::borrow::Cow;
use std::collections::BTreeSet;

use task_orchestrator_shared::admin::tasks::{TaskRow, TaskRowKind, TaskTree};

use super::{Branch, Column, Rows, Width};
use crate::model::value::Value;
use crate::theme::Tone;

const fn column(id: &'static str, title: &'static str, width: Width, priority: u8) -> Column {
    Column { id, title, width, priority }
}

/// What is told of a row of the tree.
pub const COLUMNS: &[Column] = &[
    column("title", "title", Width::Least(16), 0),
    column("status", "status", Width::Fixed(11), 1),
    column("progress", "progress", Width::Fixed(18), 2),
    column("kind", "kind", Width::Fixed(7), 7),
    column("specialist", "specialist", Width::Fixed(11), 4),
    column("waits-for", "waits for", Width::Least(14), 3),
    column("changed", "changed", Width::Fixed(8), 5),
    column("id", "id", Width::Fixed(9), 6),
];

/// The tree as far as its branches are open.
#[derive(Debug)]
pub struct Tasks<'a> {
    shown: Vec<Shown<'a>>,
}

#[derive(Debug)]
struct Shown<'a> {
    row: &'a TaskRow,
    parent: Option<usize>,
    is_open: Option<bool>,
}

impl<'a> Tasks<'a> {
    /// The tree without what belongs to closed branches; with all of it while something
    /// is looked for, so that it is found wherever it is.
    pub fn of(tree: &'a TaskTree, closed: &BTreeSet<String>, is_filtered: bool) -> Self {
        let mut shown: Vec<Shown<'a>> = Vec::with_capacity(tree.rows.len());
        // Those that the next row may belong to, the nearest last, by their place.
        let mut above: Vec<usize> = Vec::new();
        let mut hidden_below: Option<u8> = None;
        for (at, row) in tree.rows.iter().enumerate() {
            if hidden_below.is_some_and(|depth| row.depth > depth) {
                continue;
            }
            hidden_below = None;
            while above
                .last()
                .and_then(|place| shown.get(*place))
                .is_some_and(|last| last.row.depth >= row.depth)
            {
                above.pop();
            }
            let is_branch = tree.rows.get(at + 1).is_some_and(|next| next.depth > row.depth);
            let is_closed = is_branch && !is_filtered && closed.contains(&row.id);
            if is_closed {
                hidden_below = Some(row.depth);
            }
            shown.push(Shown {
                row,
                parent: above.last().copied(),
                is_open: is_branch.then_some(!is_closed),
            });
            above.push(shown.len() - 1);
        }
        Self { shown }
    }

    /// A row of the tree.
    pub fn get(&self, row: usize) -> Option<&'a TaskRow> {
        self.shown.get(row).map(|shown| shown.row)
    }
}

/// How a status is to be read. One that is not known yet is as the server names it.
pub fn tone(status: &str) -> Tone {
    match status {
        "pending" => Tone::Dim,
        "active" => Tone::Busy,
        "blocked" | "suspended" => Tone::Warn,
        "completed" => Tone::Good,
        "failed" => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// What a row is, in a word.
pub fn kind(kind: TaskRowKind) -> &'static str {
    match kind {
        TaskRowKind::Session => "session",
        TaskRowKind::Plan => "plan",
        TaskRowKind::Task => "task",
    }
}

fn title(row: &TaskRow) -> &str {
    if row.title.is_empty() && row.id.is_empty() { "in no session" } else { &row.title }
}

fn progress(row: &TaskRow) -> Value<'_> {
    match (row.kind, row.total) {
        (_, Some(0)) | (TaskRowKind::Task, None) => Value::NotApplicable,
        (_, Some(total)) => Value::Part(row.done.unwrap_or(0), total),
        (TaskRowKind::Session | TaskRowKind::Plan, None) => Value::Unknown,
    }
}

impl Rows for Tasks<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.shown.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.get(row).map_or(Cow::Borrowed(""), |row| Cow::Borrowed(&row.id))
    }

    fn value(&self, row: usize, column: usize) -> Value<'_> {
        let (Some(row), Some(column)) = (self.get(row), COLUMNS.get(column)) else {
            return Value::NotApplicable;
        };
        match column.id {
            "title" => Value::text(title(row)),
            "status" if row.status.is_empty() => Value::NotApplicable,
            "status" => Value::State(Cow::Borrowed(&row.status), tone(&row.status)),
            "progress" => progress(row),
            "kind" => Value::text(kind(row.kind)),
            "specialist" => row.specialist.as_deref().map_or(Value::NotApplicable, Value::text),
            "waits-for" => match row.waits_for.as_slice() {
                [] => Value::NotApplicable,
                [one] => Value::text(one.as_str()),
                several => Value::text(several.join(", ")),
            },
            "changed" => Value::time(&row.updated_at),
            _ if row.id.is_empty() => Value::NotApplicable,
            _ => Value::Id(Cow::Borrowed(&row.id)),
        }
    }

    fn parent(&self, row: usize) -> Option<usize> {
        self.shown.get(row)?.parent
    }

    fn branch(&self, row: usize) -> Option<Branch> {
        let shown = self.shown.get(row)?;
        Some(Branch { depth: u16::from(shown.row.depth), is_open: shown.is_open })
    }

    fn tone(&self, row: usize) -> Tone {
        match self.get(row).map(|row| row.kind) {
            Some(TaskRowKind::Session) => Tone::Title,
            _ => Tone::Plain,
        }
    }
}

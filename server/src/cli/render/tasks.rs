//! The work as a tree, for people.

use std::io::{self, Write};

use task_orchestrator_shared::admin::tasks::{SuspendedCall, TaskCounts, TaskRow, TaskTree};

use super::text::{clean, count, shortened, table};
use crate::cli::screen::Paint;
use crate::cli::sessions_verb::short;

/// Longest title in a line, in characters.
const MAX_SHOWN: usize = 60;

/// Prints every row, each below what it is part of, then what is not listed.
pub(in crate::cli) fn tree(found: &TaskTree, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if found.rows.is_empty() {
        writeln!(out, "no work yet")?;
    } else {
        let titles = ["WORK", "STATUS", "DONE", "ROLE", "CHANGED", "ID", "WAITS FOR"];
        let mut rows = vec![titles.map(str::to_owned).to_vec()];
        rows.extend(found.rows.iter().map(row));
        table(out, paint, &rows)?;
        writeln!(out, "\n{}", counts(&found.counts))?;
    }
    if found.left_out > 0 {
        writeln!(out, "not listed: {}", count(found.left_out, "session or task", "sessions and tasks"))?;
    }
    suspended(&found.suspended, paint, out)
}

fn row(row: &TaskRow) -> Vec<String> {
    let done = match (row.done, row.total) {
        (Some(done), Some(total)) => format!("{done}/{total}"),
        _ => "-".to_owned(),
    };
    let or_none = |text: &str| if text.is_empty() { "-".to_owned() } else { clean(text) };
    let title = format!("{}{}", "  ".repeat(row.depth.into()), shortened(&clean(&row.title), MAX_SHOWN));
    vec![
        title,
        or_none(&row.status),
        done,
        or_none(row.specialist.as_deref().unwrap_or_default()),
        clean(&row.updated_at),
        or_none(&row.id),
        clean(&row.waits_for.join("; ")),
    ]
}

fn counts(counts: &TaskCounts) -> String {
    let TaskCounts { pending, active, blocked, suspended, completed, failed, cancelled, archived } = *counts;
    let all = [
        (active, "active"),
        (blocked, "blocked"),
        (suspended, "suspended"),
        (pending, "pending"),
        (completed, "completed"),
        (failed, "failed"),
        (cancelled, "cancelled"),
        (archived, "archived"),
    ];
    let there_are = all.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = there_are.map(|(number, status)| format!("{number} {status}")).collect();
    if parts.is_empty() { "no tasks".to_owned() } else { format!("tasks: {}", parts.join(", ")) }
}

fn suspended(calls: &[SuspendedCall], paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    if calls.is_empty() {
        return Ok(());
    }
    let mut rows = vec![["LONG CALL", "CLIENT", "CHECKPOINT OF", "HOW FAR"].map(str::to_owned).to_vec()];
    rows.extend(calls.iter().map(|call| {
        vec![clean(&call.tool), clean(&short(&call.client)), clean(&call.at), clean(&call.checkpoint)]
    }));
    writeln!(out)?;
    table(out, paint, &rows)
}

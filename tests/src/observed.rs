//! What is there at the end: through the program's own query, and past it in the database.

use std::path::Path;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::Client;
use crate::history::Row;

/// Every task as `orchestrator_query_tasks` tells it, page by page.
///
/// # Errors
///
/// When a call fails, a field is missing, or the pages do not add up to the total.
pub fn through_query(client: &Client) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let mut arguments = json!({"limit": 1000, "include_artifacts": true});
        if let (Value::String(_), Some(fields)) = (&cursor, arguments.as_object_mut()) {
            fields.insert("cursor".to_owned(), cursor.clone());
        }
        let page = client.call("orchestrator_query_tasks", arguments)?;
        let tasks = page.get("tasks").and_then(Value::as_array).context("tasks")?;
        rows.extend(tasks.iter().map(row).collect::<Result<Vec<_>>>()?);
        cursor = page.get("next_cursor").cloned().unwrap_or_default();
        if cursor.is_null() {
            let total = page.get("total_count").and_then(Value::as_u64).context("total_count")?;
            // Very many are not counted to the end, and the page says so.
            let exact = page.get("total_count_is_exact") != Some(&json!(false));
            if exact && usize::try_from(total)? != rows.len() {
                bail!("pages with {} tasks, total_count {total}", rows.len());
            }
            return Ok(rows);
        }
    }
}

fn row(task: &Value) -> Result<Row> {
    let text = |field: &str| task.get(field).and_then(Value::as_str).map(str::to_owned);
    let artifacts = task.get("artifacts").and_then(Value::as_array).map_or(0, Vec::len);
    Ok(Row {
        title: text("title").with_context(|| format!("no title: {task}"))?,
        status: text("status").with_context(|| format!("no status: {task}"))?,
        artifacts: u64::try_from(artifacts)?,
    })
}

/// The titles of all tasks, in the order in which they were created.
///
/// # Errors
///
/// When the database cannot be read.
pub fn titles_in_order(file: &Path) -> Result<Vec<String>> {
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = database.prepare("SELECT title FROM tasks ORDER BY seq")?;
    let titles = statement.query_map([], |row| row.get(0))?;
    Ok(titles.collect::<Result<Vec<_>, _>>()?)
}

/// Every task in the database file, opened read-only beside the running program.
///
/// # Errors
///
/// When it cannot be opened or is not sound.
pub fn in_database(file: &Path) -> Result<Vec<Row>> {
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let sound: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if sound != "ok" {
        bail!("integrity_check: {sound}");
    }
    let mut statement = database.prepare(
        "SELECT title, status, (SELECT count(*) FROM artifacts WHERE artifacts.task = tasks.seq) FROM tasks",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Row { title: row.get(0)?, status: row.get(1)?, artifacts: row.get::<_, u32>(2)?.into() })
    })?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

//! What the machine can do without the program.

use std::path::Path;
use std::process::Stdio;

use anyhow::Result;
use rusqlite::Connection;

use super::timed;
use crate::Workspace;
use crate::measure::Sample;

/// One row a transaction, WAL and synchronous=FULL, in the directory of the database.
///
/// # Errors
///
/// When SQLite fails.
pub fn durable_commits(directory: &Path, count: usize) -> Result<Sample> {
    let file = directory.join("control.db");
    let database = Connection::open(&file)?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL);",
    )?;
    let body = "d".repeat(500);
    let mut insert = database.prepare("INSERT INTO rows (title, body) VALUES (?1, ?2)")?;
    timed(count, |number| {
        insert.execute((format!("t{number}"), &body))?;
        Ok(())
    })
}

/// The program started and ended without doing anything.
///
/// # Errors
///
/// When it does not start.
pub fn process_starts(workspace: &Workspace, count: usize) -> Result<Sample> {
    timed(count, |_| {
        let mut command = std::process::Command::new(workspace.binary());
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        Ok(())
    })
}

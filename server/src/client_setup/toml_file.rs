//! Entries in TOML: a table `[mcp_servers.NAME]` each, edited in a tree that
//! keeps every character that is not the entry's own.

use std::path::Path;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::SetupError;
use super::entry::Launch;

const CONTAINER: &str = "mcp_servers";

pub(super) fn enter(path: &Path, text: &str, name: &str, launch: &Launch) -> Result<String, SetupError> {
    let mut document = parse(path, text)?;
    if found(&document, name).as_ref() == Some(launch) {
        return Ok(text.to_owned());
    }
    let servers = document.entry(CONTAINER).or_insert_with(|| {
        // Not written by itself: only its tables are.
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let inline = servers.is_inline_table();
    let servers = servers.as_table_like_mut().ok_or_else(|| shape(path, CONTAINER.to_owned()))?;
    match servers.get_mut(name) {
        Some(entry) => {
            let entry =
                entry.as_table_like_mut().ok_or_else(|| shape(path, format!("{CONTAINER}.{name}")))?;
            fill(entry, launch);
        }
        None if inline => {
            let mut entry = InlineTable::new();
            fill(&mut entry, launch);
            servers.insert(name, Item::Value(Value::InlineTable(entry)));
        }
        None => {
            let mut entry = Table::new();
            if !text.trim().is_empty() {
                entry.decor_mut().set_prefix("\n");
            }
            fill(&mut entry, launch);
            servers.insert(name, Item::Table(entry));
        }
    }
    Ok(document.to_string())
}

pub(super) fn remove(path: &Path, text: &str, name: &str) -> Result<String, SetupError> {
    let mut document = parse(path, text)?;
    let Some(servers) = document.get_mut(CONTAINER) else { return Ok(text.to_owned()) };
    let servers = servers.as_table_like_mut().ok_or_else(|| shape(path, CONTAINER.to_owned()))?;
    if servers.remove(name).is_none() {
        return Ok(text.to_owned());
    }
    Ok(document.to_string())
}

pub(super) fn find(path: &Path, text: &str, name: &str) -> Result<Option<Launch>, SetupError> {
    Ok(found(&parse(path, text)?, name))
}

fn parse(path: &Path, text: &str) -> Result<DocumentMut, SetupError> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        SetupError::Broken {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
            message: error.message().replace('\n', "; "),
        }
    })
}

/// Only what differs is written, so the form of the rest stays as it is.
fn fill(entry: &mut dyn TableLike, launch: &Launch) {
    let args: Array = launch.args.iter().map(String::as_str).collect();
    for (key, value) in [("command", Value::from(launch.command.as_str())), ("args", Value::Array(args))] {
        match entry.get_mut(key).and_then(Item::as_value_mut) {
            Some(old) => {
                let decor = old.decor().clone();
                *old = value;
                *old.decor_mut() = decor;
            }
            None => {
                entry.insert(key, Item::Value(value));
            }
        }
    }
}

fn found(document: &DocumentMut, name: &str) -> Option<Launch> {
    let entry = document.get(CONTAINER)?.as_table_like()?.get(name)?.as_table_like()?;
    let command = entry.get("command")?.as_str()?.to_owned();
    let args = entry.get("args")?.as_array()?;
    let args = args.iter().map(|arg| arg.as_str().map(str::to_owned)).collect::<Option<_>>()?;
    Some(Launch { command, args })
}

fn shape(path: &Path, key: String) -> SetupError {
    SetupError::Shape { path: path.to_owned(), key, expected: "a table" }
}

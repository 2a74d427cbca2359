//! `state list` and `state verify`.

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{age, check, find, mebibytes};
use crate::exit::Exit;
use crate::state::{self, Entry};
use crate::workspace::Workspace;

pub(super) fn list(
    workspace: &Workspace,
    verify: bool,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let mut rows = Vec::new();
    for entry in state::list(&workspace.server_state())? {
        let (taken, generation) = origin(workspace, &entry);
        let problem = verify.then(|| check(workspace, &entry).err().map(|error| error.to_string()));
        rows.push(Row { entry, taken, generation, problem });
    }
    if json {
        writeln!(out, "{}", Value::from_iter(rows.iter().map(Row::as_json)))?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        writeln!(out, "nothing yet in {}", workspace.server_state().display())?;
        return Ok(Exit::Done);
    }
    let width = rows.iter().map(|row| row.entry.name.len()).max().unwrap_or(0);
    writeln!(out, "{:width$}  kind      generation  {:>10}  {:>7}  state", "name", "size", "age")?;
    for row in &rows {
        row.print(width, out)?;
    }
    Ok(Exit::Done)
}

struct Row {
    entry: Entry,
    taken: Timestamp,
    generation: Option<u64>,
    /// Not looked at; nothing found; a problem.
    problem: Option<Option<String>>,
}

impl Row {
    fn as_json(&self) -> Value {
        json!({
            "name": self.entry.name,
            "kind": self.entry.kind.as_str(),
            "size_bytes": self.entry.size_bytes,
            "taken_at": self.taken,
            "generation": self.generation,
            "compressed": self.entry.parts.as_ref().is_some_and(|parts| parts.compressed),
            "verified": self.problem.as_ref().map(Option::is_none),
            "problem": self.problem.clone().flatten(),
        })
    }

    fn print(&self, width: usize, out: &mut dyn Write) -> std::io::Result<()> {
        let Entry { name, kind, size_bytes, .. } = &self.entry;
        let generation = self.generation.map_or_else(|| "?".to_owned(), |number| number.to_string());
        let old = age(Timestamp::now().duration_since(self.taken).as_secs());
        let verdict = match &self.problem {
            None => "not looked at",
            Some(None) => "good",
            Some(Some(problem)) => problem,
        };
        let size = mebibytes(*size_bytes);
        writeln!(out, "{name:width$}  {:8}  {generation:>10}  {size:>10}  {old:>7}  {verdict}", kind.as_str())
    }
}

/// When it was taken, and of which generation.
fn origin(workspace: &Workspace, entry: &Entry) -> (Timestamp, Option<u64>) {
    match &entry.parts {
        Some(parts) => (parts.taken, Some(parts.generation)),
        // Only the current snapshot's name does not tell.
        None => match state::read_header(&workspace.server_state().join(&entry.name)) {
            Ok(header) => (header.timestamp, Some(header.generation)),
            Err(_) => (entry.modified, None),
        },
    }
}

pub(super) fn verify(
    workspace: &Workspace,
    name: Option<&str>,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let entries = match name {
        Some(name) => vec![find(workspace, name)?.0],
        None => state::list(&workspace.server_state())?,
    };
    let mut exit = Exit::Done;
    let mut rows = Vec::new();
    for entry in entries {
        let problem = check(workspace, &entry).err().map(|error| error.to_string());
        if problem.is_some() {
            exit = Exit::Failed;
        }
        if json {
            rows.push(json!({ "name": entry.name, "verified": problem.is_none(), "problem": problem }));
        } else {
            writeln!(out, "{}: {}", entry.name, problem.as_deref().unwrap_or("good"))?;
        }
    }
    if json {
        writeln!(out, "{}", Value::from(rows))?;
    }
    Ok(exit)
}

//! `state diff`: the open tasks and the sessions of two of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde_json::{Map, Value, json};

use super::{Opened, find};
use crate::exit::Exit;
use crate::state::{self, Item, Kind, StateError};
use crate::store::StoreOptions;
use crate::store::export::Export;
use crate::tasks::{Session, Task};
use crate::workspace::Workspace;

/// What stands for the present database.
const DATABASE: &str = "database";

/// Open tasks and sessions as text, which takes less memory than values. Bounded
/// by the size of a snapshot.
#[derive(Default)]
struct Work {
    tasks: BTreeMap<String, Vec<u8>>,
    sessions: BTreeMap<String, Vec<u8>>,
}

impl Work {
    fn task(&mut self, task: &Task) -> Result<(), StateError> {
        self.tasks.insert(task.task_id.to_string(), serde_json::to_vec(task)?);
        Ok(())
    }

    fn session(&mut self, session: &Session) -> Result<(), StateError> {
        self.sessions.insert(session.session_id.to_string(), serde_json::to_vec(session)?);
        Ok(())
    }

    fn load(workspace: &Workspace, name: &str) -> anyhow::Result<Self> {
        if name == DATABASE {
            return Ok(Self::of_database(&StoreOptions::new(workspace.database(), workspace.artifacts()))?);
        }
        let (entry, path) = find(workspace, name)?;
        if entry.kind == Kind::Database {
            let opened = Opened::new(workspace, &entry)?;
            return Ok(Self::of_database(&StoreOptions::new(&opened.path, workspace.artifacts()))?);
        }
        let mut work = Self::default();
        state::scan(&path, &mut |item| match item {
            Item::Session(session) => work.session(session),
            Item::Active(task) => work.task(task),
            Item::Related(_) => Ok(()),
        })?;
        Ok(work)
    }

    fn of_database(options: &StoreOptions) -> Result<Self, StateError> {
        let mut work = Self::default();
        let export = Export::open(options)?;
        export.open_tasks(|task| work.task(task))?;
        export.work_sessions(|session| work.session(session))?;
        Ok(work)
    }
}

pub(super) fn run(
    workspace: &Workspace,
    older: &str,
    newer: &str,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let (before, after) = (Work::load(workspace, older)?, Work::load(workspace, newer)?);
    let tasks = Difference::between(&before.tasks, &after.tasks)?;
    let sessions = Difference::between(&before.sessions, &after.sessions)?;
    if json {
        let shown = json!({
            "older": older, "newer": newer, "tasks": tasks.as_json(), "sessions": sessions.as_json(),
        });
        writeln!(out, "{shown}")?;
    } else if tasks.is_none() && sessions.is_none() {
        writeln!(out, "the same open tasks and sessions")?;
    } else {
        tasks.print("task", out)?;
        sessions.print("session", out)?;
    }
    Ok(Exit::Done)
}

struct Difference {
    added: Vec<(String, String)>,
    removed: Vec<(String, String)>,
    changed: Vec<(String, Vec<String>)>,
}

impl Difference {
    fn between(
        before: &BTreeMap<String, Vec<u8>>,
        after: &BTreeMap<String, Vec<u8>>,
    ) -> serde_json::Result<Self> {
        let only_in = |one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>| {
            let missing = one.iter().filter(|(id, _)| !other.contains_key(*id));
            missing.map(|(id, text)| Ok((id.clone(), title(text)?))).collect::<serde_json::Result<_>>()
        };
        let mut changed = Vec::new();
        for (id, text) in before {
            if let Some(new) = after.get(id).filter(|new| *new != text) {
                changed.push((id.clone(), changed_fields(text, new)?));
            }
        }
        Ok(Self { added: only_in(after, before)?, removed: only_in(before, after)?, changed })
    }

    fn is_none(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    fn as_json(&self) -> Value {
        let named = |list: &[(String, String)]| {
            Value::from_iter(list.iter().map(|(id, title)| json!({ "id": id, "title": title })))
        };
        let changed = self.changed.iter().map(|(id, fields)| json!({ "id": id, "fields": fields }));
        json!({
            "added": named(&self.added),
            "removed": named(&self.removed),
            "changed": Value::from_iter(changed),
        })
    }

    fn print(&self, what: &str, out: &mut dyn Write) -> std::io::Result<()> {
        for (id, title) in &self.removed {
            writeln!(out, "- {what} {id}  {title}")?;
        }
        for (id, title) in &self.added {
            writeln!(out, "+ {what} {id}  {title}")?;
        }
        for (id, fields) in &self.changed {
            writeln!(out, "~ {what} {id}  {}", fields.join(", "))?;
        }
        Ok(())
    }
}

fn title(text: &[u8]) -> serde_json::Result<String> {
    let object: Map<String, Value> = serde_json::from_slice(text)?;
    let title = object.get("title").or_else(|| object.get("name"));
    Ok(title.and_then(Value::as_str).unwrap_or_default().to_owned())
}

/// The names of the fields whose values differ.
fn changed_fields(before: &[u8], after: &[u8]) -> serde_json::Result<Vec<String>> {
    let before: Map<String, Value> = serde_json::from_slice(before)?;
    let after: Map<String, Value> = serde_json::from_slice(after)?;
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    Ok(keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect())
}

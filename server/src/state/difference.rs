//! What differs between the open tasks and sessions of two snapshots, backups, or
//! one of them and the present database. Only reads, one thing after the other.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Serialize;
use serde_json::{Map, Value};
use task_orchestrator_shared::admin::backup::Comparison;
use thiserror::Error;

use super::archive::{Entry, list};
use super::error::StateError;
use super::name::Kind;
use super::opened::Opened;
use super::read::{Item, scan};
use super::restore::Places;
use crate::store::StoreOptions;
use crate::store::export::Export;

/// What stands for the present database.
pub const DATABASE: &str = "database";
/// Most tasks and sessions of one side; each takes less than a kibibyte of memory.
const MAX_THINGS: usize = 250_000;
/// Most lines of a comparison; the figures count all of them.
const MAX_LINES: usize = 1000;
/// Characters of a title that are told.
const MAX_TITLE: usize = 100;

/// Why two of them were not compared.
#[derive(Debug, Error)]
pub enum Differs {
    /// There is no such file.
    #[error("there is no such file")]
    NoSuchName(String),
    /// There is more than fits in the memory that this may take.
    #[error("{0} has more than {MAX_THINGS} open tasks and sessions, which are not compared")]
    TooMuch(String),
    /// A file or the database cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Compares what has these names, [`DATABASE`] for the present database.
///
/// # Errors
///
/// [`Differs`]
pub fn difference(places: &Places, older: &str, newer: &str) -> Result<Comparison, Differs> {
    let mut names = Names::default();
    let before = Work::load(places, older, &mut names)?;
    let after = Work::load(places, newer, &mut names)?;
    let mut found = Comparison { older: older.to_owned(), newer: newer.to_owned(), ..Comparison::default() };
    let tasks = compare("task", &before.tasks, &after.tasks, &names, &mut found.lines);
    (found.added, found.removed, found.changed) = tasks;
    let (added, removed, changed) =
        compare("session", &before.sessions, &after.sessions, &names, &mut found.lines);
    found.sessions = added + removed + changed;
    Ok(found)
}

/// The names of fields, each kept once.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn place(&mut self, name: String) -> usize {
        self.0.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.0.push(name);
            self.0.len() - 1
        })
    }
}

/// What is known of a task or a session: a hash of each field, because all texts
/// would fill the memory.
struct Thing {
    title: String,
    fields: Vec<(usize, u64)>,
}

type Things = BTreeMap<String, Thing>;

#[derive(Default)]
struct Work {
    tasks: Things,
    sessions: Things,
    is_full: bool,
}

impl Work {
    fn load(places: &Places, name: &str, names: &mut Names) -> Result<Self, Differs> {
        let mut work = Self::default();
        if name == DATABASE {
            work.read_database(&places.options(&places.database), names)?;
        } else {
            let entries = list(&places.state)?;
            let entry = entries.into_iter().find(|entry| entry.name == name);
            work.read(places, &entry.ok_or_else(|| Differs::NoSuchName(name.to_owned()))?, names)?;
        }
        if work.is_full { Err(Differs::TooMuch(name.to_owned())) } else { Ok(work) }
    }

    fn read(&mut self, places: &Places, entry: &Entry, names: &mut Names) -> Result<(), StateError> {
        let opened = Opened::new(&places.state, entry)?;
        if entry.kind == Kind::Database {
            return self.read_database(&places.options(opened.path()), names);
        }
        scan(opened.path(), &mut |item| match item {
            Item::Session(session) => self.session(session.session_id.to_string(), session, names),
            Item::Active(task) => self.task(task.task_id.to_string(), task, names),
            Item::Related(_) => Ok(()),
        })?;
        Ok(())
    }

    fn read_database(&mut self, options: &StoreOptions, names: &mut Names) -> Result<(), StateError> {
        let export = Export::open(options)?;
        export.open_tasks(|task| self.task(task.task_id.to_string(), task, names))?;
        export.work_sessions(|session| self.session(session.session_id.to_string(), session, names))?;
        Ok(())
    }

    fn task(&mut self, id: String, task: &impl Serialize, names: &mut Names) -> Result<(), StateError> {
        if self.has_room() {
            self.tasks.insert(id, Thing::new(task, names)?);
        }
        Ok(())
    }

    fn session(&mut self, id: String, session: &impl Serialize, names: &mut Names) -> Result<(), StateError> {
        if self.has_room() {
            self.sessions.insert(id, Thing::new(session, names)?);
        }
        Ok(())
    }

    fn has_room(&mut self) -> bool {
        self.is_full |= self.tasks.len() + self.sessions.len() >= MAX_THINGS;
        !self.is_full
    }
}

impl Thing {
    fn new(thing: &impl Serialize, names: &mut Names) -> Result<Self, StateError> {
        let Value::Object(object) = serde_json::to_value(thing)? else {
            return Ok(Self { title: String::new(), fields: Vec::new() });
        };
        let title = title(&object);
        let fields = object.into_iter().map(|(name, value)| {
            let mut hasher = DefaultHasher::new();
            value.to_string().hash(&mut hasher);
            (names.place(name), hasher.finish())
        });
        Ok(Self { title, fields: fields.collect() })
    }

    /// The names of the fields whose values differ.
    fn changed(&self, after: &Self, names: &Names) -> Vec<String> {
        let only_in = |one: &Self, other: &Self| -> Vec<usize> {
            one.fields.iter().filter(|field| !other.fields.contains(field)).map(|(place, _)| *place).collect()
        };
        let mut places = only_in(self, after);
        places.extend(only_in(after, self));
        let mut changed: Vec<String> =
            places.into_iter().filter_map(|place| names.0.get(place).cloned()).collect();
        changed.sort();
        changed.dedup();
        changed
    }
}

fn title(object: &Map<String, Value>) -> String {
    let title = object.get("title").or_else(|| object.get("name")).and_then(Value::as_str);
    title.unwrap_or_default().chars().take(MAX_TITLE).collect()
}

/// Adds a line for each difference while there is room. Returns how many were
/// added, removed and changed.
fn compare(
    what: &str,
    before: &Things,
    after: &Things,
    names: &Names,
    lines: &mut Vec<String>,
) -> (u64, u64, u64) {
    let mut tell = |line: &dyn Fn() -> String| {
        if lines.len() < MAX_LINES {
            lines.push(line());
        }
    };
    let (mut added, mut removed, mut changed) = (0, 0, 0);
    for (id, thing) in before.iter().filter(|(id, _)| !after.contains_key(*id)) {
        removed += 1;
        tell(&|| format!("- {what} {id}  {}", thing.title));
    }
    for (id, thing) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
        added += 1;
        tell(&|| format!("+ {what} {id}  {}", thing.title));
    }
    for (id, old) in before {
        if let Some(new) = after.get(id).filter(|new| new.fields != old.fields) {
            changed += 1;
            tell(&|| format!("~ {what} {id}  {}", old.changed(new, names).join(", ")));
        }
    }
    (added, removed, changed)
}

//! Snapshots and backups as a table.

use std::borrow::Cow;

use task_orchestrator_shared::admin::backup::{Backup, Due};

use super::{Column, Rows, Width};
use crate::model::value::Value;
use crate::theme::Tone;

/// The columns.
pub const COLUMNS: &[Column] = &[
    Column { id: "name", title: "NAME", width: Width::Least(20), priority: 0 },
    Column { id: "kind", title: "KIND", width: Width::Fixed(8), priority: 4 },
    Column { id: "taken", title: "TAKEN", width: Width::Fixed(16), priority: 2 },
    Column { id: "generation", title: "GEN", width: Width::Fixed(5), priority: 7 },
    Column { id: "size", title: "SIZE", width: Width::Fixed(10), priority: 5 },
    Column { id: "form", title: "FORM", width: Width::Fixed(10), priority: 9 },
    Column { id: "good", title: "GOOD", width: Width::Fixed(12), priority: 1 },
    Column { id: "pinned", title: "PINNED", width: Width::Fixed(6), priority: 6 },
    Column { id: "rotation", title: "ROTATION", width: Width::Fixed(12), priority: 3 },
    Column { id: "remove", title: "REMOVED BY AGE", width: Width::Fixed(16), priority: 8 },
];

/// Snapshots and backups, newest first.
#[derive(Debug, Clone, Copy)]
pub struct Backups<'a>(pub &'a [Backup]);

impl Rows for Backups<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.0.get(row).map_or(Cow::Borrowed(""), |backup| Cow::Borrowed(&backup.name))
    }

    fn value(&self, row: usize, column: usize) -> Value<'_> {
        let (Some(backup), Some(column)) = (self.0.get(row), COLUMNS.get(column)) else {
            return Value::NotApplicable;
        };
        match column.id {
            "name" => Value::Id((&*backup.name).into()),
            "kind" => Value::text(&*backup.kind),
            "taken" => Value::time(&backup.taken_at),
            "generation" => Value::count(backup.generation),
            "size" => Value::Bytes(backup.size_bytes),
            "form" => Value::text(form(backup)),
            "good" => good(backup),
            "pinned" => Value::Flag(backup.pinned),
            "rotation" => rotation(backup),
            "remove" => backup.remove_at.as_deref().map_or(Value::NotApplicable, Value::time),
            _ => Value::NotApplicable,
        }
    }

    fn tone(&self, row: usize) -> Tone {
        match self.0.get(row) {
            Some(backup) if backup.verified == Some(false) => Tone::Bad,
            Some(backup) if backup.due == Some(Due::Remove) => Tone::Warn,
            _ => Tone::Plain,
        }
    }
}

/// Whether it is compressed.
pub fn form(backup: &Backup) -> &'static str {
    if backup.compressed { "compressed" } else { "plain" }
}

/// Whether it was read from end to end and found good.
pub fn good(backup: &Backup) -> Value<'static> {
    match backup.verified {
        Some(true) => Value::State("yes".into(), Tone::Good),
        Some(false) => Value::State("NO".into(), Tone::Bad),
        None => Value::State("not looked".into(), Tone::Dim),
    }
}

/// What the next rotation does with it.
pub fn rotation(backup: &Backup) -> Value<'static> {
    match backup.due {
        Some(Due::Remove) => Value::State("REMOVES".into(), Tone::Warn),
        Some(Due::Compress) => Value::State("compresses".into(), Tone::Busy),
        None => Value::State("keeps".into(), Tone::Dim),
    }
}

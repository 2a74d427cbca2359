//! The configuration in force as a table.

use std::borrow::Cow;

use task_orchestrator_shared::admin::config::{ConfigEntry, Takes};

use super::{Column, Rows, Width};
use crate::model::value::Value;
use crate::theme::Tone;

/// The columns.
pub const COLUMNS: &[Column] = &[
    Column { id: "key", title: "KEY", width: Width::Least(18), priority: 0 },
    Column { id: "value", title: "VALUE", width: Width::Least(14), priority: 1 },
    Column { id: "source", title: "FROM", width: Width::Least(12), priority: 2 },
    Column { id: "needs", title: "NEEDS", width: Width::Fixed(9), priority: 3 },
    Column { id: "pending", title: "NOT IN FORCE YET", width: Width::Least(16), priority: 4 },
];

/// The configuration in force.
#[derive(Debug, Clone, Copy)]
pub struct Config<'a>(pub &'a [ConfigEntry]);

impl Rows for Config<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn key(&self, row: usize) -> Cow<'_, str> {
        self.0.get(row).map_or(Cow::Borrowed(""), |entry| Cow::Borrowed(&entry.key))
    }

    fn value(&self, row: usize, column: usize) -> Value<'_> {
        let (Some(entry), Some(column)) = (self.0.get(row), COLUMNS.get(column)) else {
            return Value::NotApplicable;
        };
        match column.id {
            "key" => Value::text(&*entry.key),
            "value" if is_changed(entry) => Value::State((&*entry.value).into(), Tone::Title),
            "value" => Value::text(&*entry.value),
            "source" if is_changed(entry) => Value::State((&*entry.source).into(), Tone::Title),
            "source" => Value::State((&*entry.source).into(), Tone::Dim),
            "needs" => {
                needs(entry).map_or(Value::NotApplicable, |word| Value::State(word.into(), Tone::Warn))
            }
            "pending" => entry
                .pending
                .as_deref()
                .map_or(Value::NotApplicable, |pending| Value::State(pending.into(), Tone::Warn)),
            _ => Value::NotApplicable,
        }
    }

    fn tone(&self, row: usize) -> Tone {
        match self.0.get(row) {
            Some(entry) if entry.pending.is_some() => Tone::Warn,
            _ => Tone::Plain,
        }
    }
}

/// Whether somebody has said what it is.
pub fn is_changed(entry: &ConfigEntry) -> bool {
    entry.source != "default"
}

/// What has to be done until the value that is waiting holds, in a word; nothing where
/// none is waiting.
pub fn needs(entry: &ConfigEntry) -> Option<&'static str> {
    entry.pending.as_ref()?;
    Some(match entry.takes {
        Some(Takes::Reload) => "reload",
        Some(Takes::Restart) => "restart",
        Some(Takes::Stop) => "stop",
        // A server of before says only that it does not hold yet.
        None => "reload?",
    })
}

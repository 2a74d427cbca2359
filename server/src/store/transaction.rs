//! What an operation sees of the database: a transaction that implements the
//! domain's ports. It cannot be begun, committed or kept by the operation.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::tasks::Task;

/// Stands among the changed resources when there are more or fewer than before.
pub const LIST_CHANGED: &str = "*";
/// Stands alone in place of the changed resources when anything may have changed.
pub const EVERYTHING: &str = "**";

/// One moment of the database, for reading.
pub struct ReadTx<'c> {
    connection: &'c Connection,
}

impl<'c> ReadTx<'c> {
    pub(super) const fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }
}

/// The writer's transaction, for one operation.
pub struct WriteTx<'c> {
    connection: &'c Connection,
    effects: Effects,
}

impl<'c> WriteTx<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection, effects: Effects::default() }
    }

    pub(super) const fn effects(&mut self) -> &mut Effects {
        &mut self.effects
    }

    pub(super) fn take_effects(&mut self) -> Effects {
        std::mem::take(&mut self.effects)
    }
}

/// What has to follow an operation that is kept.
#[derive(Default)]
pub(super) struct Effects {
    /// Resources that changed.
    pub(super) changed: BTreeSet<String>,
    /// Texts to be indexed before the commit.
    pub(super) texts: Vec<TextChange>,
}

impl Effects {
    /// There are more or fewer resources than before.
    pub(super) fn list_changed(&mut self) {
        self.changed.insert(LIST_CHANGED.to_owned());
    }

    pub(super) fn changed(&mut self, uri: String) {
        self.changed.insert(uri);
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.changed.extend(other.changed);
        self.texts.extend(other.texts);
    }
}

/// A change of the full-text index.
pub(super) enum TextChange {
    /// A new task.
    Added(i64, Text),
    /// A task says something else.
    Changed(i64, Text),
    /// A task is gone.
    Removed(i64),
}

/// The words of a task.
pub(super) struct Text {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) summary: String,
}

impl Text {
    pub(super) fn of(task: &Task) -> Self {
        Self {
            title: task.title.as_str().to_owned(),
            description: task.description.as_str().to_owned(),
            summary: task.summary.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default(),
        }
    }
}

/// Whatever has a connection can be read from.
pub(super) trait Connected {
    fn connection(&self) -> &Connection;
}

impl Connected for ReadTx<'_> {
    fn connection(&self) -> &Connection {
        self.connection
    }
}

impl Connected for WriteTx<'_> {
    fn connection(&self) -> &Connection {
        self.connection
    }
}

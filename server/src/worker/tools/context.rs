//! The schema of a task's context: what a client may keep with a task.

use schemars::{Schema, SchemaGenerator, json_schema};

/// An object or a text; both spellings occur in clients' scripts.
pub(super) fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["object", "string"] })
}

//! The protocol as a JSON Schema, for programs in other languages:
//! `assets/admin-protocol.schema.json`, which a test holds against the types.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::codec::{Answered, Failure, Notification};
use super::hello::{Hello, PROTOCOL};
use super::request::{Context, Request};

/// The schema: what a client sends (`hello`, `request` with `context`), what a server
/// answers (`result` or `error`), and what it tells (`notification`).
pub fn schema() -> Value {
    let mut generator = SchemaGenerator::default();
    fn part<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
        generator.subschema_for::<T>().to_value()
    }
    let (hello, request) = (part::<Hello>(&mut generator), part::<Request>(&mut generator));
    let (context, result) = (part::<Context>(&mut generator), part::<Answered>(&mut generator));
    let (error, notification) = (part::<Failure>(&mut generator), part::<Notification>(&mut generator));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Task Orchestrator admin protocol",
        "description": format!(
            "JSON-RPC 2.0, one line a message, versions {} to {}. A request has the members of `request` \
             beside jsonrpc and id, and may have a `context`.",
            PROTOCOL.oldest, PROTOCOL.newest
        ),
        "properties": {
            "hello": hello, "request": request, "context": context,
            "result": result, "error": error, "notification": notification,
        },
        "$defs": generator.take_definitions(true),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// With `BLESS=1` the file is written instead of being compared.
    #[test]
    fn the_schema_in_assets_is_that_of_the_types() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/admin-protocol.schema.json");
        let made = format!("{:#}\n", super::schema());
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &made).unwrap();
        }
        let stored = fs::read_to_string(&path).unwrap_or_default();
        assert!(made == stored, "BLESS=1 cargo test -p task-orchestrator-shared schema writes the file anew");
    }
}

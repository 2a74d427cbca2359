//! Resources that the suites list and read.

use rmcp::model::{ErrorData, ReadResourceResult, Resource, ResourceTemplate};
use serde_json::{Value, json};

use super::PICTURE;
use super::tools::parsed;

/// A resource to watch; it never changes.
const WATCHED: &str = "test://watched-resource";

const TEXT: &str = "test://static-text";

const BINARY: &str = "test://static-binary";

/// The resources without a parameter.
pub(super) fn list() -> Result<Vec<Resource>, ErrorData> {
    parsed(json!([
        {"uri": TEXT, "name": "text", "description": "A text", "mimeType": "text/plain"},
        {"uri": BINARY, "name": "picture", "description": "A picture", "mimeType": "image/png"},
        {"uri": WATCHED, "name": "watched", "description": "A resource to watch", "mimeType": "text/plain"},
    ]))
}

/// The resources with one.
pub(super) fn templates() -> Result<Vec<ResourceTemplate>, ErrorData> {
    parsed(json!([{
        "uriTemplate": "test://template/{id}/data", "name": "template",
        "description": "A resource with a parameter", "mimeType": "application/json",
    }]))
}

/// Whether there is such a resource.
pub(super) fn exists(uri: &str) -> bool {
    content(uri).is_some()
}

/// A resource.
///
/// # Errors
///
/// When there is none of this name.
pub(super) fn read(uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let content = content(uri)
        .ok_or_else(|| ErrorData::resource_not_found("Resource not found", Some(json!({ "uri": uri }))))?;
    Ok(ReadResourceResult::new(parsed(json!([content]))?))
}

fn content(uri: &str) -> Option<Value> {
    let text = |text: &str| json!({"uri": uri, "mimeType": "text/plain", "text": text});
    match uri {
        TEXT => Some(text("This is the content of the static text resource.")),
        WATCHED => Some(text("This resource is watched.")),
        BINARY => Some(json!({"uri": uri, "mimeType": "image/png", "blob": PICTURE})),
        _ => {
            let id = uri.strip_prefix("test://template/")?.strip_suffix("/data")?;
            let data = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
            Some(json!({"uri": uri, "mimeType": "application/json", "text": data.to_string()}))
        }
    }
}

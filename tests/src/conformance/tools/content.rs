//! Tools that answer at once, each with a kind of content of its own.

use rmcp::model::{CallToolResult, ErrorData};
use serde_json::{Value, json};

use super::super::{PICTURE, SOUND};
use super::{contents, parsed};

/// The answer of a tool; `None` where it is not one of these.
pub(super) fn answer(tool: &str) -> Option<Result<CallToolResult, ErrorData>> {
    Some(match tool {
        "test_simple_text" => contents(json!([text("This is a simple text response for testing.")])),
        "test_image_content" => contents(json!([picture()])),
        "test_audio_content" => contents(json!([{"type": "audio", "data": SOUND, "mimeType": "audio/wav"}])),
        "test_embedded_resource" => {
            let embedded = "This is an embedded resource content.";
            contents(json!([resource("test://embedded-resource", "text/plain", embedded)]))
        }
        "test_multiple_content_types" => {
            let data = json!({"test": "data", "value": 123}).to_string();
            let resource = resource("test://mixed-content-resource", "application/json", &data);
            contents(json!([text("Multiple content types test:"), picture(), resource]))
        }
        "test_error_handling" => {
            let failure = json!([text("This tool intentionally returns an error for testing")]);
            parsed(failure).map(CallToolResult::error)
        }
        "test_x_mcp_header" | "json_schema_2020_12_tool" => contents(json!([text("The arguments will do.")])),
        _ => return None,
    })
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn picture() -> Value {
    json!({"type": "image", "data": PICTURE, "mimeType": "image/png"})
}

fn resource(uri: &str, kind: &str, text: &str) -> Value {
    json!({"type": "resource", "resource": {"uri": uri, "mimeType": kind, "text": text}})
}

/// A schema with what JSON Schema 2020-12 has and older ones have not.
pub(super) fn newest_schema() -> Value {
    let word = json!({"type": "string"});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {
            "$anchor": "addressDef", "type": "object", "properties": {"street": word, "city": word},
        }},
        "properties": {
            "name": word, "address": {"$ref": "#/$defs/address"}, "phone": word, "email": word,
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false,
    })
}

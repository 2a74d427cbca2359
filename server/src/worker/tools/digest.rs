//! What makes two calls the same call: SHA-256 over the tool's name and its
//! arguments in one canonical form. Must never depend on the order of keys.

use std::fmt::Write;

use rmcp::model::JsonObject;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The digest of a call as it was received.
pub(super) fn of_call(tool: &str, arguments: &JsonObject) -> [u8; 32] {
    let mut text = String::new();
    object(arguments, &mut text);
    let mut hash = Sha256::new();
    hash.update(tool.len().to_le_bytes());
    hash.update(tool);
    hash.update(text);
    hash.finalize().into()
}

/// Bytes as text for a record.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The nesting is bounded: the parser of the message allows 128 levels.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => object(fields, text),
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => {
            let _ = write!(text, "{plain}");
        }
    }
}

fn object(fields: &JsonObject, text: &mut String) {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    text.push('{');
    for (name, value) in sorted {
        let _ = write!(text, "{}:", Value::String(name.clone()));
        canonical(value, text);
        text.push(',');
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(tool: &str, arguments: &str) -> [u8; 32] {
        of_call(tool, &serde_json::from_str(arguments).unwrap())
    }

    #[test]
    fn order_and_white_space_do_not_matter_and_everything_else_does() {
        let call = digest("t", r#"{"a":1,"b":{"c":[1,2],"d":"x"}}"#);
        assert_eq!(call, digest("t", r#"{ "b": {"d":"x", "c":[1, 2]}, "a": 1 }"#));
        for other in [
            r#"{"a":2,"b":{"c":[1,2],"d":"x"}}"#,
            r#"{"a":1,"b":{"c":[2,1],"d":"x"}}"#,
            r#"{"a":"1","b":{"c":[1,2],"d":"x"}}"#,
            r#"{"a":1,"b":{"c":[[1],2],"d":"x"}}"#,
            "{}",
        ] {
            assert_ne!(call, digest("t", other), "{other}");
        }
        assert_ne!(digest("t", "{}"), digest("u", "{}"));
    }
}

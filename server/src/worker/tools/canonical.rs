//! What makes two calls the same call: their arguments in one canonical form.
//! Must never depend on the order of keys or on white space.

use std::fmt::Write;

use rmcp::model::JsonObject;
use serde_json::Value;

/// The arguments of a call as they were received, keys in order.
pub(super) fn of(arguments: &JsonObject) -> String {
    let mut text = String::new();
    object(arguments, &mut text);
    text
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
        plain => text.push_str(&plain.to_string()),
    }
}

fn object(fields: &JsonObject, text: &mut String) {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    text.push('{');
    for (name, value) in sorted {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}:", Value::String(name.clone()));
        canonical(value, text);
        text.push(',');
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    fn of(arguments: &str) -> String {
        super::of(&serde_json::from_str(arguments).unwrap())
    }

    #[test]
    fn order_and_white_space_do_not_matter_and_everything_else_does() {
        let call = of(r#"{"a":1,"b":{"c":[1,2],"d":"x"}}"#);
        assert_eq!(call, of(r#"{ "b": {"d":"x", "c":[1, 2]}, "a": 1 }"#));
        for other in [
            r#"{"a":2,"b":{"c":[1,2],"d":"x"}}"#,
            r#"{"a":1,"b":{"c":[2,1],"d":"x"}}"#,
            r#"{"a":"1","b":{"c":[1,2],"d":"x"}}"#,
            r#"{"a":1,"b":{"c":[[1],2],"d":"x"}}"#,
            "{}",
        ] {
            assert_ne!(call, of(other), "{other}");
        }
    }
}

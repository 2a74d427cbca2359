//! A tool's result, checked against the rules that hold for all tools.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// What a tool answered.
#[derive(Debug, Clone)]
pub struct ToolReply {
    /// Whether the tool says that it failed.
    pub is_error: bool,
    /// The structured result, or the error object.
    pub body: Value,
}

impl ToolReply {
    /// Reads the result of a `tools/call`.
    ///
    /// # Errors
    ///
    /// When the text and the structured content are not the same JSON, or neither is an object.
    pub fn read(result: Value) -> Result<Self> {
        let is_error = result.get("isError").and_then(Value::as_bool).unwrap_or(false);
        let text = result.pointer("/content/0/text").and_then(Value::as_str);
        let text = text.with_context(|| format!("no text in {result}"))?;
        let body: Value =
            serde_json::from_str(text).with_context(|| format!("the text is no JSON: {text}"))?;
        ensure!(body.is_object(), "the text is no object: {text}");
        match result.get("structuredContent") {
            Some(structured) => ensure!(*structured == body, "text {text} differs from {structured}"),
            None => ensure!(is_error, "a result without structured content: {text}"),
        }
        Ok(Self { is_error, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_and_structure_must_agree() {
        let reply = |text: &str, structured: Value| {
            ToolReply::read(
                json!({"content": [{"type": "text", "text": text}], "structuredContent": structured}),
            )
        };
        assert_eq!(reply(r#"{"a":1}"#, json!({"a": 1})).unwrap().body["a"], 1);
        assert!(reply(r#"{"a":1}"#, json!({"a": 2})).is_err());
        assert!(reply("fine", json!({"a": 2})).is_err());
    }

    #[test]
    fn a_result_needs_structure_and_an_error_does_not() {
        let text = json!([{"type": "text", "text": "{\"error_code\":\"NOT_FOUND\"}"}]);
        assert!(ToolReply::read(json!({"content": text})).is_err());
        assert!(ToolReply::read(json!({"content": text, "isError": true})).unwrap().is_error);
    }
}

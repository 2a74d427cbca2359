//! Tools that ask a client of the era of sessions, and wait for its answer.
#![expect(deprecated, reason = "sampling is deprecated only in 2026-07-28; older revisions are tested too")]
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

use rmcp::model::{CallToolResponse, ErrorData};
use rmcp::service::ServiceError;
use serde_json::{Value, json};

use super::{Call, parsed, text};

impl Call<'_> {
    pub(super) async fn sample(self) -> Result<CallToolResponse, ErrorData> {
        let prompt = json!({"role": "user", "content": {"type": "text", "text": self.argument("prompt")}});
        let question = parsed(json!({"messages": [prompt], "maxTokens": 100}))?;
        let answer = self.context.peer.create_message(question).await.map_err(unanswered)?;
        text(&format!("LLM response: {}", json!(answer.message.content)))
    }

    pub(super) async fn elicit(self) -> Result<CallToolResponse, ErrorData> {
        let described = |what: &str| json!({"type": "string", "description": what});
        let properties =
            json!({"username": described("User's response"), "email": described("User's email address")});
        let message = self.argument("message").to_owned();
        self.ask("User response", &message, properties, &["username", "email"]).await
    }

    pub(super) async fn elicit_defaults(self) -> Result<CallToolResponse, ErrorData> {
        let properties = json!({
            "name": {"type": "string", "default": "John Doe"},
            "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5},
            "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
            "verified": {"type": "boolean", "default": true},
        });
        self.ask("Elicitation completed", "Are these right?", properties, &[]).await
    }

    pub(super) async fn elicit_choices(self) -> Result<CallToolResponse, ErrorData> {
        let plain = json!(["option1", "option2", "option3"]);
        let titled = json!([
            {"const": "value1", "title": "First Option"},
            {"const": "value2", "title": "Second Option"},
            {"const": "value3", "title": "Third Option"},
        ]);
        let properties = json!({
            "untitledSingle": {"type": "string", "enum": plain},
            "titledSingle": {"type": "string", "oneOf": titled},
            "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"]},
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
            "titledMulti": {"type": "array", "items": {"anyOf": titled}},
        });
        self.ask("Elicitation completed", "Which of these?", properties, &[]).await
    }

    async fn ask(
        &self,
        what: &str,
        message: &str,
        properties: Value,
        required: &[&str],
    ) -> Result<CallToolResponse, ErrorData> {
        let mut schema = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        let question = parsed(json!({"mode": "form", "message": message, "requestedSchema": schema}))?;
        let answer = self.context.peer.create_elicitation(question).await.map_err(unanswered)?;
        let content = json!(answer.content);
        text(&format!("{what}: action={}, content={content}", json!(answer.action)))
    }
}

/// The client cannot be asked, or refused.
fn unanswered(error: ServiceError) -> ErrorData {
    match error {
        ServiceError::McpError(error) => error,
        error => ErrorData::internal_error(format!("the client was asked in vain: {error}"), None),
    }
}

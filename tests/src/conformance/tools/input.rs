//! Tools of the stateless era that need something of the client: they answer what they
//! need, and the client calls again with it. What they know by then travels with the client.
#![expect(deprecated, reason = "sampling is deprecated in 2026-07-28, and still to be refused rightly")]
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

use rmcp::model::{
    CallToolResponse, ClientCapabilities, ErrorData, InputRequests, InputRequiredResult, InputResponses,
};
use serde_json::{Value, json};

use super::super::seal;
use super::{Call, parsed, text};

impl Call<'_> {
    /// Answers, or says what is needed.
    pub(super) fn input(self) -> Result<CallToolResponse, ErrorData> {
        let name = self.request.name.strip_prefix("test_").unwrap_or_default();
        match name.strip_prefix("input_required_result_").unwrap_or(name) {
            "elicitation" | "streaming_elicitation" => self.ask_name(),
            "sampling" => self.ask_model(),
            "list_roots" => self.ask_roots(),
            "request_state" | "tampered_state" => self.confirm(),
            "multiple_inputs" => self.ask_everything(),
            "multi_round" => self.ask_twice(),
            "capabilities" => self.ask_what_it_can(),
            "missing_capability" => self.needs_sampling(),
            _ => Err(ErrorData::invalid_params(format!("Unknown tool: {}", self.request.name), None)),
        }
    }

    pub(super) fn ask_name(&self) -> Result<CallToolResponse, ErrorData> {
        match self.accepted("user_name", "name") {
            Some(name) => text(&format!("Hello, {}!", name.as_str().unwrap_or_default())),
            None => needed(json!({"user_name": ask_text("What is your name?", "name")}), None),
        }
    }

    fn ask_model(&self) -> Result<CallToolResponse, ErrorData> {
        match self.response("capital_question").and_then(|answer| answer.pointer("/content/text")?.as_str()) {
            Some(answer) => text(answer),
            None => {
                needed(json!({"capital_question": ask_model("What is the capital of France?", 100)}), None)
            }
        }
    }

    fn ask_roots(&self) -> Result<CallToolResponse, ErrorData> {
        match self.response("client_roots").and_then(|answer| answer.get("roots")) {
            Some(roots) => text(&format!("The client's roots: {roots}")),
            None => needed(json!({"client_roots": ask_roots()}), None),
        }
    }

    fn confirm(&self) -> Result<CallToolResponse, ErrorData> {
        let confirmed = self.accepted("confirm", "ok");
        match (self.state()?, confirmed) {
            (Some("confirm"), Some(ok)) => text(&format!("state-ok, confirmed: {ok}")),
            _ => {
                let question = ask("Please confirm", "ok", "boolean");
                needed(json!({ "confirm": question }), Some("confirm"))
            }
        }
    }

    fn ask_everything(&self) -> Result<CallToolResponse, ErrorData> {
        let answers = (
            self.accepted("user_name", "name"),
            self.response("greeting").and_then(|answer| answer.pointer("/content/text")),
            self.response("client_roots").and_then(|answer| answer.get("roots")),
        );
        if let (Some("all"), (Some(name), Some(greeting), Some(roots))) = (self.state()?, answers) {
            return text(&format!("{greeting} {name}, with the roots {roots}"));
        }
        let questions = json!({
            "user_name": ask_text("What is your name?", "name"),
            "greeting": ask_model("Generate a greeting", 50),
            "client_roots": ask_roots(),
        });
        needed(questions, Some("all"))
    }

    fn ask_twice(&self) -> Result<CallToolResponse, ErrorData> {
        let state = self.state()?;
        if let (Some("step1"), Some(name)) = (state, self.accepted("step1", "name")) {
            let question = ask_text("Step 2: What is your favorite color?", "color");
            return needed(json!({ "step2": question }), Some(&format!("step2 {name}")));
        }
        let name = state.and_then(|state| state.strip_prefix("step2 "));
        if let (Some(name), Some(color)) = (name, self.accepted("step2", "color")) {
            return text(&format!("{name} likes {color}"));
        }
        needed(json!({"step1": ask_text("Step 1: What is your name?", "name")}), Some("step1"))
    }

    fn ask_what_it_can(&self) -> Result<CallToolResponse, ErrorData> {
        let can = self.capabilities();
        let mut questions = json!({});
        if can.sampling.is_some() {
            questions["greeting"] = ask_model("Generate a greeting", 50);
        }
        if can.elicitation.is_some() {
            questions["user_name"] = ask_text("What is your name?", "name");
        }
        let is_answered = |key: &String| self.response(key).is_some();
        if questions.as_object().is_none_or(|questions| questions.keys().all(is_answered)) {
            return text("There is nothing to ask any more.");
        }
        needed(questions, None)
    }

    fn needs_sampling(&self) -> Result<CallToolResponse, ErrorData> {
        if self.capabilities().sampling.is_some() {
            return text("The client can sample.");
        }
        let needed = ClientCapabilities::builder().enable_sampling().build();
        Err(ErrorData::missing_required_client_capability(needed))
    }

    fn capabilities(&self) -> ClientCapabilities {
        self.context.client_capabilities().unwrap_or_default()
    }

    /// What the client answers to a question.
    fn response(&self, key: &str) -> Option<&Value> {
        self.request.input_responses.as_ref()?.get(key)
    }

    pub(super) fn accepted(&self, key: &str, field: &str) -> Option<&Value> {
        accepted(self.request.input_responses.as_ref(), key, field)
    }

    /// The state that the client brings back.
    fn state(&self) -> Result<Option<&str>, ErrorData> {
        self.request.request_state.as_deref().map(seal::open).transpose()
    }
}

/// What the user has filled in, where the user has accepted.
pub(in super::super) fn accepted<'a>(
    responses: Option<&'a InputResponses>,
    key: &str,
    field: &str,
) -> Option<&'a Value> {
    let answer = responses?.get(key)?;
    (answer.get("action")? == "accept").then(|| answer.get("content")?.get(field)).flatten()
}

fn needed(questions: Value, state: Option<&str>) -> Result<CallToolResponse, ErrorData> {
    Ok(InputRequiredResult::new(Some(requests(questions)?), state.map(seal::seal)).into())
}

/// Questions as the protocol has them.
///
/// # Errors
///
/// `internal_error` where the fixture is wrong.
pub(in super::super) fn requests(questions: Value) -> Result<InputRequests, ErrorData> {
    parsed(questions)
}

/// A question to the user that a text answers.
pub(in super::super) fn ask_text(message: &str, field: &str) -> Value {
    ask(message, field, "string")
}

pub(super) fn ask(message: &str, field: &str, kind: &str) -> Value {
    let schema = json!({"type": "object", "properties": {field: {"type": kind}}, "required": [field]});
    let params = json!({"mode": "form", "message": message, "requestedSchema": schema});
    json!({"method": "elicitation/create", "params": params})
}

fn ask_model(prompt: &str, most_tokens: u32) -> Value {
    let message = json!({"role": "user", "content": {"type": "text", "text": prompt}});
    json!({"method": "sampling/createMessage", "params": {"messages": [message], "maxTokens": most_tokens}})
}

fn ask_roots() -> Value {
    json!({"method": "roots/list", "params": {}})
}

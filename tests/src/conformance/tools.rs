//! The tools that the suites call: what they are called and which part answers.
//!
//! - `content`: what comes back at once.   - `telling`: messages and progress before the answer.
//! - `asking`: questions to a client of the era of sessions.
//! - `input`: the same in the stateless era, as results that ask for input.
//! - `background`: calls that the client asks for later.

mod asking;
mod background;
mod content;
mod input;
mod telling;

use rmcp::RoleServer;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, Tool};
use rmcp::service::RequestContext;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use task_orchestrator::worker::session::Session;
use task_orchestrator::worker::shared::Shared;

use super::changes::{Changes, List};

pub(super) use background::Calls;
pub(super) use input::{accepted, ask_text, requests};

/// Tools without arguments. The first is the one that a suite calls when any will do.
const BARE: [(&str, &str); 27] = [
    ("test_simple_text", "Answers a text"),
    ("test_image_content", "Answers a picture"),
    ("test_audio_content", "Answers a sound"),
    ("test_embedded_resource", "Answers a resource"),
    ("test_multiple_content_types", "Answers a text, a picture and a resource"),
    ("test_error_handling", "Fails always"),
    ("test_tool_with_logging", "Sends messages"),
    ("test_logging_tool", "Sends a message, where one is wanted"),
    ("test_tool_with_progress", "Tells of its progress"),
    ("test_reconnection", "Takes long enough for its client to lose the connection"),
    ("test_elicitation_sep1034_defaults", "Asks with defaults"),
    ("test_elicitation_sep1330_enums", "Asks to choose"),
    ("test_streaming_elicitation", "Asks for input"),
    ("test_missing_capability", "Needs a client that can sample"),
    ("test_trigger_tool_change", "Says that the tools have changed"),
    ("test_trigger_prompt_change", "Says that the prompts have changed"),
    ("failing_job", "Fails in the background"),
    ("protocol_error_job", "Fails in the background, as the protocol has it"),
    ("multi_input", "Asks two things at once, in the background"),
    ("test_tool_with_task", "Asks for a name, and goes on in the background"),
    ("test_input_required_result_elicitation", "Asks for a name"),
    ("test_input_required_result_sampling", "Asks the client's model"),
    ("test_input_required_result_list_roots", "Asks for the client's roots"),
    ("test_input_required_result_request_state", "Asks, and has the client carry its state"),
    ("test_input_required_result_multiple_inputs", "Asks for three things at once"),
    ("test_input_required_result_multi_round", "Asks twice"),
    ("test_input_required_result_tampered_state", "Asks, and notices an altered state"),
];

/// All tools.
pub(super) fn list() -> Result<Vec<Tool>, ErrorData> {
    let nothing = json!({"type": "object", "properties": {}});
    let mut tools: Vec<Value> = BARE.iter().map(|(name, what)| definition(name, what, &nothing)).collect();
    let text = |argument: &str| json!({"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]});
    tools.push(definition(
        "test_input_required_result_capabilities",
        "Asks for what the client can",
        &nothing,
    ));
    tools.push(definition("test_sampling", "Asks the client's model", &text("prompt")));
    tools.push(definition("test_elicitation", "Asks the user", &text("message")));
    tools.push(definition("greet", "Greets", &text("name")));
    tools.push(definition("confirm_delete", "Asks whether to delete, in the background", &text("filename")));
    let times = json!({"seconds": {"type": "number"}, "label": {"type": "string"}});
    let times = json!({"type": "object", "properties": times, "required": ["seconds"]});
    tools.push(definition(
        "slow_compute",
        "Takes its time, in the background where the client can wait",
        &times,
    ));
    let region =
        json!({"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}});
    tools.push(definition("test_x_mcp_header", "Has an argument that is a header too", &region));
    tools.push(definition(
        "json_schema_2020_12_tool",
        "Has the words of JSON Schema 2020-12",
        &content::newest_schema(),
    ));
    parsed(tools.into())
}

fn definition(name: &str, description: &str, schema: &Value) -> Value {
    json!({"name": name, "description": description, "inputSchema": schema})
}

/// One call.
pub(super) struct Call<'a> {
    pub(super) request: CallToolRequestParams,
    pub(super) context: RequestContext<RoleServer>,
    pub(super) shared: &'a Shared,
    pub(super) session: &'a Session,
    pub(super) changes: &'a Changes,
}

impl Call<'_> {
    pub(super) async fn answer(self) -> Result<CallToolResponse, ErrorData> {
        let name = self.request.name.clone();
        match &*name {
            "test_tool_with_logging" => self.with_logging().await,
            "test_logging_tool" => self.log("A message for who wants it").await,
            "test_tool_with_progress" => self.with_progress().await,
            "test_reconnection" => self.slowly().await,
            "test_sampling" => self.sample().await,
            "test_elicitation" => self.elicit().await,
            "test_elicitation_sep1034_defaults" => self.elicit_defaults().await,
            "test_elicitation_sep1330_enums" => self.elicit_choices().await,
            "slow_compute" => self.compute().await,
            "failing_job" | "protocol_error_job" | "confirm_delete" | "multi_input" => {
                self.only_in_background().await
            }
            "test_tool_with_task" => self.ask_and_go_on().await,
            "greet" => text(&format!("Hello, {}!", self.argument("name"))),
            "test_trigger_tool_change" => self.changed(List::Tools),
            "test_trigger_prompt_change" => self.changed(List::Prompts),
            name => match content::answer(name) {
                Some(answer) => answer.map(Into::into),
                None => self.input(),
            },
        }
    }

    fn changed(&self, list: List) -> Result<CallToolResponse, ErrorData> {
        self.changes.tell(list);
        text(&format!("{list:?} have changed"))
    }

    /// A text among the arguments, empty where it is missing.
    fn argument(&self, name: &str) -> &str {
        let arguments = self.request.arguments.as_ref();
        arguments.and_then(|arguments| arguments.get(name)?.as_str()).unwrap_or_default()
    }
}

/// An answer of one text.
fn text(text: &str) -> Result<CallToolResponse, ErrorData> {
    Ok(contents(json!([{"type": "text", "text": text}]))?.into())
}

fn contents(contents: Value) -> Result<CallToolResult, ErrorData> {
    Ok(CallToolResult::success(parsed(contents)?))
}

/// A fixture's JSON as the protocol's type.
///
/// # Errors
///
/// `internal_error` where the fixture is wrong.
pub(super) fn parsed<T: DeserializeOwned>(fixture: Value) -> Result<T, ErrorData> {
    serde_json::from_value(fixture)
        .map_err(|error| ErrorData::internal_error(format!("a fixture is wrong: {error}"), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_of_the_protocol_and_has_a_name_of_its_own() {
        let tools = list().unwrap();
        assert_eq!(tools[0].name, "test_simple_text");
        let names: std::collections::BTreeSet<_> = tools.iter().map(|tool| &tool.name).collect();
        assert_eq!(names.len(), tools.len());
    }
}

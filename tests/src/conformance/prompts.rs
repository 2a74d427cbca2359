//! Prompts that the suites list and get, one of which asks back.

use rmcp::model::{
    CompleteRequestParams, CompleteResult, CompletionInfo, ErrorData, GetPromptRequestParams,
    GetPromptResponse, GetPromptResult, InputRequiredResult, Prompt,
};
use serde_json::{Value, json};

use super::PICTURE;
use super::tools::{accepted, ask_text, parsed, requests};

/// What the argument of a prompt may be, as far as completions go.
const WORDS: [&str; 3] = ["paris", "park", "party"];

/// All of them.
pub(super) fn list() -> Result<Vec<Prompt>, ErrorData> {
    let argument = |name: &str| json!({"name": name, "description": "A text", "required": true});
    parsed(json!([
        {"name": "test_simple_prompt", "description": "A prompt without arguments"},
        {"name": "test_prompt_with_arguments", "description": "A prompt with arguments",
         "arguments": [argument("arg1"), argument("arg2")]},
        {"name": "test_prompt_with_embedded_resource", "description": "A prompt with a resource in it",
         "arguments": [argument("resourceUri")]},
        {"name": "test_prompt_with_image", "description": "A prompt with a picture in it"},
        {"name": "test_input_required_result_prompt", "description": "A prompt that asks back"},
    ]))
}

/// One of them.
///
/// # Errors
///
/// `invalid_params` when there is none of this name.
pub(super) fn get(request: &GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    let argument = |name: &str| {
        let arguments = request.arguments.as_ref();
        arguments.and_then(|arguments| arguments.get(name)?.as_str()).unwrap_or_default()
    };
    let contents = match request.name.as_str() {
        "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            let (first, second) = (argument("arg1"), argument("arg2"));
            vec![text(&format!("Prompt with arguments: arg1='{first}', arg2='{second}'"))]
        }
        "test_prompt_with_embedded_resource" => {
            let resource = json!({"uri": argument("resourceUri"), "mimeType": "text/plain",
                "text": "Embedded resource content for testing."});
            let embedded = json!({"type": "resource", "resource": resource});
            vec![embedded, text("Please process the embedded resource above.")]
        }
        "test_prompt_with_image" => {
            let picture = json!({"type": "image", "data": PICTURE, "mimeType": "image/png"});
            vec![picture, text("Please analyze the image above.")]
        }
        "test_input_required_result_prompt" => return asking(request),
        name => return Err(ErrorData::invalid_params(format!("Unknown prompt: {name}"), None)),
    };
    Ok(result(contents)?.into())
}

fn asking(request: &GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    if let Some(context) = accepted(request.input_responses.as_ref(), "user_context", "context") {
        return Ok(result(vec![text(&format!("Prompt in the context: {context}"))])?.into());
    }
    let question = ask_text("What context should the prompt use?", "context");
    Ok(InputRequiredResult::from_input_requests(requests(json!({ "user_context": question }))?).into())
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn result(contents: Vec<Value>) -> Result<GetPromptResult, ErrorData> {
    let messages: Vec<Value> =
        contents.into_iter().map(|content| json!({"role": "user", "content": content})).collect();
    Ok(GetPromptResult::new(parsed(messages.into())?))
}

/// The words that begin like the argument.
///
/// # Errors
///
/// Never: there are few words.
pub(super) fn complete(request: &CompleteRequestParams) -> Result<CompleteResult, ErrorData> {
    let begun = &request.argument.value;
    let words = WORDS.iter().filter(|word| word.starts_with(begun.as_str()));
    let values = words.map(|word| (*word).to_owned()).collect();
    let completion =
        CompletionInfo::with_all_values(values).map_err(|error| ErrorData::internal_error(error, None))?;
    Ok(CompleteResult::new(completion))
}

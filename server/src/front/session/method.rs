//! What a request asks for, in a word, for people. Nothing else of what a client has
//! written is told.

use serde::Deserialize;

/// Longest name that is told, in characters.
const MAX_NAME: usize = 200;

/// The method, and the tool's name where it is a call of one; at most [`MAX_NAME`]
/// characters. Empty where it is no request.
pub(crate) fn method_of(message: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Message {
        method: String,
        #[serde(default)]
        params: Params,
    }
    #[derive(Default, Deserialize)]
    struct Params {
        #[serde(default)]
        name: Option<String>,
    }
    #[derive(Deserialize)]
    struct Method {
        method: String,
    }
    let named = match serde_json::from_slice::<Message>(message) {
        Ok(Message { method, params: Params { name: Some(tool) } }) if method == "tools/call" => {
            format!("{method} {tool}")
        }
        Ok(Message { method, .. }) => method,
        // Parameters of another shape are the worker's to refuse.
        Err(_) => serde_json::from_slice::<Method>(message).map(|message| message.method).unwrap_or_default(),
    };
    named.chars().filter(|letter| !letter.is_control()).take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_named_by_its_method_and_tool_and_by_nothing_else() {
        let call = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"plan","arguments":{"title":"secret"}}}"#;
        assert_eq!(method_of(call), "tools/call plan");
        assert_eq!(
            method_of(br#"{"id":1,"method":"prompts/get","params":{"name":"secret"}}"#),
            "prompts/get"
        );
        assert_eq!(method_of(br#"{"id":1,"method":"ping"}"#), "ping");
        assert_eq!(method_of(br#"{"id":1,"method":"tools/call","params":[1]}"#), "tools/call");
        assert_eq!(method_of(b"nonsense"), "");
        let long = format!(r#"{{"method":"\u001b[2J{}"}}"#, "m".repeat(500));
        assert_eq!(method_of(long.as_bytes()).chars().count(), MAX_NAME);
        assert!(!method_of(long.as_bytes()).contains('\u{1b}'));
    }
}

//! From what the client sent to what a tool takes: malformed arguments are the
//! protocol's error, naming the field. Must never judge a value of the right type.

use rmcp::model::{ErrorData, JsonObject};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// How alike two names must be for one to be suggested instead of the other.
const ALIKE: f64 = 0.7;
/// Longest part of a client's text that is repeated in an answer.
const QUOTED: usize = 200;

/// The tool's parameters from the call's arguments.
///
/// # Errors
///
/// `invalid_params`, naming the path of the bad field and what was expected.
pub(crate) fn parse<T: DeserializeOwned>(tool: &str, arguments: JsonObject) -> Result<T, ErrorData> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let path = error.path().to_string();
        malformed(tool, &path, &error.inner().to_string())
    })
}

/// The error for one bad field.
pub(crate) fn malformed(tool: &str, path: &str, problem: &str) -> ErrorData {
    let problem: String = problem.chars().take(5 * QUOTED).collect();
    let quoted: Vec<&str> = problem.split('`').skip(1).step_by(2).collect();
    let named = quoted.first().copied().unwrap_or_default();
    let about_a_name = problem.starts_with("unknown field") || problem.starts_with("missing field");
    let mut field = path.trim_start_matches('.').to_owned();
    // The parser names the object; what is wrong is the field inside it.
    if about_a_name && !field.split('.').any(|part| part == named) {
        field = if field.is_empty() { named.to_owned() } else { format!("{field}.{named}") };
    }
    let known: Vec<&str> = quoted.iter().skip(1).copied().collect();
    let suggestion = if problem.starts_with("unknown") { closest(named, &known) } else { None };
    let meant = suggestion.map(|name| format!(" Did you mean `{name}`?")).unwrap_or_default();
    let message = format!("{tool}: bad argument `{field}`: {problem}.{meant}");
    let data = json!({ "tool": tool, "field": field, "problem": problem, "suggestion": suggestion });
    ErrorData::invalid_params(message, Some(data))
}

/// The known name that was probably meant.
pub(crate) fn closest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name: String = name.chars().take(QUOTED).collect();
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&name, candidate), *candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

/// A value that may be left out by naming null.
pub(crate) fn or_default<'de, D, T>(input: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(input).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Outer {
        title: String,
        #[serde(default)]
        parts: Vec<Part>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Part {
        size: u32,
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Large,
        Small,
    }

    #[test]
    fn the_bad_field_is_named_by_its_path_with_a_suggestion() {
        for (arguments, field, suggestion) in [
            (json!({ "titel": "x" }), "titel", json!("title")),
            (json!({ "title": "x", "zzz": 1 }), "zzz", Value::Null),
            (json!({}), "title", Value::Null),
            (json!({ "title": 7 }), "title", Value::Null),
            (
                json!({ "title": "x", "parts": [{ "size": 1 }, { "size": "1" }] }),
                "parts[1].size",
                Value::Null,
            ),
            (json!({ "title": "x", "parts": [{ "size": 1, "sise": 2 }] }), "parts[0].sise", json!("size")),
            (
                json!({ "title": "x", "parts": [{ "size": 1, "kind": "smal" }] }),
                "parts[0].kind",
                json!("small"),
            ),
        ] {
            let Value::Object(object) = arguments.clone() else { unreachable!() };
            let error = parse::<Outer>("a_tool", object).unwrap_err();
            let data = error.data.unwrap();
            assert_eq!(error.code.0, -32602);
            assert_eq!((&data["field"], &data["suggestion"]), (&json!(field), &suggestion), "{arguments}");
            assert!(error.message.contains(field), "{}", error.message);
        }
    }
}

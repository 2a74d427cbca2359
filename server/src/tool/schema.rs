//! The JSON schemas that tools show: plain enough for every client, no
//! references where they can be avoided. Must never accept more than the parser does.

use std::sync::Arc;

use rmcp::model::JsonObject;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::failure::FailureShape;

/// The schema of a tool's parameters.
pub(crate) fn input<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<T>();
    OptionalMeansAbsent.transform(&mut schema);
    PlainTypes { explained: true }.transform(&mut schema);
    let mut object = into_object(schema);
    object.entry("properties").or_insert_with(|| json!({}));
    Arc::new(object)
}

/// The schema of a tool's structured result, that of a failed call included:
/// clients check results against it whether they are errors or not.
pub(crate) fn output<T: JsonSchema>() -> Arc<JsonObject> {
    let generate = || SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true).for_serialize();
    let mut reply = generate().into_generator().into_root_schema_for::<T>();
    PlainTypes { explained: false }.transform(&mut reply);
    let mut success = into_object(reply);
    let failure = into_object(generate().into_generator().into_root_schema_for::<FailureShape>());
    let mut properties = take_object(&mut success, "properties");
    for (name, property) in failure.get("properties").and_then(Value::as_object).into_iter().flatten() {
        // A reply may use one of these names for something else.
        let both = |own: &Value| json!({ "anyOf": [own, property] });
        let merged = properties.get(name).map_or_else(|| property.clone(), both);
        properties.insert(name.clone(), merged);
    }
    let required = success.remove("required").unwrap_or_else(|| json!([]));
    let failed = failure.get("required").cloned().unwrap_or_else(|| json!([]));
    success.insert("properties".to_owned(), Value::Object(properties));
    success.insert("anyOf".to_owned(), json!([{ "required": required }, { "required": failed }]));
    Arc::new(success)
}

fn into_object(schema: Schema) -> JsonObject {
    let mut object = match schema.to_value() {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    };
    // Older validators refuse a dialect that they do not know; nothing here needs one.
    object.remove("$schema");
    object.remove("title");
    object.remove("description");
    object.entry("type").or_insert_with(|| json!("object"));
    object
}

fn take_object(object: &mut JsonObject, key: &str) -> JsonObject {
    match object.remove(key) {
        Some(Value::Object(value)) => value,
        _ => JsonObject::new(),
    }
}

/// Shows an optional parameter as its type, not as "its type or null": several
/// clients do not understand unions. A null is accepted all the same.
struct OptionalMeansAbsent;

impl Transform for OptionalMeansAbsent {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(object) = schema.as_object_mut() {
            drop_null(object);
        }
        transform_subschemas(self, schema);
    }
}

/// Plain types: a choice between documented constants becomes one enum, with what each means
/// in its description, and numbers are numbers.
struct PlainTypes {
    explained: bool,
}

impl Transform for PlainTypes {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(object) = schema.as_object_mut() {
            // Names of Rust's number types, which validators warn of.
            if object.get("format").and_then(Value::as_str).is_some_and(|format| format != "date-time") {
                object.remove("format");
            }
            self.collapse(object);
        }
    }
}

impl PlainTypes {
    fn collapse(&self, object: &mut JsonObject) {
        let Some(Value::Array(choices)) = object.get("oneOf") else { return };
        let Some(values) =
            choices.iter().map(|choice| choice.get("const").cloned()).collect::<Option<Vec<_>>>()
        else {
            return;
        };
        let explain = |choice: &Value| {
            let text = choice.get("description").and_then(Value::as_str)?;
            Some(format!("{}: {}", choice.get("const").and_then(Value::as_str)?, text.trim_end_matches('.')))
        };
        let meanings: Vec<String> = choices.iter().filter_map(explain).collect();
        object.remove("oneOf");
        object.insert("type".to_owned(), json!("string"));
        object.insert("enum".to_owned(), Value::Array(values));
        if self.explained && !meanings.is_empty() {
            let about = object.get("description").and_then(Value::as_str).unwrap_or_default();
            let about = format!("{about} {}.", meanings.join("; "));
            object.insert("description".to_owned(), about.trim().into());
        }
    }
}

fn drop_null(object: &mut JsonObject) {
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(mut choices)) = object.remove("anyOf") else { return };
    choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
    match choices.as_slice() {
        // The parameter's own description is the better one: it stays.
        [Value::Object(only)] => only.iter().for_each(|(key, value)| {
            object.entry(key).or_insert_with(|| value.clone());
        }),
        _ => {
            object.insert("anyOf".to_owned(), Value::Array(choices));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        /// Its colour.
        colour: Option<Colour>,
        #[serde(default)]
        count: Option<u8>,
        name: String,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        /// Like blood.
        Red,
        /// Like the sky.
        Blue,
    }

    #[test]
    fn inputs_are_plain_and_closed() {
        let schema = Value::Object(input::<Sample>().as_ref().clone());
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["required"], json!(["name"]));
        assert_eq!(schema["properties"]["colour"]["enum"], json!(["red", "blue"]));
        let meaning = "Its colour. red: Like blood; blue: Like the sky.";
        assert_eq!(schema["properties"]["colour"]["description"], meaning);
        assert_eq!(schema["properties"]["count"]["type"], "integer");
        assert!(!schema.to_string().contains("null") && !schema.to_string().contains("$ref"), "{schema}");
    }

    #[derive(Serialize, JsonSchema)]
    struct WithDetails {
        details: Sample,
    }

    #[test]
    fn a_reply_may_use_a_name_of_the_error_object() {
        let schema = Value::Object(output::<WithDetails>().as_ref().clone());
        let validator = jsonschema::validator_for(&schema).unwrap();
        let failure =
            json!({ "error_code": "X", "error": "", "hint": "", "retryable": false, "details": {} });
        assert!(validator.is_valid(&failure));
        assert!(validator.is_valid(&json!({ "details": { "colour": null, "count": null, "name": "x" } })));
        assert!(!validator.is_valid(&json!({ "details": 1 })));
    }

    #[test]
    fn outputs_admit_the_result_and_the_error_object_and_nothing_else() {
        let schema = Value::Object(output::<Sample>().as_ref().clone());
        let validator = jsonschema::validator_for(&schema).unwrap();
        let failure =
            json!({ "error_code": "NOT_FOUND", "error": "", "hint": "", "retryable": false, "details": {} });
        assert!(validator.is_valid(&failure));
        assert!(validator.is_valid(&json!({ "colour": "red", "count": null, "name": "x" })));
        assert!(!validator.is_valid(&json!({ "colour": "red", "count": 1 })));
        assert!(!validator.is_valid(&json!({ "error_code": "NOT_FOUND" })));
    }
}

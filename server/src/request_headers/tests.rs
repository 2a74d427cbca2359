use std::sync::Arc;

use rmcp::model::ErrorCode;
use serde_json::json;

use super::*;

const MISMATCH: i32 = ErrorCode::HEADER_MISMATCH.0;
const UNSUPPORTED: i32 = ErrorCode::UNSUPPORTED_PROTOCOL_VERSION.0;
const INVALID: i32 = ErrorCode::INVALID_PARAMS.0;

fn meta(version: &str) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

fn request(method: &str, mut params: Value) -> Value {
    if params.get("_meta").is_none() {
        params["_meta"] = meta(FIRST_MODERN);
    }
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The tool "deploy", two of whose parameters are headers as well.
fn schema(tool: &str) -> Option<Arc<JsonObject>> {
    let schema = json!({"type": "object", "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "count": {"type": "integer"},
        "where": {"type": "object", "properties": {"dry": {"type": "boolean", "x-mcp-header": "Dry-Run"}}},
    }});
    (tool == "deploy").then(|| Arc::new(schema.as_object().cloned().unwrap()))
}

/// The code of the refusal, 0 for none.
fn checked(pairs: &[(&str, &str)], request: &Value) -> i32 {
    let supported = ProtocolVersion::KNOWN_VERSIONS;
    match check(&headers(pairs), request.to_string().as_bytes(), supported, schema) {
        Ok(()) => 0,
        Err(error) => error.code.0,
    }
}

#[test]
fn the_headers_of_a_request_agree_with_its_body_or_it_is_refused() {
    let version = ("mcp-protocol-version", FIRST_MODERN);
    let list = request("tools/list", json!({}));
    let call = request("tools/call", json!({"name": "plan", "arguments": {}}));
    let read = request("resources/read", json!({"uri": "task://é"}));
    let task = request("tasks/get", json!({"taskId": "t1"}));
    let (as_list, as_call) = (("mcp-method", "tools/list"), ("mcp-method", "tools/call"));
    let as_read = ("mcp-method", "resources/read");
    for (pairs, request, expected) in [
        (vec![version, as_list], &list, 0),
        (vec![version, as_list, ("mcp-name", "whatever")], &list, 0),
        (vec![as_list], &list, MISMATCH),
        (vec![version], &list, MISMATCH),
        (vec![version, ("mcp-method", "Tools/List")], &list, MISMATCH),
        (vec![version, as_call], &list, MISMATCH),
        (vec![version, version, as_list], &list, MISMATCH),
        (vec![version, as_list, as_list], &list, MISMATCH),
        (vec![("mcp-protocol-version", "2025-11-25"), as_list], &list, MISMATCH),
        (vec![version, as_call, ("mcp-name", "plan")], &call, 0),
        (vec![version, as_call, ("mcp-name", "=?base64?cGxhbg==?=")], &call, 0),
        (vec![version, as_call, ("mcp-name", "=?base64?pl*n?=")], &call, MISMATCH),
        (vec![version, as_call, ("mcp-name", "status")], &call, MISMATCH),
        (vec![version, as_call], &call, MISMATCH),
        (vec![version, as_read, ("mcp-name", "=?base64?dGFzazovL8OpCg==?=")], &read, MISMATCH),
        (vec![version, as_read, ("mcp-name", "=?base64?dGFzazovL8Op?=")], &read, 0),
        (vec![version, ("mcp-method", "tasks/get"), ("mcp-name", "t1")], &task, 0),
        (vec![version, ("mcp-method", "tasks/get"), ("mcp-name", "t2")], &task, MISMATCH),
    ] {
        assert_eq!(checked(&pairs, request), expected, "{pairs:?} {request}");
    }
}

#[test]
fn parameters_that_are_headers_as_well_agree() {
    let with = |arguments: Value, more: &[(&str, &str)]| {
        let call = request("tools/call", json!({"name": "deploy", "arguments": arguments}));
        let mut pairs = vec![
            ("mcp-protocol-version", FIRST_MODERN),
            ("mcp-method", "tools/call"),
            ("mcp-name", "deploy"),
        ];
        pairs.extend_from_slice(more);
        checked(&pairs, &call)
    };
    let region = ("mcp-param-region", "eu");
    for (arguments, more, expected) in [
        (json!({}), vec![], 0),
        (json!({"region": null}), vec![], 0),
        (json!({"count": 3}), vec![], 0),
        (json!({"region": "eu"}), vec![region], 0),
        (json!({"region": "eu"}), vec![("mcp-param-region", "=?base64?ZXU=?=")], 0),
        (json!({"region": "eu"}), vec![], MISMATCH),
        (json!({"region": "eu"}), vec![("mcp-param-region", "us")], MISMATCH),
        (json!({"region": "eu"}), vec![region, region], MISMATCH),
        (json!({}), vec![region], MISMATCH),
        (json!({"region": null}), vec![region], MISMATCH),
        (json!({"where": {"dry": true}}), vec![("mcp-param-dry-run", "true")], 0),
        (json!({"where": {"dry": true}}), vec![("mcp-param-dry-run", "false")], MISMATCH),
        (json!({"where": 7}), vec![("mcp-param-dry-run", "true")], MISMATCH),
        (json!({}), vec![("mcp-param-unknown", "x")], 0),
    ] {
        assert_eq!(with(arguments.clone(), &more), expected, "{arguments} {more:?}");
    }
}

#[test]
fn a_request_names_a_revision_that_is_supported_and_itself() {
    let of = |meta: Value, header: &str| {
        let list = request("tools/list", json!({ "_meta": meta }));
        checked(&[("mcp-protocol-version", header), ("mcp-method", "tools/list")], &list)
    };
    assert_eq!(of(meta("2031-01-01"), "2031-01-01"), UNSUPPORTED);
    assert_eq!(of(meta("2025-11-25"), "2025-11-25"), 0);
    assert_eq!(of(json!({}), FIRST_MODERN), INVALID);
    assert_eq!(of(json!(7), FIRST_MODERN), INVALID);
    assert_eq!(of(json!({"io.modelcontextprotocol/protocolVersion": FIRST_MODERN}), FIRST_MODERN), INVALID);
    let supported = ProtocolVersion::KNOWN_VERSIONS;
    let none = |_: &str| None::<Arc<JsonObject>>;
    let list = request("tools/list", json!({"_meta": meta("2031-01-01")})).to_string();
    let sent = headers(&[("mcp-protocol-version", "2031-01-01")]);
    let error = check(&sent, list.as_bytes(), supported, none).unwrap_err();
    let data = error.data.unwrap();
    assert_eq!(data["requested"], "2031-01-01");
    assert_eq!(data["supported"], json!(supported));
}

#[test]
fn a_body_of_the_stateless_era_is_recognised() {
    for (meta, modern, complete) in [
        (meta(FIRST_MODERN), true, true),
        (meta("2025-11-25"), true, true),
        (json!({"io.modelcontextprotocol/protocolVersion": FIRST_MODERN}), true, false),
        (json!({"io.modelcontextprotocol/protocolVersion": "2025-11-25"}), false, false),
        (json!({"progressToken": 1}), false, false),
    ] {
        let text = request("tools/list", json!({"_meta": meta})).to_string();
        assert_eq!((is_modern(text.as_bytes()), is_complete(text.as_bytes())), (modern, complete), "{text}");
    }
    for text in ["", "[]", "{}", r#"{"method":"x"}"#, r#"{"method":"x","params":[1]}"#] {
        assert!(!is_modern(text.as_bytes()) && !is_complete(text.as_bytes()), "{text}");
    }
}

#[test]
fn a_notification_is_named_by_its_header() {
    let named = |pairs: &[(&str, &str)]| check_notification(&headers(pairs), "notifications/x").is_ok();
    assert!(named(&[("mcp-method", "notifications/x")]));
    assert!(!named(&[("mcp-method", "notifications/y")]) && !named(&[]));
}

#[test]
fn a_refusal_does_not_repeat_what_is_long() {
    let long = "\u{1}".repeat(100_000);
    let meta = |version: &str| json!({"_meta": meta(version)});
    let call = request("tools/list", meta(FIRST_MODERN)).to_string();
    let later = request("x", meta(&format!("2027{long}"))).to_string();
    let said = format!("2027{long}");
    let no_schema = |_: &str| None::<Arc<JsonObject>>;
    for (pairs, request) in [
        (vec![("mcp-protocol-version", FIRST_MODERN), ("mcp-method", &*long)], &call),
        (vec![("mcp-protocol-version", &*long)], &call),
        (vec![("mcp-protocol-version", &*said)], &later),
    ] {
        let supported = ProtocolVersion::KNOWN_VERSIONS;
        let error = check(&headers(&pairs), request.as_bytes(), supported, no_schema).unwrap_err();
        assert!(json!(error).to_string().len() < 4000, "{:?}", error.code);
    }
    let error = check_notification(&headers(&[("mcp-method", "x")]), &long).unwrap_err();
    assert!(json!(error).to_string().len() < 4000);
}

#[test]
fn parameters_in_an_array_are_none() {
    let request = br#"{"method":"tools/call","params":["a",null,null,null,{}]}"#;
    let read = body::Body::read(request).unwrap();
    assert_eq!((read.name(), read.meta.is_some()), (None, false));
}

//! Which messages are calls of reboot tools, and what they ask for.

use proptest::prelude::*;
use serde_json::{Value, json};
use task_orchestrator_shared::restart::{Reason, RestartRequest};

use super::{command, message};
use crate::envelope::RequestId;
use crate::reboot::*;

const NAMES: [&str; 5] = [RESTART_SERVER, HEALTH_CHECK, SHUTDOWN_PREPARE, RESTART_STATUS, RECONNECT_TEST];

fn restart(arguments: Value) -> (RestartRequest, bool) {
    match command(RESTART_SERVER, arguments) {
        Command::Restart { request, wait } => (*request, wait),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_tool_is_recognised_with_its_defaults() {
    for name in NAMES {
        for arguments in [json!({}), Value::Null] {
            let call = recognise(message(name, arguments).to_string().as_bytes()).unwrap();
            assert_eq!((call.id, call.tool), (RequestId::Number(7), name));
            assert!(!call.modern && call.progress_token.is_none() && call.command.is_ok(), "{name}");
        }
        let bare = json!({ "jsonrpc": "2.0", "id": "x", "method": "tools/call", "params": { "name": name } });
        assert!(recognise(bare.to_string().as_bytes()).unwrap().command.is_ok());
    }
    assert_eq!(restart(json!({})), (RestartRequest::default(), true));
    let Command::Status(scope) = command(RESTART_STATUS, json!({})) else { panic!() };
    assert_eq!(scope, StatusScope { include_history: false, include_error_details: true, limit: 20 });
    let Command::Reconnect(scope) = command(RECONNECT_TEST, json!({})) else { panic!() };
    let all =
        ReconnectScope { session_id: None, include_buffer_status: true, include_reconnection_stats: true };
    assert_eq!(scope, all);
}

#[test]
fn arguments_arrive_and_nulls_are_defaults() {
    let given = json!({ "graceful": true, "preserve_state": true, "timeout": 300, "reason": "error_recovery", "wait": false });
    let (request, wait) = restart(given);
    assert_eq!((request.timeout, request.reason, wait), (Some(300), Reason::ErrorRecovery, false));
    assert!(request.clear_buffers, "what waits is answered when recovering from an error");
    let nulls =
        json!({ "graceful": null, "preserve_state": null, "timeout": null, "reason": null, "wait": null });
    assert_eq!(restart(nulls), (RestartRequest::default(), true));
    assert_eq!(restart(json!({ "reason": "manual_restart" })).0.reason, Reason::ManualRequest);
    assert!(!restart(json!({ "reason": "emergency_shutdown", "graceful": true })).0.graceful);
    let Command::Health(scope) = command(HEALTH_CHECK, json!({ "include_database_status": false })) else {
        panic!()
    };
    assert!(!scope.include_database_status && scope.include_reboot_readiness);
    let Command::Reconnect(scope) = command(RECONNECT_TEST, json!({ "session_id": "a-B_9" })) else {
        panic!()
    };
    assert_eq!(scope.session_id.as_deref(), Some("a-B_9"));
}

#[test]
fn what_is_wrong_is_the_protocols_error_naming_the_field() {
    for (tool, arguments, field) in [
        (RESTART_SERVER, json!({ "timeout": 9 }), "timeout"),
        (RESTART_SERVER, json!({ "timeout": 301 }), "timeout"),
        (RESTART_SERVER, json!({ "timeout": -1 }), "timeout"),
        (RESTART_SERVER, json!({ "timeout": "30" }), "timeout"),
        (RESTART_SERVER, json!({ "graceful": "yes" }), "graceful"),
        (RESTART_SERVER, json!({ "reason": "boredom" }), "reason"),
        (RESTART_SERVER, json!({ "binary": "/bin/sh" }), "binary"),
        (RESTART_SERVER, json!({ "gracefull": true }), "gracefull"),
        (RESTART_STATUS, json!({ "limit": 0 }), "limit"),
        (RESTART_STATUS, json!({ "limit": 1001 }), "limit"),
        (RECONNECT_TEST, json!({ "session_id": "../x" }), "session_id"),
        (RECONNECT_TEST, json!({ "session_id": "" }), "session_id"),
        (RECONNECT_TEST, json!({ "session_id": "x".repeat(65) }), "session_id"),
        (HEALTH_CHECK, json!([]), "arguments"),
        (SHUTDOWN_PREPARE, json!({ "check_active_tasks": 1 }), "check_active_tasks"),
    ] {
        let call = recognise(message(tool, arguments.clone()).to_string().as_bytes()).unwrap();
        let error = call.command.unwrap_err();
        assert_eq!((error.code.0, &error.data.as_ref().unwrap()["field"]), (-32602, &json!(field)));
        let answer: Value = serde_json::from_slice(&refused(&call.id, &error)).unwrap();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(-32602)), "{arguments}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(field), "{answer}");
    }
}

#[test]
fn era_and_progress_token_are_read_from_the_calls_meta() {
    let mut call = message(HEALTH_CHECK, json!({}));
    call["params"]["_meta"] =
        json!({ "progressToken": "t", "io.modelcontextprotocol/protocolVersion": "2026-07-28" });
    let found = recognise(call.to_string().as_bytes()).unwrap();
    assert!(found.modern && found.progress_token == Some(json!("t")));
    call["params"]["_meta"] = json!({ "progressToken": { "a": 1 } });
    let found = recognise(call.to_string().as_bytes()).unwrap();
    assert!(!found.modern && found.progress_token.is_none());
}

#[test]
fn what_is_no_such_call_is_left_to_others() {
    let named = json!({ "title": RESTART_SERVER, "text": format!("call {HEALTH_CHECK}") });
    for other in [
        message("orchestrator_update_task", named),
        message("orchestrator_restart_servers", json!({})),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "name": HEALTH_CHECK } }),
        json!({ "jsonrpc": "2.0", "method": "tools/call", "params": { "name": HEALTH_CHECK } }),
        json!({ "jsonrpc": "2.0", "id": null, "method": "tools/call", "params": { "name": HEALTH_CHECK } }),
        json!({ "jsonrpc": "2.0", "id": 1, "result": { "name": HEALTH_CHECK } }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": [HEALTH_CHECK, {}, {}] }),
        json!(["tools/call", 1, { "name": HEALTH_CHECK }]),
    ] {
        assert!(recognise(other.to_string().as_bytes()).is_none(), "{other}");
    }
    let twice = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"a","name":"{HEALTH_CHECK}"}}}}"#
    );
    for broken in [twice.as_bytes(), HEALTH_CHECK.as_bytes(), b"\xff\\u", b"{\"orchestrator_restart_server"] {
        assert!(recognise(broken).is_none());
    }
}

#[test]
fn deep_nesting_costs_no_stack() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let text = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{HEALTH_CHECK}","arguments":{{"a":{deep}}}}}}}"#
    );
    assert!(recognise(text.as_bytes()).unwrap().command.is_err());
}

/// What a reader who parses the whole message would say.
fn by_full_parse(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    let name = value["params"]["name"].as_str()?;
    let is_call = value["method"] == "tools/call" && (value["id"].is_i64() || value["id"].is_string());
    (is_call && NAMES.contains(&name)).then(|| name.to_owned())
}

/// The same text, some of its letters spelt as escapes.
fn spelt(text: &str, escaped: &[bool]) -> String {
    let mut escaped = escaped.iter().cycle();
    let letter = |letter: char| match escaped.next() {
        Some(true) => format!("\\u{:04x}", u32::from(letter)),
        _ => letter.to_string(),
    };
    text.chars().map(letter).collect()
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned),
        1 => "orchestrator_(restart|health|reconnect)_?[a-z_]{0,12}",
        1 => "[a-z_]{0,30}",
    ]
}

proptest! {
    #[test]
    fn recognition_agrees_with_a_full_parse(
        name in any_name(),
        method in prop_oneof![4 => Just("tools/call".to_owned()), 1 => any_name(), 1 => "[a-z/]{0,12}"],
        id in prop::sample::select(&["1", "\"a\"", "null", "1.5", "{}"][..]),
        elsewhere in any_name(),
        escaped in prop::collection::vec(any::<bool>(), 1..8),
        spell in any::<bool>(),
        before in any::<bool>(),
    ) {
        let name = if spell { spelt(&name, &escaped) } else { name };
        let method = if spell { spelt(&method, &escaped) } else { method };
        let other = format!(r#""arguments":{{"title":"{elsewhere}","{elsewhere}":["{elsewhere}"]}}"#);
        let name = format!(r#""name":"{name}""#);
        let (first, second) = if before { (other, name) } else { (name, other) };
        let text = format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{{first}, {second}}},"id":{id}}}"#);
        let found = recognise(text.as_bytes()).map(|call| call.tool.to_owned());
        prop_assert_eq!(found, by_full_parse(&text), "{}", text);
    }

    #[test]
    fn no_bytes_bring_it_down(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..200) {
        let mut text = message(RESTART_SERVER, json!({ "timeout": 30 })).to_string().into_bytes();
        let at = at.min(text.len());
        text.splice(at..at, bytes);
        let _ = recognise(&text);
    }
}

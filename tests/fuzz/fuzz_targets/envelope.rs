//! Any line is a message or is refused with a code of JSON-RPC, and a second
//! reader of the same line finds the same id and method in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use task_orchestrator::envelope::{Envelope, RequestId, parse};

/// What a general reader finds; `None` where its limits (depth, size of numbers) are narrower.
fn general(line: &[u8]) -> Option<Value> {
    serde_json::from_slice(line).ok()
}

fn value(id: &RequestId) -> Value {
    match id {
        RequestId::Number(number) => json!(number),
        RequestId::Text(text) => json!(text),
    }
}

fuzz_target!(|line: &[u8]| {
    let parsed = match parse(line) {
        Ok(parsed) => parsed,
        Err(refused) => {
            assert!(refused.code == -32700 || refused.code == -32600, "{refused:?}");
            assert!(refused.message.len() < 1000, "the refusal repeats the line");
            return;
        }
    };
    std::str::from_utf8(line).expect("a message is UTF-8");
    let Some(read) = general(line) else { return };
    assert_eq!(read["jsonrpc"], "2.0");
    match parsed {
        Envelope::Request { id, method } => {
            assert_eq!((&read["id"], &read["method"]), (&value(&id), &json!(method)));
        }
        Envelope::Notification { method, params } => {
            assert_eq!(read["method"], *method);
            assert!(read.get("id").is_none());
            let params = params.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
            // Parameters that are null are as good as none.
            assert_eq!(params.unwrap_or_default(), read["params"]);
        }
        Envelope::Response { id } => {
            assert_eq!(read["id"], id.as_ref().map(value).unwrap_or_default());
            assert!(read.get("result").is_some() || read.get("error").is_some());
        }
    }
});

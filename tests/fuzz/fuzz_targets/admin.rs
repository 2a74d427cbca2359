//! Any line on the admin socket is a message that can be said again in the same
//! words, or is refused in few; and a second reader of the same line finds the same
//! id and method in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use task_orchestrator_shared::admin::codec::{FromClient, FromServer, HELLO, MAX_COMPLAINT};

fn of_client(line: &[u8], general: Option<&Value>) {
    let message = match FromClient::read(line) {
        Ok(message) => message,
        Err(refused) => {
            assert!((-32768..=-32000).contains(&refused.code), "{refused:?}");
            assert!(refused.message.chars().count() <= MAX_COMPLAINT, "the refusal repeats the line");
            if let (Some(id), Some(general)) = (refused.id, general) {
                assert_eq!(general["id"], json!(id), "the refusal goes to somebody else");
            }
            return;
        }
    };
    let said = message.line().expect("what was read can be said");
    assert!(!said.contains('\n'), "a message is one line");
    assert_eq!(FromClient::read(said.as_bytes()).as_ref(), Ok(&message), "{said}");
    let (id, method) = match &message {
        FromClient::Hello { id, .. } => (*id, HELLO),
        FromClient::Call(call) => (call.id, call.request.method()),
    };
    if let Some(general) = general {
        assert_eq!((&general["id"], &general["method"]), (&json!(id), &json!(method)));
    }
}

fn of_server(line: &[u8], general: Option<&Value>) {
    let (Ok(message), Some(general)) = (FromServer::read(line), general) else { return };
    let method = match message {
        FromServer::Answer { id, answer } => {
            assert_eq!(general["id"].as_u64().unwrap_or(0), id);
            assert_eq!(general["method"], Value::Null, "an answer names no method");
            assert!(answer.is_err() || general.get("result").is_some());
            return;
        }
        FromServer::Event { id, .. } => {
            assert_eq!(general["request"].as_u64().unwrap_or(0), id);
            "event"
        }
        FromServer::Delta(_) => "delta",
        FromServer::View(_) => "view",
        FromServer::Log(_) => "log",
        FromServer::Unknown => return,
    };
    assert_eq!(general["method"], method);
}

fuzz_target!(|line: &[u8]| {
    // `None` where a general reader's limits (depth, size of numbers) are narrower.
    let general: Option<Value> = serde_json::from_slice(line).ok();
    of_client(line, general.as_ref());
    of_server(line, general.as_ref());
});

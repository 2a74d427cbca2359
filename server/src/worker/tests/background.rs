//! Calls in the background as their clients meet them: made, asked for, called off,
//! and gone on with by the next worker.

use std::time::Duration;

use serde_json::{Value, json};

use super::Harness;
use super::harness::Client;
use crate::link::FrontState;
use crate::worker::program::Options;

const TOOL: &str = "orchestrator_maintenance_coordinator";

/// This many tasks, of which every tenth is left over.
fn fill(harness: &Harness, count: u32) {
    harness.sql(&format!(
        "INSERT INTO tasks (id, title, description, status, task_type, specialist, complexity, created_at, updated_at)
             VALUES ('plan', 'given up', '', 'cancelled', 'breakdown', 'generic', 'simple', 1, 1);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO tasks (id, parent, title, description, status, task_type, specialist, complexity, created_at, updated_at)
             SELECT 'n' || i, iif(i % 10 = 0, (SELECT seq FROM tasks WHERE id = 'plan'), NULL), 'task ' || i, '',
                 'pending', 'standard', 'generic', 'simple', i + 1, i + 1 FROM n;"
    ));
}

fn cleanup(dry_run: bool) -> Value {
    json!({ "action": "scan_cleanup", "scope": "full_project", "dry_run": dry_run })
}

fn slow() -> Options {
    Options { page_delay: Some(Duration::from_millis(100)), ..Options::default() }
}

async fn begin(client: &mut Client, arguments: Value) -> Value {
    let handle = client.request("tools/call", json!({ "name": TOOL, "arguments": arguments })).await.unwrap();
    assert_eq!((&handle["resultType"], &handle["status"]), (&json!("task"), &json!("working")), "{handle}");
    assert!(handle["ttlMs"].as_u64().unwrap() >= 3_600_000 && handle["pollIntervalMs"].is_u64(), "{handle}");
    for absent in ["result", "error", "task", "requestState", "ttl", "content"] {
        assert!(handle.get(absent).is_none(), "{absent}: {handle}");
    }
    handle
}

async fn ask(client: &mut Client, method: &str, handle: &Value) -> Result<Value, Value> {
    let mut params = json!({ "taskId": handle["taskId"] });
    if method == "tasks/update" {
        params["inputResponses"] = json!({ "unknown": { "action": "accept" } });
    }
    client.request(method, params).await
}

/// Asks until it has ended.
async fn ended(client: &mut Client, handle: &Value) -> Value {
    let ended = async {
        loop {
            let call = ask(client, "tasks/get", handle).await.unwrap();
            assert_eq!(call["resultType"], "complete");
            if call["status"] != "working" {
                return call;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("it ends")
}

#[tokio::test]
async fn a_long_call_is_a_handle_and_then_a_result() {
    let harness = Harness::new().await;
    fill(&harness, 1200);
    let mut client = harness.patient("a");
    let handle = begin(&mut client, cleanup(false)).await;
    let call = ended(&mut client, &handle).await;
    assert_eq!((&call["status"], &call["taskId"]), (&json!("completed"), &handle["taskId"]));
    let result = &call["result"];
    assert_eq!(result["isError"], false);
    let steps = result["structuredContent"]["actions"].as_array().unwrap();
    assert!(steps.iter().filter(|step| step["applied"] == true).count() >= 100);
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"]);
    assert!(harness.shared.store.suspended_calls().unwrap().is_empty(), "no checkpoint stays");
    for method in ["tasks/cancel", "tasks/update"] {
        assert_eq!(ask(&mut client, method, &handle).await.unwrap(), json!({ "resultType": "complete" }));
    }
    assert_eq!(ask(&mut client, "tasks/get", &handle).await.unwrap()["status"], "completed");
}

#[tokio::test]
async fn the_extension_is_shown_to_those_alone_who_can_have_it() {
    let harness = Harness::new().await;
    let mut client = harness.patient("a");
    let shown = client.request("server/discover", json!({})).await.unwrap();
    assert_eq!(shown["capabilities"]["extensions"], json!({ "io.modelcontextprotocol/tasks": {} }));
    let handle = begin(&mut client, cleanup(true)).await;
    let direct = client.request("tools/call", json!({ "name": "orchestrator_get_status" })).await.unwrap();
    assert!(direct["resultType"] == "complete" && direct["content"].is_array(), "{direct}");
    let mut plain = harness.modern().await;
    assert_eq!(plain.call(TOOL, cleanup(true)).await["actions"], json!([]));
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let error = ask(&mut plain, method, &handle).await.unwrap_err();
        assert_eq!(error["code"], -32021, "{error}");
    }
    let mut legacy = harness.connect();
    let capabilities = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities,
        "clientInfo": { "name": "t", "version": "1" } });
    let shown = legacy.request("initialize", params).await.unwrap();
    legacy.notify("notifications/initialized", json!({})).await;
    assert!(shown["capabilities"].get("extensions").is_none(), "{shown}");
    assert_eq!(legacy.call(TOOL, cleanup(true)).await["actions"], json!([]));
    assert_eq!(ask(&mut legacy, "tasks/get", &handle).await.unwrap_err()["code"], -32601);
}

#[tokio::test]
async fn nobody_else_finds_a_call() {
    let harness = Harness::new().await;
    let (mut owner, mut other) = (harness.patient("a"), harness.patient("b"));
    let handle = begin(&mut owner, cleanup(true)).await;
    let nothing = json!({ "taskId": "nothing" });
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let theirs = ask(&mut other, method, &handle).await.unwrap_err();
        let unknown = ask(&mut owner, method, &nothing).await.unwrap_err();
        assert_eq!((&theirs["code"], &unknown["code"]), (&json!(-32602), &json!(-32602)));
        assert_eq!(theirs["data"]["error_code"], "NOT_FOUND");
    }
    let mut again = harness.patient("a");
    assert_eq!(ended(&mut again, &handle).await["status"], "completed", "over another connection");
    harness.sql("UPDATE background_calls SET expires_at = 1");
    assert_eq!(ask(&mut owner, "tasks/get", &handle).await.unwrap_err()["code"], -32602, "its time is over");
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_told_at_once() {
    let harness = Harness::new().await;
    let mut client = harness.patient("a");
    let error = client.malformed(TOOL, json!({ "action": "dance" })).await;
    assert_eq!(error["data"]["field"], "action");
    client.meta["idempotencyKey"] = json!("x".repeat(300));
    assert_eq!(client.fail(TOOL, cleanup(false)).await["error_code"], "INVALID_ARGUMENT");
    client.meta["idempotencyKey"] = Value::Null;
    harness.shared.front_changed(FrontState { safe_mode: true, ..FrontState::default() });
    assert_eq!(client.fail(TOOL, cleanup(false)).await["error_code"], "RESTART_011");
    assert_eq!(harness.shared.store.open_calls().unwrap(), 0);
    harness.shared.front_changed(FrontState::default());
    // A failure of the tool is a result.
    let missing =
        json!({ "action": "validate_structure", "scope": "specific_subtask", "target_task_id": "none" });
    let handle = begin(&mut client, missing).await;
    let call = ended(&mut client, &handle).await;
    assert_eq!((&call["status"], &call["result"]["isError"]), (&json!("completed"), &json!(true)), "{call}");
    assert_eq!(call["result"]["structuredContent"]["error_code"], "NOT_FOUND");
}

#[tokio::test]
async fn a_request_sent_again_has_the_same_handle_and_a_key_the_same_effect() {
    let harness = Harness::new().await;
    fill(&harness, 300);
    let mut client = harness.patient("a");
    client.number_next(700);
    let first = begin(&mut client, cleanup(false)).await;
    client.number_next(700);
    let again = begin(&mut client, cleanup(false)).await;
    assert_eq!(first, again);
    let first = ended(&mut client, &first).await;
    client.meta["idempotencyKey"] = json!("k");
    let (one, two) = (begin(&mut client, cleanup(false)).await, begin(&mut client, cleanup(false)).await);
    assert_ne!(one["taskId"], two["taskId"]);
    let (one, two) = (ended(&mut client, &one).await, ended(&mut client, &two).await);
    assert_eq!(one["result"], two["result"]);
    assert_ne!(first["result"], one["result"]);
}

#[tokio::test]
async fn a_call_is_called_off_at_its_next_page() {
    let harness = Harness::new().await.replaced(slow()).await;
    fill(&harness, 9000);
    let mut client = harness.patient("a");
    let handle = begin(&mut client, cleanup(false)).await;
    assert_eq!(ask(&mut client, "tasks/cancel", &handle).await.unwrap(), json!({ "resultType": "complete" }));
    let call = ended(&mut client, &handle).await;
    assert_eq!(call["status"], "cancelled", "{call}");
    assert!(call.get("result").is_none() && call.get("error").is_none(), "{call}");
    let status = client.request("tools/call", json!({ "name": "orchestrator_get_status" })).await.unwrap();
    assert_eq!(status["structuredContent"]["counts"]["pending"], 9000, "nothing was changed");
}

#[tokio::test]
async fn a_suspended_call_goes_on_when_the_restart_comes_to_nothing() {
    let harness = Harness::new().await.replaced(slow()).await;
    fill(&harness, 3000);
    let mut client = harness.patient("a");
    let handle = begin(&mut client, cleanup(false)).await;
    let begun = async {
        while harness.shared.jobs.running() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), begun).await.expect("it begins");
    harness.shared.suspend();
    let suspended = async {
        while !harness.shared.store.suspended_calls().unwrap().iter().any(|call| call["suspended"] == true) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), suspended).await.expect("it comes to a checkpoint");
    assert_eq!(ask(&mut client, "tasks/get", &handle).await.unwrap()["status"], "working");
    harness.shared.front_changed(FrontState::default());
    assert_eq!(ended(&mut client, &handle).await["status"], "completed");
}

#[tokio::test]
async fn the_next_worker_finishes_what_one_has_left_and_the_effect_is_there_once() {
    let harness = Harness::new().await.replaced(slow()).await;
    fill(&harness, 6000);
    let mut client = harness.patient("a");
    let (done, off) = (begin(&mut client, cleanup(false)).await, begin(&mut client, cleanup(true)).await);
    let former = std::sync::Arc::clone(&harness.shared);
    // The one before is not told: it is fenced, as one that hangs.
    let harness = harness.replaced(slow()).await;
    let mut client = harness.patient("a");
    ask(&mut client, "tasks/cancel", &off).await.unwrap();
    assert_eq!(ended(&mut client, &off).await["status"], "cancelled");
    let call = ended(&mut client, &done).await;
    assert_eq!(call["status"], "completed", "{call}");
    let archived = call["result"]["structuredContent"]["actions"].as_array().unwrap().len();
    assert!(archived > 0);
    former.background.close().await;
    let later = ask(&mut client, "tasks/get", &done).await.unwrap();
    assert!(later["result"] == call["result"], "the first has said something more");
}

//! Exactly once: a request that is sent again is answered from memory.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::Harness;

#[tokio::test]
async fn a_request_sent_again_has_the_identical_reply_and_happens_once() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    let (_, subtasks) = client.plan("P", json!([{ "title": "A" }, { "title": "B" }, { "title": "C" }])).await;
    for (sequence, (tool, arguments)) in (1000..).zip([
        ("orchestrator_initialize_session", json!({ "name": "S" })),
        ("orchestrator_plan_task", json!({ "description": "once", "subtasks": [{ "title": "x" }] })),
        ("orchestrator_update_task", json!({ "task_id": subtasks[0], "title": "Anew" })),
        ("orchestrator_execute_task", json!({ "task_id": subtasks[0] })),
        (
            "orchestrator_complete_task",
            json!({ "task_id": subtasks[0], "summary": "s", "detailed_work": "w" }),
        ),
        ("orchestrator_cancel_task", json!({ "task_id": subtasks[1], "reason": "r" })),
        ("orchestrator_delete_task", json!({ "task_id": subtasks[2], "archive_instead": false })),
    ]) {
        client.number_next(sequence);
        let first = client.reply(tool, arguments.clone()).await;
        assert_ne!(first["isError"], true, "{first:#}");
        client.number_next(sequence);
        let second = client.reply(tool, arguments).await;
        assert_eq!(first, second, "{tool}");
    }
    let found = client.call("orchestrator_query_tasks", json!({ "search_text": "once" })).await;
    assert_eq!(found["total_count"], 1);
    assert_eq!(client.call("orchestrator_list_sessions", json!({})).await["total_count"], 1);
}

#[tokio::test]
async fn a_clients_own_key_is_honoured_over_connections_and_conflicts_are_told() {
    let harness = Harness::new().await;
    let mut first = harness.client().await;
    let arguments = json!({ "title": "K", "description": "d" });
    first.meta = json!({ "idempotencyKey": "k1" });
    let planned = first.call("orchestrator_plan_task", arguments.clone()).await;
    let mut second = harness.client().await;
    second.meta = json!({ "idempotencyKey": "k1" });
    // Other order of keys: the same call.
    let same = json!({ "description": "d", "title": "K" });
    assert_eq!(second.call("orchestrator_plan_task", same).await, planned);
    let conflict =
        second.fail("orchestrator_plan_task", json!({ "title": "Other", "description": "d" })).await;
    assert_eq!(conflict["error_code"], "IDEMPOTENCY_CONFLICT");
    second.meta = json!({ "idempotencyKey": "x".repeat(300) });
    assert_eq!(
        second.fail("orchestrator_plan_task", arguments.clone()).await["error_code"],
        "INVALID_ARGUMENT"
    );
    second.meta = json!({ "idempotencyKey": 7 });
    let error = second.malformed("orchestrator_plan_task", arguments).await;
    assert_eq!(error["data"]["field"], "_meta.idempotencyKey");
}

#[tokio::test]
async fn a_write_without_an_operation_id_is_not_carried_out() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    client.envelope.without_id.store(true, Ordering::SeqCst);
    let call = json!({ "name": "orchestrator_plan_task", "arguments": { "description": "x" } });
    assert_eq!(client.request("tools/call", call).await.unwrap_err()["code"], -32603);
    let status = client.call("orchestrator_get_status", json!({})).await;
    assert_eq!(status["total_tasks"], 0, "reading needs no id");
}

#[tokio::test]
async fn a_worker_that_was_superseded_leaves_its_writes_unanswered() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    client.plan("Before", json!([])).await;
    let successor = harness.activate_successor().await;
    let call = json!({ "name": "orchestrator_plan_task", "arguments": { "description": "x" } });
    let kept_back = client.request("tools/call", call).await.unwrap_err();
    assert_eq!(kept_back["code"], -32098, "which the link's transport does not let through");
    let status = client.call("orchestrator_get_status", json!({})).await;
    assert_eq!(status["total_tasks"], 1, "reading goes on, and nothing was written");
    successor.close().await;
}

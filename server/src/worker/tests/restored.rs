//! A session that was taken over: the client goes on without a handshake and
//! hears what may have changed.

use serde_json::json;

use super::Harness;

#[tokio::test]
async fn a_session_goes_on_where_it_was() {
    let harness = Harness::new().await;
    let mut before = harness.client().await;
    let opened = before.call("orchestrator_initialize_session", json!({ "name": "S" })).await;
    let (task, _) = before.plan("P", json!([])).await;
    let uri = json!({ "uri": format!("task://{task}") });
    before.request("resources/subscribe", uri.clone()).await.unwrap();
    before.request("logging/setLevel", json!({ "level": "error" })).await.unwrap();
    let record = before.record();
    drop(before);

    // What crosses is text.
    let record = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
    let harness = harness.restart().await;
    let mut after = harness.resume(record).await;
    assert_eq!(after.notification("notifications/resources/updated").await, uri);
    let (later, _) = after.plan("Later", json!([])).await;
    let session = json!({ "session_id": opened["session_id"], "search_text": "Later" });
    let found = after.call("orchestrator_query_tasks", session).await;
    assert_eq!(found["tasks"][0]["task_id"], later.as_str());
    after.fail("orchestrator_execute_task", json!({ "task_id": "nobody" })).await;
    assert_eq!(after.seen("notifications/message"), 0, "the level is kept");
    assert_eq!(after.seen("notifications/tools/list_changed"), 0);
    assert_eq!(after.seen("notifications/prompts/list_changed"), 0);
    after.call("orchestrator_update_task", json!({ "task_id": task, "title": "x" })).await;
    assert_eq!(after.notification("notifications/resources/updated").await, uri);
}

#[tokio::test]
async fn changed_lists_are_told_once() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let record = client.record();
    drop(client);
    let file = harness.path().join(".task_orchestrator/roles/poet.yaml");
    std::fs::write(file, "poet:\n  role_definition: You rhyme.\n").unwrap();
    let harness = harness.restart().await;
    let mut after = harness.resume(record).await;
    after.notification("notifications/tools/list_changed").await;
    after.notification("notifications/prompts/list_changed").await;
    let record = after.record();
    let mut again = harness.resume(record).await;
    again.request("prompts/list", json!({})).await.unwrap();
    assert_eq!(
        again.seen("notifications/tools/list_changed") + again.seen("notifications/prompts/list_changed"),
        0
    );
}

#[tokio::test]
async fn a_client_that_has_seen_no_list_hears_of_no_change() {
    let harness = Harness::new().await;
    let mut record = harness.client().await.record();
    record.tools.clear();
    record.prompts.clear();
    let mut after = harness.resume(record).await;
    after.request("ping", json!({})).await.unwrap();
    assert_eq!(
        after.seen("notifications/tools/list_changed") + after.seen("notifications/prompts/list_changed"),
        0
    );
}

//! Subscriptions: who watches a resource hears of its changes, others do not.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::Harness;
use crate::worker::session::MAX_SUBSCRIPTIONS;

#[tokio::test]
async fn a_subscriber_of_the_older_revisions_hears_until_it_unsubscribes() {
    let harness = Harness::new().await;
    let (mut watcher, mut worker) = (harness.client().await, harness.client().await);
    let (parent, subtasks) = worker.plan("P", json!([{ "title": "A" }, { "title": "B" }])).await;
    let uri = |task: &str| json!({ "uri": format!("task://{task}") });
    watcher.request("resources/subscribe", uri(&subtasks[0])).await.unwrap();
    assert_eq!(watcher.record().subscriptions.len(), 1);

    worker.call("orchestrator_update_task", json!({ "task_id": subtasks[1], "title": "other" })).await;
    worker.call("orchestrator_update_task", json!({ "task_id": subtasks[0], "title": "mine" })).await;
    assert_eq!(watcher.notification("notifications/resources/updated").await, uri(&subtasks[0]));
    worker.plan("More", json!([])).await;
    watcher.notification("notifications/resources/list_changed").await;

    watcher.request("resources/subscribe", uri(&parent)).await.unwrap();
    watcher.request("resources/unsubscribe", uri(&subtasks[0])).await.unwrap();
    worker.call("orchestrator_update_task", json!({ "task_id": subtasks[0], "title": "silent" })).await;
    worker.call("orchestrator_update_task", json!({ "task_id": parent, "title": "loud" })).await;
    loop {
        let heard = watcher.notification("notifications/resources/updated").await;
        assert_ne!(heard, uri(&subtasks[0]));
        if heard == uri(&parent) {
            break;
        }
    }
    watcher.request("resources/unsubscribe", uri(&parent)).await.unwrap();
    assert!(watcher.record().subscriptions.is_empty());
}

#[tokio::test]
async fn one_subscription_too_many_is_refused() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    let (task, _) = client.plan("P", json!([])).await;
    let mut record = client.record();
    record.subscriptions = (0..MAX_SUBSCRIPTIONS).map(|n| format!("task://t{n}")).collect();
    let mut full = harness.resume(record).await;
    let uri = json!({ "uri": format!("task://{task}") });
    let error = full.request("resources/subscribe", uri.clone()).await.unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("1000"), "{error}");
    full.request("resources/unsubscribe", json!({ "uri": "task://t0" })).await.unwrap();
    full.request("resources/subscribe", uri).await.unwrap();
}

#[tokio::test]
async fn a_listener_of_the_newest_revision_hears_what_it_asked_for() {
    let harness = Harness::new().await;
    let (mut watcher, mut worker) = (harness.modern().await, harness.client().await);
    let (_, subtasks) = worker.plan("P", json!([{ "title": "A" }, { "title": "B" }])).await;
    let uri = format!("task://{}", subtasks[0]);
    let filter =
        json!({ "resourceSubscriptions": [uri, "file:///etc/passwd"], "resourcesListChanged": true });
    let id = watcher.send("subscriptions/listen", json!({ "notifications": filter })).await;
    let accepted = watcher.notification("notifications/subscriptions/acknowledged").await;
    assert_eq!(accepted["notifications"]["resourceSubscriptions"], json!([uri]));

    worker.call("orchestrator_update_task", json!({ "task_id": subtasks[1], "title": "other" })).await;
    worker.call("orchestrator_update_task", json!({ "task_id": subtasks[0], "title": "mine" })).await;
    let heard = watcher.notification("notifications/resources/updated").await;
    assert_eq!(heard["uri"], uri.as_str());
    assert_eq!(heard["_meta"]["io.modelcontextprotocol/subscriptionId"], id);
    worker.plan("More", json!([])).await;
    watcher.notification("notifications/resources/list_changed").await;
    assert!(watcher.request("resources/subscribe", json!({ "uri": uri })).await.is_err());

    watcher.notify("notifications/cancelled", json!({ "requestId": id })).await;
    watcher.request("tools/list", json!({})).await.unwrap();
    let heard = watcher.seen("notifications/resources/updated");
    worker.call("orchestrator_update_task", json!({ "task_id": subtasks[0], "title": "unheard" })).await;
    watcher.request("tools/list", json!({})).await.unwrap();
    assert_eq!(watcher.seen("notifications/resources/updated"), heard);
}

#[tokio::test]
async fn a_listener_whose_worker_died_is_told_of_everything_once() {
    let harness = Harness::new().await;
    let mut client = harness.modern().await;
    let (task, _) = client.plan("P", json!([])).await;
    let uri = format!("task://{task}");
    client.envelope.replayed.store(true, Ordering::SeqCst);
    let filter =
        json!({ "resourceSubscriptions": [uri], "resourcesListChanged": true, "toolsListChanged": true });
    client.send("subscriptions/listen", json!({ "notifications": filter })).await;
    client.notification("notifications/subscriptions/acknowledged").await;
    assert_eq!(client.notification("notifications/resources/updated").await["uri"], uri.as_str());
    client.notification("notifications/resources/list_changed").await;
    client.request("tools/list", json!({})).await.unwrap();
    assert_eq!(client.seen("notifications/tools/list_changed"), 0, "the tools are the same");
    assert_eq!(client.seen("notifications/resources/updated"), 0);
    assert_eq!(client.record().work_session.map(Value::from), None);
}

//! What a session hears of the server's own state: restarts, safe mode, the end
//! of the worker before.

use std::sync::atomic::Ordering;

use serde_json::json;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::RestartId;

use super::Harness;
use crate::link::FrontState;

fn front(phase: Phase, restart: &str) -> FrontState {
    FrontState { phase, restart: Some(RestartId(restart.to_owned())), ..FrontState::default() }
}

#[tokio::test]
async fn a_restart_is_told_once_at_its_begin_and_once_at_its_end() {
    let harness = Harness::new().await;
    let (mut curious, mut other) = (harness.client().await, harness.client().await);
    curious.request("logging/setLevel", json!({ "level": "info" })).await.unwrap();
    other.request("logging/setLevel", json!({ "level": "warning" })).await.unwrap();
    harness.shared.front_changed(front(Phase::Preparation, "r1"));
    curious.request("ping", json!({})).await.unwrap();
    for phase in [Phase::MaintenanceMode, Phase::TaskSuspension, Phase::ProcessRestart] {
        harness.shared.front_changed(front(phase, "r1"));
        curious.request("ping", json!({})).await.unwrap();
    }
    let told = curious.notification("notifications/message").await;
    assert_eq!((&told["level"], &told["logger"]), (&json!("notice"), &json!("restart")));
    let expected = json!({ "message": "a restart begins", "restart_id": "r1", "phase": "maintenance_mode" });
    assert_eq!(told["data"], expected);
    assert_eq!(curious.seen("notifications/message"), 0, "once");
    harness.shared.front_changed(front(Phase::Idle, "r1"));
    let status = other.call("orchestrator_get_status", json!({})).await;
    assert_eq!(status["server"]["phase"], "idle");
    assert_eq!(other.seen("notifications/message"), 0, "it has asked for warnings only");

    harness.shared.activate(4, front(Phase::StateRestoration, "r1"));
    let mut after = harness.resume(curious.record()).await;
    let told = after.notification("notifications/message").await;
    assert_eq!(
        (&told["data"]["message"], &told["data"]["restart_id"]),
        (&json!("the restart is complete"), &json!("r1"))
    );
    after.request("ping", json!({})).await.unwrap();
    assert_eq!(after.seen("notifications/message"), 0);
    harness.shared.front_changed(front(Phase::MaintenanceMode, "r2"));
    assert_eq!(after.notification("notifications/message").await["data"]["restart_id"], "r2");
}

#[tokio::test]
async fn the_status_shows_what_the_front_says() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    let state = FrontState { maintenance_mode: true, ..front(Phase::MaintenanceMode, "r") };
    harness.shared.front_changed(state);
    let server = client.call("orchestrator_get_status", json!({})).await["server"].take();
    assert_eq!((&server["phase"], &server["maintenance_mode"]), (&json!("maintenance_mode"), &json!(true)));
    assert_eq!(server["generation"], 3, "as it was activated");
}

#[tokio::test]
async fn safe_mode_reads_remembers_and_writes_nothing() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    client.number_next(500);
    let done = client.call("orchestrator_plan_task", json!({ "description": "before" })).await;
    harness.shared.front_changed(FrontState { safe_mode: true, ..FrontState::default() });
    for (tool, arguments) in [
        ("orchestrator_plan_task", json!({ "description": "x" })),
        ("orchestrator_initialize_session", json!({ "name": "x" })),
        ("orchestrator_maintenance_coordinator", json!({ "action": "scan_cleanup" })),
    ] {
        let refused = client.fail(tool, arguments).await;
        assert_eq!(refused["error_code"], "RESTART_011", "{tool}");
        assert!(refused["hint"].as_str().unwrap().contains("task-orchestrator restart"));
    }
    client.number_next(500);
    client.envelope.replayed.store(true, Ordering::SeqCst);
    let again = client.call("orchestrator_plan_task", json!({ "description": "before" })).await;
    assert_eq!(again, done, "what was done before the crashes is answered");
    assert_eq!(client.call("orchestrator_get_status", json!({})).await["total_tasks"], 1);
    harness.shared.front_changed(FrontState::default());
    client.plan("after", json!([])).await;
}

#[tokio::test]
async fn the_end_of_the_worker_before_is_told_to_everybody_who_watches() {
    let harness = Harness::new().await;
    let (mut older, mut newest) = (harness.client().await, harness.modern().await);
    let (task, _) = older.plan("P", json!([])).await;
    let uri = format!("task://{task}");
    older.request("resources/subscribe", json!({ "uri": uri })).await.unwrap();
    let filter = json!({ "resourceSubscriptions": [uri], "resourcesListChanged": true });
    newest.send("subscriptions/listen", json!({ "notifications": filter })).await;
    newest.notification("notifications/subscriptions/acknowledged").await;
    newest.request("tools/list", json!({})).await.unwrap();
    harness.shared.store.retire_former().await.unwrap();
    for client in [&mut older, &mut newest] {
        client.notification("notifications/resources/list_changed").await;
        assert_eq!(client.notification("notifications/resources/updated").await["uri"], uri.as_str());
    }
}

//! Limits of the tools as a client meets them, and what they must never refuse.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use task_orchestrator_shared::report::LimitCounts;

use super::Harness;
use crate::config::{self, LimitedClients};
use crate::worker::limits::Limits;

/// One call of each kind, and no other for an hour.
async fn harness() -> Harness {
    let hour = Duration::from_secs(3600);
    let limits = config::Limits {
        restart_burst: 1,
        restart_interval: hour,
        status_per_second: 1,
        reconnect_test_per_minute: 1,
        tools_apply_to: LimitedClients::All,
        read_burst: 1,
        read_interval: hour,
        write_burst: 1,
        write_interval: hour,
        heavy_burst: 1,
        heavy_interval: hour,
    };
    Harness::limited(Limits::new(&limits)).await
}

#[tokio::test]
async fn each_family_is_refused_by_itself_with_the_time_to_come_again() {
    let harness = harness().await;
    let mut client = harness.client().await;
    let (task, _) = client.plan("P", json!([])).await;
    for (tool, arguments) in [
        ("orchestrator_plan_task", json!({ "title": "x", "description": "d" })),
        ("orchestrator_get_status", json!({})),
        ("orchestrator_maintenance_coordinator", json!({ "action": "scan_cleanup" })),
    ] {
        if tool != "orchestrator_plan_task" {
            client.call(tool, arguments.clone()).await;
        }
        let refused = client.fail(tool, arguments).await;
        assert_eq!(refused["error_code"], "RESTART_010", "{tool}");
        assert_eq!(refused["retryable"], true, "{tool}");
        assert!(refused["details"]["retry_after"].as_f64().unwrap() > 3000.0, "{refused}");
    }
    let address = json!({ "uri": format!("task://{task}") });
    for (method, params) in [("resources/read", address), ("resources/list", json!({}))] {
        let refused = client.request(method, params).await.unwrap_err();
        assert_eq!(refused["code"], -32005, "no internal error: that would count as a fault of the build");
        assert_eq!(refused["data"]["error_code"], "RESTART_010", "{refused}");
    }
    client.request("tools/list", json!({})).await.unwrap();
    let check = harness.shared.limits.as_ref().unwrap().check();
    assert_eq!(check.write, LimitCounts { allowed: 1, refused: 1 });
    assert_eq!(check.read, LimitCounts { allowed: 1, refused: 3 });
    assert_eq!(check.heavy, LimitCounts { allowed: 1, refused: 1 });
    let mut other = harness.client().await;
    other.plan("the other has buckets of his own", json!([])).await;
}

#[tokio::test]
async fn what_a_worker_had_begun_with_is_never_refused_and_costs_nothing() {
    let harness = harness().await;
    let mut client = harness.client().await;
    client.envelope.replayed.store(true, Ordering::SeqCst);
    for round in 0..3 {
        client.plan(&format!("replayed {round}"), json!([])).await;
        client.request("resources/list", json!({})).await.unwrap();
    }
    client.envelope.replayed.store(false, Ordering::SeqCst);
    client.plan("the first that counts", json!([])).await;
    let arguments = json!({ "title": "x", "description": "d" });
    assert_eq!(client.fail("orchestrator_plan_task", arguments).await["error_code"], "RESTART_010");
}

#[tokio::test]
async fn a_call_with_a_key_that_was_carried_out_is_answered_whatever_the_limits_say() {
    let harness = harness().await;
    let mut client = harness.client().await;
    client.meta = json!({ "idempotencyKey": "k" });
    let arguments = json!({ "title": "K", "description": "d" });
    let planned = client.call("orchestrator_plan_task", arguments.clone()).await;
    assert_eq!(client.call("orchestrator_plan_task", arguments.clone()).await, planned);
    client.meta = json!({ "idempotencyKey": "another" });
    assert_eq!(client.fail("orchestrator_plan_task", arguments).await["error_code"], "RESTART_010");
}

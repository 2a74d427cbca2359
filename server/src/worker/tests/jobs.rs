//! Long calls: suspended at a checkpoint, gone on with, answered like any other.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::Harness;
use super::harness::Client;

/// This many tasks, some of them below a plan that was given up.
fn fill(harness: &Harness, count: u32) {
    harness.sql(&format!(
        "INSERT INTO tasks (id, title, description, status, task_type, specialist, complexity, created_at, updated_at)
             VALUES ('plan', 'given up', '', 'cancelled', 'breakdown', 'generic', 'simple', 1, 1);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO tasks (id, parent, title, description, status, task_type, specialist, complexity, created_at, updated_at)
             SELECT 'n' || i, iif(i % 10 = 0, (SELECT seq FROM tasks WHERE id = 'plan'), NULL), 'task ' || i, '',
                 iif(i % 3 = 0, 'active', 'pending'), 'standard', 'generic', 'simple', i + 1, i + 1 FROM n;"
    ));
}

fn scan(dry_run: bool) -> Value {
    json!({ "action": "prepare_handover", "scope": "full_project", "validation_level": "full_audit", "dry_run": dry_run })
}

/// Sends the call under this number, and again each time that it was handed back.
/// Returns the answer and how often that was.
async fn through_suspensions(
    harness: &Harness,
    client: &mut Client,
    sequence: u64,
    tool: &str,
    arguments: &Value,
) -> (Value, usize) {
    client.envelope.replayed.store(false, Ordering::SeqCst);
    for suspended in 0..100 {
        client.number_next(sequence);
        harness.shared.jobs.suspend();
        match client.request("tools/call", json!({ "name": tool, "arguments": arguments })).await {
            Ok(mut result) => return (result["structuredContent"].take(), suspended),
            Err(error) => assert_eq!(error["code"], -32099, "{error}"),
        }
        let calls = harness.shared.store.suspended_calls().unwrap();
        assert_eq!(
            (calls.len(), &calls[0]["sequence"], &calls[0]["suspended"]),
            (1, &json!(sequence), &json!(true))
        );
        client.envelope.replayed.store(true, Ordering::SeqCst);
    }
    panic!("{tool} does not come to an end");
}

#[tokio::test]
async fn a_scan_that_is_suspended_after_each_page_sees_the_same() {
    let harness = Harness::new().await;
    fill(&harness, 1700);
    let mut client = harness.client().await;
    let undisturbed = client.call("orchestrator_maintenance_coordinator", scan(true)).await;
    assert_eq!(undisturbed["scan_results"]["total"], 1701);
    assert_eq!(undisturbed["scan_results"]["orphaned_tasks"].as_array().unwrap().len(), 100);
    let tool = "orchestrator_maintenance_coordinator";
    let (disturbed, times) = through_suspensions(&harness, &mut client, 900, tool, &scan(true)).await;
    assert_eq!(times, 3, "each page but the last");
    let without_hours = |mut report: Value| {
        // These count on by themselves.
        for task in report["scan_results"]["stale_tasks"].as_array_mut().unwrap() {
            task["idle_hours"].take();
        }
        report
    };
    assert_eq!(without_hours(disturbed), without_hours(undisturbed));
    assert!(harness.shared.store.suspended_calls().unwrap().is_empty(), "it went with the reply");
    assert_eq!(harness.shared.jobs.running(), 0);
}

#[tokio::test]
async fn a_cleanup_that_is_suspended_changes_everything_once() {
    let harness = Harness::new().await;
    fill(&harness, 1200);
    let mut client = harness.client().await;
    let tool = "orchestrator_maintenance_coordinator";
    let arguments = json!({ "action": "scan_cleanup", "scope": "full_project", "dry_run": false });
    let (report, times) = through_suspensions(&harness, &mut client, 900, tool, &arguments).await;
    assert!(times > 0);
    let steps = report["actions"].as_array().unwrap();
    assert!(
        steps.len() > 100 && steps.iter().filter(|step| step["applied"] == true).count() > 100,
        "{report}"
    );
    assert!(harness.shared.store.suspended_calls().unwrap().is_empty());
    client.number_next(900);
    let again = client.call(tool, arguments).await;
    assert_eq!(again, report, "remembered");
}

#[tokio::test]
async fn a_synthesis_that_is_suspended_is_the_same() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    let steps: Vec<Value> = (0..900).map(|n| json!({ "title": format!("s{n}") })).collect();
    let (plan, subtasks) = client.plan("P", json!(steps)).await;
    for step in subtasks.iter().step_by(300) {
        client.call("orchestrator_execute_task", json!({ "task_id": step })).await;
        let done = json!({ "task_id": step, "summary": "s", "detailed_work": "w" });
        client.call("orchestrator_complete_task", done).await;
    }
    let arguments = json!({ "parent_task_id": plan });
    let tool = "orchestrator_synthesize_results";
    let undisturbed = client.call(tool, arguments.clone()).await;
    assert_eq!(undisturbed["open_subtasks"].as_array().unwrap().len(), 897);
    let (disturbed, times) = through_suspensions(&harness, &mut client, 2000, tool, &arguments).await;
    assert_eq!((disturbed, times), (undisturbed, 1));
    assert!(harness.shared.store.suspended_calls().unwrap().is_empty());
}

#[tokio::test]
async fn small_calls_are_never_suspended() {
    let harness = Harness::new().await;
    fill(&harness, 400);
    let mut client = harness.client().await;
    harness.shared.jobs.suspend();
    client.call("orchestrator_maintenance_coordinator", scan(true)).await;
    client.call("orchestrator_synthesize_results", json!({ "parent_task_id": "plan" })).await;
    assert!(harness.shared.store.suspended_calls().unwrap().is_empty());
}

#[tokio::test]
async fn a_call_whose_worker_was_killed_goes_on_from_its_last_checkpoint() {
    let harness = Harness::new().await;
    fill(&harness, 6200);
    // What its worker leaves that dies just before the answer: the row is not removed.
    harness.sql("CREATE TRIGGER keep BEFORE DELETE ON jobs BEGIN SELECT RAISE(IGNORE); END");
    let mut client = harness.client().await;
    let call = json!({ "name": "orchestrator_maintenance_coordinator", "arguments": scan(true) });
    client.number_next(900);
    let undisturbed = client.request("tools/call", call.clone()).await.unwrap();
    let calls = harness.shared.store.suspended_calls().unwrap();
    assert_eq!((calls.len(), &calls[0]["suspended"]), (1, &json!(false)));
    harness.sql("DROP TRIGGER keep");
    client.number_next(900);
    client.envelope.replayed.store(true, Ordering::SeqCst);
    client.meta = json!({ "progressToken": "t" });
    let report = client.request("tools/call", call).await.unwrap();
    assert_eq!(report["structuredContent"], undisturbed["structuredContent"]);
    assert_eq!(client.notification("notifications/progress").await["progress"], 0.0);
    let next = client.notification("notifications/progress").await;
    assert!(next["message"].as_str().unwrap().starts_with("looked at 5500"), "{next}");
    assert!(harness.shared.store.suspended_calls().unwrap().is_empty());
}

#[tokio::test]
async fn what_another_build_left_is_begun_anew() {
    let harness = Harness::new().await;
    fill(&harness, 700);
    let mut client = harness.client().await;
    client.number_next(900);
    harness.shared.jobs.suspend();
    let call = json!({ "name": "orchestrator_maintenance_coordinator", "arguments": scan(true) });
    assert!(client.request("tools/call", call.clone()).await.is_err());
    harness.sql("UPDATE jobs SET checkpoint = '{\"unknown\":1}'");
    harness.shared.jobs.resume();
    client.number_next(900);
    client.envelope.replayed.store(true, Ordering::SeqCst);
    let report = client.request("tools/call", call).await.unwrap();
    assert_eq!(report["structuredContent"]["scan_results"]["total"], 701);
    assert!(harness.shared.store.suspended_calls().unwrap().is_empty());
}

#[tokio::test]
async fn a_restart_that_comes_to_nothing_lets_calls_run_to_their_end_again() {
    let harness = Harness::new().await;
    harness.shared.jobs.suspend();
    harness.shared.front_changed(crate::link::FrontState::default());
    assert!(!harness.shared.jobs.is_stopping());
}

#[tokio::test]
async fn the_work_is_told_with_the_calls_that_have_stopped() {
    use task_orchestrator_shared::admin::tasks::{MAX_TASK_ROWS, TaskTree};
    let harness = Harness::new().await;
    fill(&harness, 1200);
    let mut client = harness.client().await;
    client.number_next(900);
    harness.shared.jobs.suspend();
    let call = json!({ "name": "orchestrator_maintenance_coordinator", "arguments": scan(true) });
    let error = client.request("tools/call", call).await.unwrap_err();
    assert_eq!(error["code"], -32099, "{error}");
    let unread = crate::worker::tree::read(&harness.shared).await.unwrap();
    let tree: TaskTree = serde_json::from_str(unread.0.get()).unwrap();
    assert_eq!((tree.rows.len(), tree.left_out), (MAX_TASK_ROWS, 1201 - (MAX_TASK_ROWS as u64 - 1)));
    assert_eq!((tree.counts.pending + tree.counts.active, tree.counts.cancelled), (1200, 1));
    let [call] = tree.suspended.as_slice() else { panic!("{:?}", tree.suspended) };
    assert_eq!(call.tool, "orchestrator_maintenance_coordinator");
    assert!(call.checkpoint.starts_with("stopped after 500 of about 1200 tasks"), "{call:?}");
    assert!(call.at.parse::<jiff::Timestamp>().is_ok() && tree.generation == harness.shared.generation());
}

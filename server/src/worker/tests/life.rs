//! The whole life of a plan: every tool's happy path.

use serde_json::{Value, json};

use super::Harness;

/// Fields that the contract promises of a tool's result.
fn has(reply: &Value, fields: &[&str]) {
    for field in fields {
        assert!(reply.get(field).is_some(), "{field} is missing in {reply:#}");
    }
}

#[tokio::test]
async fn a_plan_lives_from_session_to_synthesis() {
    let harness = Harness::new().await;
    std::fs::create_dir(harness.path().join("src")).unwrap();
    std::fs::write(harness.path().join("src/main.rs"), "fn main() {}").unwrap();
    let mut client = harness.client().await;

    let opened = client
        .call("orchestrator_initialize_session", json!({ "name": "Demo", "working_directory": "src" }))
        .await;
    has(&opened, &["session_id", "session_initialized", "working_directory", "orchestrator_path"]);
    has(&opened, &["orchestrator_context", "active_tasks", "resumed"]);
    has(&opened["orchestrator_context"], &["role", "capabilities", "instructions", "specialist_roles"]);
    assert_eq!(opened["resumed"], false);
    assert!(opened["orchestrator_context"]["specialist_roles"]["tester"].as_str().is_some());
    let session = opened["session_id"].as_str().unwrap();

    let planned = client
        .call(
            "orchestrator_plan_task",
            json!({
                "title": "Build it", "description": "All of it", "complexity_level": "complex",
                "due_date": "2030-01-31", "context": { "ticket": 7 },
                "subtasks": [
                    { "title": "Design", "description": "x", "specialist_type": "architect" },
                    { "title": "Code", "specialist_type": "implementer", "dependencies": ["Design"],
                      "estimated_effort": "2 hours" },
                ],
            }),
        )
        .await;
    has(
        &planned,
        &["task_created", "parent_task_id", "task_id", "description", "complexity", "subtasks", "next_steps"],
    );
    let parent = planned["task_id"].as_str().unwrap();
    let subtasks = planned["subtasks"].as_array().unwrap();
    has(&subtasks[1], &["task_id", "title", "specialist_type", "dependencies"]);
    let (design, code) = (subtasks[0]["task_id"].clone(), subtasks[1]["task_id"].clone());
    assert_eq!(subtasks[1]["dependencies"], json!([design]));

    let waiting = client.fail("orchestrator_execute_task", json!({ "task_id": code })).await;
    assert_eq!(waiting["error_code"], "DEPENDENCY_UNFINISHED");
    assert!(waiting["error"].as_str().unwrap().contains(design.as_str().unwrap()));

    let begun = client.call("orchestrator_execute_task", json!({ "task_id": design })).await;
    has(&begun, &["task", "specialist_context", "dependency_results", "instructions"]);
    assert_eq!(begun["task"]["status"], "active");
    assert_eq!(begun["specialist_context"]["name"], "architect");
    has(&begun["specialist_context"], &["role_definition", "expertise", "approach", "output_format"]);

    let done = client
        .call(
            "orchestrator_complete_task",
            json!({
                "task_id": design, "summary": "Three parts", "detailed_work": "# Design\nlong", "next_action": "continue",
                "artifact_type": "design", "file_paths": ["src/main.rs"],
            }),
        )
        .await;
    has(&done, &["task_id", "status", "results_recorded", "parent_task_progress", "next_recommended_task"]);
    has(&done, &["artifact_created", "artifact_info"]);
    let progress = &done["parent_task_progress"];
    has(progress, &["progress", "completed_subtasks", "total_subtasks", "progress_percentage"]);
    assert_eq!((&progress["completed_subtasks"], &progress["total_subtasks"]), (&json!(1), &json!(2)));
    assert_eq!(done["next_recommended_task"]["task_id"], code);
    has(&done["artifact_info"], &["artifact_id", "artifact_type", "accessible_via", "size", "sha256"]);
    assert_eq!(done["artifact_info"]["size"], 13);

    let begun = client.call("orchestrator_execute_subtask", json!({ "task_id": code })).await;
    assert_eq!(begun["dependency_results"][0]["summary"], "Three parts");
    let revised = json!({ "task_id": code, "summary": "half", "next_action": "needs_revision" });
    assert_eq!(client.call("orchestrator_complete_subtask", revised).await["status"], "pending");
    client.call("orchestrator_execute_task", json!({ "task_id": code })).await;
    client.call("orchestrator_complete_task", json!({ "task_id": code, "summary": "works" })).await;

    let synthesis = client.call("orchestrator_synthesize_results", json!({ "parent_task_id": parent })).await;
    has(
        &synthesis,
        &["completed_subtasks", "failed_subtasks", "open_subtasks", "outcomes", "artifacts", "metrics"],
    );
    has(&synthesis, &["missing"]);
    assert_eq!(synthesis["completed_subtasks"].as_array().unwrap().len(), 2);
    assert_eq!(synthesis["artifacts"].as_array().unwrap().len(), 2);

    let status = client
        .call("orchestrator_get_status", json!({ "include_completed": true, "session_id": session }))
        .await;
    has(&status, &["counts", "tasks", "server"]);
    has(&status["server"], &["uptime", "version", "generation", "phase", "maintenance_mode"]);
    assert!(status["server"]["uptime"].as_i64().unwrap() >= 100);
    assert_eq!(status["server"]["generation"], 3, "as the front said");
    assert_eq!(
        status["counts"]["completed"].as_u64().unwrap() + status["counts"]["active"].as_u64().unwrap(),
        3
    );
}

#[tokio::test]
async fn tasks_planned_after_opening_a_session_belong_to_it() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    let opened = client.call("orchestrator_initialize_session", json!({ "name": "One" })).await;
    let (task, _) = client.plan("In it", json!([])).await;
    let session = opened["session_id"].clone();
    let found = client.call("orchestrator_query_tasks", json!({ "session_id": session })).await;
    assert_eq!(found["tasks"][0]["task_id"], task.as_str());
    assert_eq!(client.record().work_session.as_deref(), session.as_str());

    let again = client.call("orchestrator_initialize_session", json!({ "session_id": session })).await;
    assert_eq!((&again["resumed"], &again["session_id"]), (&json!(true), &session));
    assert_eq!(again["active_tasks"][0]["task_id"], task.as_str());
    let resumed = client.call("orchestrator_resume_session", json!({ "session_id": session })).await;
    assert_eq!(resumed["active_tasks"][0]["task_id"], task.as_str());
    let report = client.call("orchestrator_session_status", json!({ "session_id": session })).await;
    assert_eq!(report["counts"]["pending"], 1);
    let listed = client.call("orchestrator_list_sessions", json!({ "limit": 5 })).await;
    let first = &listed["sessions"][0];
    has(first, &["session_id", "name", "status", "created_at", "last_activity", "open_tasks"]);
    let dry = client
        .call("orchestrator_cleanup_sessions", json!({ "cleanup_type": "all", "older_than_days": 0 }))
        .await;
    assert_eq!(dry["dry_run"], true);
}

#[tokio::test]
async fn tasks_are_changed_found_cancelled_and_deleted() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    let (parent, subtasks) =
        client.plan("P", json!([{ "title": "A" }, { "title": "B", "dependencies": ["A"] }])).await;

    let changed = json!({ "task_id": subtasks[0], "title": "Anew", "due_date": "2031-02-03T04:05:06Z", "context": "c" });
    let updated = client.call("orchestrator_update_task", changed).await;
    assert_eq!(updated["task"]["title"], "Anew");
    assert_eq!(updated["changes_applied"].as_array().unwrap().len(), 3);
    let cleared = client
        .call("orchestrator_update_task", json!({ "task_id": subtasks[0], "due_date": "", "context": "" }));
    let cleared = cleared.await;
    assert_eq!((&cleared["task"]["due_date"], &cleared["task"]["context"]), (&Value::Null, &Value::Null));

    let found = client
        .call("orchestrator_query_tasks", json!({ "search_text": "Anew", "status": ["pending"] }))
        .await;
    assert_eq!(found["tasks"][0]["task_id"], subtasks[0].as_str());
    assert_eq!(found["total_count"], 1);
    let children = json!({ "task_type": ["breakdown"], "include_children": true, "include_artifacts": true });
    let found = client.call("orchestrator_query_tasks", children).await;
    assert_eq!(found["tasks"][0]["task_id"], parent.as_str());
    assert_eq!(found["tasks"][0]["children"].as_array().unwrap().len(), 2);

    let needed = client.fail("orchestrator_delete_task", json!({ "task_id": subtasks[0] })).await;
    assert_eq!(needed["error_code"], "HAS_DEPENDENTS");
    let cancelled =
        client.call("orchestrator_cancel_task", json!({ "task_id": subtasks[0], "reason": "no" })).await;
    has(&cancelled, &["task", "previous_status", "dependent_tasks_updated"]);
    assert_eq!(cancelled["previous_status"], "pending");
    let deleted = json!({ "task_id": subtasks[1], "archive_instead": false, "force": true });
    let deleted = client.call("orchestrator_delete_task", deleted).await;
    has(&deleted, &["action", "dependent_tasks"]);
    assert_eq!(deleted["action"], "deleted");
}

#[tokio::test]
async fn maintenance_reports_and_tells_how_far_it_is() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    client.request("logging/setLevel", json!({ "level": "info" })).await.unwrap();
    client.plan("P", json!([{ "title": "A" }])).await;
    for action in ["scan_cleanup", "validate_structure", "update_documentation", "prepare_handover"] {
        for level in ["basic", "comprehensive", "full_audit"] {
            let arguments = json!({ "action": action, "scope": "full_project", "validation_level": level });
            let report = client.call("orchestrator_maintenance_coordinator", arguments).await;
            has(&report, &["scan_results", "actions", "recommendations", "summary"]);
            has(&report["scan_results"], &["total", "status_distribution", "stale_tasks", "orphaned_tasks"]);
            has(&report["scan_results"], &["incomplete_workflows"]);
        }
    }
    assert_eq!(client.seen("notifications/progress"), 0, "nobody asked for progress");
    assert_eq!(client.notification("notifications/message").await["level"], "info");

    client.meta = json!({ "progressToken": "t" });
    client.call("orchestrator_maintenance_coordinator", json!({ "action": "scan_cleanup" })).await;
    let (first, mut last) = (client.notification("notifications/progress").await, Value::Null);
    while client.seen("notifications/progress") > 0 {
        last = client.notification("notifications/progress").await;
    }
    assert_eq!(first["progressToken"], "t");
    assert!(first["progress"].as_f64().unwrap() < last["progress"].as_f64().unwrap());
    assert_eq!(last["progress"], last["total"]);
}

#[tokio::test]
async fn the_forms_that_clients_send_in_practice_are_understood() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    client.lenient = true;
    let list = json!([{ "title": "A" }, { "title": "B", "dependencies": "A" }]);
    for arguments in [
        json!({ "description": "D", "subtasks_json": list.to_string() }),
        json!({ "description": "D", "subtasks": list.to_string(), "title": null, "task_type": null, "dependencies": null }),
        json!({ "description": "D\nmore", "subtasks": list, "complexity_level": null }),
    ] {
        let planned = client.call("orchestrator_plan_task", arguments.clone()).await;
        assert_eq!(
            planned["subtasks"][1]["dependencies"][0], planned["subtasks"][0]["task_id"],
            "{arguments}"
        );
    }
}

#[tokio::test]
async fn a_session_that_was_put_away_keeps_nobody_from_planning() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    let opened = client.call("orchestrator_initialize_session", json!({ "name": "Empty" })).await;
    let all = json!({ "cleanup_type": "orphaned", "older_than_days": 0, "dry_run": false });
    let cleaned = client.call("orchestrator_cleanup_sessions", all).await;
    assert_eq!(cleaned["sessions"][0]["session_id"], opened["session_id"], "{cleaned}");
    client.plan("P", json!([{ "title": "A" }])).await;
    client
        .call("orchestrator_maintenance_coordinator", json!({ "action": "scan_cleanup", "dry_run": false }))
        .await;
}

//! What is refused, always with the reason: as the tool's error object, or as
//! the protocol's error for what is no valid call.

use serde_json::{Value, json};

use super::Harness;

#[tokio::test]
async fn every_stated_refusal_has_its_code() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    let (parent, subtasks) =
        client.plan("P", json!([{ "title": "A" }, { "title": "B", "dependencies": ["A"] }])).await;
    let (a, b) = (&subtasks[0], &subtasks[1]);
    let plan = |extra: Value| {
        let mut arguments = json!({ "title": "T", "description": "d" });
        extra.as_object().unwrap().iter().for_each(|(key, value)| arguments[key] = value.clone());
        arguments
    };
    let task = "orchestrator_plan_task";
    let update = "orchestrator_update_task";
    for (tool, arguments, code, named) in [
        (task, plan(json!({ "title": " " })), "INVALID_ARGUMENT", "title"),
        (task, plan(json!({ "title": "x".repeat(256) })), "INVALID_ARGUMENT", "255"),
        (task, plan(json!({ "description": "x".repeat(10_001) })), "INVALID_ARGUMENT", "description"),
        (task, plan(json!({ "task_id": "../etc" })), "INVALID_ARGUMENT", "task_id"),
        (task, plan(json!({ "task_id": a })), "ALREADY_EXISTS", a.as_str()),
        (task, plan(json!({ "due_date": "tomorrow" })), "INVALID_ARGUMENT", "due_date"),
        (task, plan(json!({ "specialist_type": "poet" })), "NOT_FOUND", "poet"),
        (task, plan(json!({ "parent_task_id": "nobody" })), "NOT_FOUND", "nobody"),
        (task, plan(json!({ "session_id": "nobody" })), "NOT_FOUND", "nobody"),
        (task, plan(json!({ "subtasks": [{ "title": "" }] })), "INVALID_ARGUMENT", "title"),
        (
            task,
            plan(json!({ "subtasks": [{ "title": "x", "specialist_type": "poet" }] })),
            "NOT_FOUND",
            "poet",
        ),
        (
            task,
            plan(json!({ "subtasks": [{ "title": "x", "dependencies": ["y"] }] })),
            "INVALID_DEPENDENCY",
            "y",
        ),
        (
            task,
            plan(json!({ "subtasks": [{ "title": "x", "dependencies": ["x"] }] })),
            "INVALID_DEPENDENCY",
            "x",
        ),
        (
            task,
            plan(
                json!({ "subtasks": [{ "title": "x", "dependencies": ["y"] }, { "title": "y", "dependencies": ["x"] }] }),
            ),
            "INVALID_DEPENDENCY",
            "circle",
        ),
        (
            task,
            plan(json!({ "subtasks": [{ "title": "x" }], "subtasks_json": "[{\"title\":\"y\"}]" })),
            "INVALID_ARGUMENT",
            "subtasks_json",
        ),
        (update, json!({ "task_id": "nobody", "title": "x" }), "NOT_FOUND", "nobody"),
        (update, json!({ "task_id": a, "status": "completed" }), "INVALID_TRANSITION", "pending"),
        (update, json!({ "task_id": a, "dependencies": [a] }), "INVALID_DEPENDENCY", a.as_str()),
        (update, json!({ "task_id": a, "dependencies": [b] }), "INVALID_DEPENDENCY", "circle"),
        (update, json!({ "task_id": a, "dependencies": ["nobody"] }), "INVALID_DEPENDENCY", "nobody"),
        ("orchestrator_execute_task", json!({ "task_id": "nobody" }), "NOT_FOUND", "nobody"),
        ("orchestrator_execute_task", json!({ "task_id": b }), "DEPENDENCY_UNFINISHED", a.as_str()),
        (
            "orchestrator_complete_task",
            json!({ "task_id": a, "summary": "x" }),
            "INVALID_TRANSITION",
            "pending",
        ),
        ("orchestrator_complete_task", json!({ "task_id": a, "summary": "" }), "INVALID_ARGUMENT", "summary"),
        (
            "orchestrator_complete_task",
            json!({ "task_id": a, "summary": "x", "file_paths": ["../secret"] }),
            "PATH_OUTSIDE_WORKSPACE",
            "secret",
        ),
        (
            "orchestrator_complete_task",
            json!({ "task_id": a, "summary": "x", "detailed_work": "x".repeat((1 << 20) + 1) }),
            "INVALID_ARGUMENT",
            "detailed_work",
        ),
        ("orchestrator_cancel_task", json!({ "task_id": "nobody" }), "NOT_FOUND", "nobody"),
        ("orchestrator_delete_task", json!({ "task_id": a }), "HAS_DEPENDENTS", b.as_str()),
        ("orchestrator_synthesize_results", json!({ "parent_task_id": "nobody" }), "NOT_FOUND", "nobody"),
        ("orchestrator_query_tasks", json!({ "limit": 0 }), "INVALID_ARGUMENT", "limit"),
        ("orchestrator_query_tasks", json!({ "limit": 1001 }), "INVALID_ARGUMENT", "1000"),
        ("orchestrator_query_tasks", json!({ "cursor": "x" }), "INVALID_ARGUMENT", "cursor"),
        ("orchestrator_get_status", json!({ "session_id": "nobody" }), "NOT_FOUND", "nobody"),
        ("orchestrator_list_sessions", json!({ "limit": 5000 }), "INVALID_ARGUMENT", "limit"),
        ("orchestrator_resume_session", json!({ "session_id": "nobody" }), "NOT_FOUND", "nobody"),
        ("orchestrator_session_status", json!({ "session_id": "nobody" }), "NOT_FOUND", "nobody"),
        ("orchestrator_initialize_session", json!({ "session_id": "nobody" }), "NOT_FOUND", "nobody"),
        (
            "orchestrator_initialize_session",
            json!({ "working_directory": "/" }),
            "PATH_OUTSIDE_WORKSPACE",
            "/",
        ),
        (
            "orchestrator_initialize_session",
            json!({ "working_directory": ".." }),
            "PATH_OUTSIDE_WORKSPACE",
            "..",
        ),
        (
            "orchestrator_maintenance_coordinator",
            json!({ "action": "scan_cleanup", "scope": "specific_subtask" }),
            "INVALID_ARGUMENT",
            "target_task_id",
        ),
    ] {
        let error = client.fail(tool, arguments.clone()).await;
        assert_eq!(error["error_code"], code, "{tool} {arguments}: {error}");
        assert!(error["error"].as_str().unwrap().contains(named), "{tool}: {named} in {error}");
        assert_eq!(error["retryable"], false);
    }
    let status = client.call("orchestrator_get_status", json!({})).await;
    assert_eq!(
        (&status["counts"]["pending"], &status["total_tasks"]),
        (&json!(3), &json!(3)),
        "{parent} alone is there"
    );
}

#[tokio::test]
async fn malformed_arguments_are_the_protocols_error_and_name_the_field() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    for (tool, arguments, field, suggestion) in [
        ("orchestrator_plan_task", json!({}), "description", Value::Null),
        ("orchestrator_plan_task", json!({ "description": 7 }), "description", Value::Null),
        (
            "orchestrator_plan_task",
            json!({ "description": "d", "complexity": "simple" }),
            "complexity",
            json!("complexity_level"),
        ),
        (
            "orchestrator_plan_task",
            json!({ "description": "d", "complexity_level": "modrate" }),
            "complexity_level",
            json!("moderate"),
        ),
        (
            "orchestrator_plan_task",
            json!({ "description": "d", "subtasks": [{ "title": 1 }] }),
            "subtasks[0].title",
            Value::Null,
        ),
        (
            "orchestrator_plan_task",
            json!({ "description": "d", "subtasks": [{ "titel": "x" }] }),
            "subtasks[0].titel",
            json!("title"),
        ),
        (
            "orchestrator_plan_task",
            json!({ "description": "d", "subtasks_json": "[{}]" }),
            "subtasks_json[0].title",
            Value::Null,
        ),
        (
            "orchestrator_plan_task",
            json!({ "description": "d", "subtasks_json": "nonsense" }),
            "subtasks_json",
            Value::Null,
        ),
        ("orchestrator_execute_task", json!({ "task": "x" }), "task", json!("task_id")),
        ("orchestrator_query_tasks", json!({ "status": ["done"] }), "status[0]", Value::Null),
        ("orchestrator_query_tasks", json!({ "limit": "many" }), "limit", Value::Null),
        ("orchestrator_query_tasks", json!({ "limit": -1 }), "limit", Value::Null),
        ("orchestrator_maintenance_coordinator", json!({}), "action", Value::Null),
    ] {
        let error = client.malformed(tool, arguments.clone()).await;
        assert!(error["data"]["field"].as_str().unwrap().starts_with(field), "{tool} {arguments}: {error}");
        assert!(error["message"].as_str().unwrap().contains(tool), "{error}");
        if !suggestion.is_null() {
            assert_eq!(error["data"]["suggestion"], suggestion, "{arguments}");
        }
    }
    let error = client.malformed("orchestrator_plan", json!({})).await;
    assert!(error["message"].as_str().unwrap().starts_with("Unknown tool: orchestrator_plan"), "{error}");
    assert_eq!(error["data"]["suggestion"], "orchestrator_plan_task");
    client.malformed("rm", json!({})).await;
}

#[tokio::test]
async fn a_custom_role_is_accepted_everywhere_and_a_broken_file_is_reported() {
    let files = [
        ("poet.yaml", "poet:\n  role_definition: You rhyme.\n  approach: [count the feet]\n"),
        ("broken.yaml", "cook:\n  role_definiton: x\n"),
    ];
    let harness = Harness::with_roles(&files).await;
    let mut client = harness.client().await;
    let opened = client.call("orchestrator_initialize_session", json!({})).await;
    let context = &opened["orchestrator_context"];
    assert_eq!(context["specialist_roles"]["poet"], "You rhyme.");
    assert!(context["role_problems"][0].as_str().unwrap().starts_with("broken.yaml:2"), "{context}");

    let report =
        client.call("orchestrator_maintenance_coordinator", json!({ "action": "validate_structure" })).await;
    assert!(report["recommendations"].to_string().contains("broken.yaml:2"), "{report}");
    let (_, subtasks) = client.plan("P", json!([{ "title": "A", "specialist_type": "poet" }])).await;
    let begun = client.call("orchestrator_execute_task", json!({ "task_id": subtasks[0] })).await;
    assert_eq!(begun["specialist_context"]["approach"][0], "count the feet");
    let found = client.call("orchestrator_query_tasks", json!({ "specialist_type": ["poet"] })).await;
    assert_eq!(found["total_count"], 1);
    let tools = client.request("tools/list", json!({})).await.unwrap();
    assert!(
        tools["tools"][1]["inputSchema"]["properties"]["specialist_type"]["description"]
            .as_str()
            .unwrap()
            .contains("poet")
    );
    assert!(client.request("prompts/get", json!({ "name": "poet" })).await.is_ok());
}

//! The protocol itself: revisions, capabilities, lists, prompts, completions,
//! levels of the client's log.

use rmcp::model::{CallToolRequestParams, ClientConfig, ProtocolVersion, SubscriptionFilter};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, ServiceExt};
use serde_json::{Value, json};

use super::Harness;
use crate::worker::service::TaskService;

const TOOLS: [&str; 22] = [
    "orchestrator_cancel_task",
    "orchestrator_cleanup_sessions",
    "orchestrator_complete_subtask",
    "orchestrator_complete_task",
    "orchestrator_delete_task",
    "orchestrator_execute_subtask",
    "orchestrator_execute_task",
    "orchestrator_get_status",
    "orchestrator_health_check",
    "orchestrator_initialize_session",
    "orchestrator_list_sessions",
    "orchestrator_maintenance_coordinator",
    "orchestrator_plan_task",
    "orchestrator_query_tasks",
    "orchestrator_reconnect_test",
    "orchestrator_restart_server",
    "orchestrator_restart_status",
    "orchestrator_resume_session",
    "orchestrator_session_status",
    "orchestrator_shutdown_prepare",
    "orchestrator_synthesize_results",
    "orchestrator_update_task",
];

#[tokio::test]
async fn every_revision_with_a_handshake_is_agreed_on_and_recorded() {
    let harness = Harness::new().await;
    for (asked, agreed) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let mut client = harness.connect();
        let result = client.initialize(asked).await;
        assert_eq!(result["protocolVersion"], agreed, "{asked}");
        let record = client.record();
        assert_eq!(record.initialize.unwrap().protocol_version.as_str(), agreed);
        assert!(!record.tools.is_empty() && !record.prompts.is_empty());
        assert_eq!(result["serverInfo"]["name"], "task-orchestrator");
        assert!(result["serverInfo"]["title"].is_string() && result["instructions"].is_string());
        for (capability, flags) in [
            ("tools", json!({ "listChanged": true })),
            ("prompts", json!({ "listChanged": true })),
            ("resources", json!({ "subscribe": true, "listChanged": true })),
            ("logging", json!({})),
            ("completions", json!({})),
        ] {
            assert_eq!(result["capabilities"][capability], flags, "{capability}");
        }
    }
}

#[tokio::test]
async fn the_revision_without_sessions_is_discovered_and_served() {
    let harness = Harness::new().await;
    let mut client = harness.modern().await;
    let found = client.request("server/discover", json!({})).await.unwrap();
    assert_eq!(found["supportedVersions"].as_array().unwrap().len(), 5);
    assert!(found["ttlMs"].as_u64().unwrap() > 0 && found["cacheScope"] == "private");
    let tools = client.request("tools/list", json!({})).await.unwrap();
    assert!(tools["ttlMs"].as_u64().is_some() && tools["resultType"] == "complete");
    client.plan("P", json!([])).await;
    assert!(client.record().initialize.is_none());
}

#[tokio::test]
async fn every_tool_is_described_completely() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    let tools = client.request("tools/list", json!({})).await.unwrap();
    let tools = tools["tools"].as_array().unwrap();
    let mut names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, TOOLS);
    for tool in tools {
        let name = tool["name"].as_str().unwrap();
        assert!(tool["title"].as_str().is_some_and(|title| !title.is_empty()), "{name}");
        assert!(tool["description"].as_str().is_some_and(|text| text.len() > 60), "{name}");
        for hint in ["readOnlyHint", "idempotentHint", "destructiveHint", "openWorldHint"] {
            assert!(tool["annotations"][hint].is_boolean(), "{name}: {hint}");
        }
        assert_eq!(tool["annotations"]["openWorldHint"], false);
        let input = &tool["inputSchema"];
        jsonschema::meta::validate(input).unwrap_or_else(|error| panic!("{name}: {error}"));
        jsonschema::meta::validate(&tool["outputSchema"]).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (&input["type"], &input["additionalProperties"]),
            (&json!("object"), &json!(false)),
            "{name}"
        );
        assert_eq!(tool["outputSchema"]["type"], "object", "{name}");
        described(name, input);
        let text = tool.to_string();
        for foreign in ["$schema", "$ref", "\"uint", "\"int64", "\"double"] {
            assert!(!text.contains(foreign), "{name}: not every client understands {foreign}");
        }
    }
    let find = |name: &str| tools.iter().find(|tool| tool["name"] == name).unwrap();
    for (tool, alias) in [
        ("orchestrator_execute_task", "orchestrator_execute_subtask"),
        ("orchestrator_complete_task", "orchestrator_complete_subtask"),
    ] {
        for part in ["inputSchema", "outputSchema", "annotations"] {
            assert_eq!(find(tool)[part], find(alias)[part], "{alias}");
        }
    }
    assert_eq!(find("orchestrator_query_tasks")["annotations"]["readOnlyHint"], true);
    assert_eq!(find("orchestrator_delete_task")["annotations"]["destructiveHint"], true);
}

/// Every parameter has a type and a description; texts and lists have a limit.
fn described(name: &str, schema: &Value) {
    for (field, property) in schema["properties"].as_object().unwrap() {
        assert!(property["type"].is_string() || field == "context", "{name}.{field}: {property}");
        assert!(property["description"].is_string(), "{name}.{field}");
        let bounded = ["maxLength", "pattern", "enum", "maximum", "maxItems"]
            .iter()
            .any(|key| property.get(key).is_some());
        let free = property["type"] == "boolean" || field == "context";
        let time = ["due_date", "created_after", "created_before"].contains(&field.as_str());
        assert!(bounded || free || time, "{name}.{field} has no limit: {property}");
        if property["items"]["properties"].is_object() {
            described(name, &property["items"]);
        }
    }
}

#[tokio::test]
async fn a_prompt_is_the_role_with_the_task() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    let listed = client.request("prompts/list", json!({})).await.unwrap();
    assert_eq!(listed["prompts"].as_array().unwrap().len(), 11);
    assert_eq!(listed["prompts"][0]["arguments"][0]["name"], "task_id");
    let (task, _) = client.plan("Paint the shed", json!([])).await;
    let text = |result: Value| result["messages"][0]["content"]["text"].as_str().unwrap().to_owned();
    let plain = text(client.request("prompts/get", json!({ "name": "reviewer" })).await.unwrap());
    assert!(plain.contains("reviewer") && plain.contains("## How you work") && !plain.contains("shed"));
    let params = json!({ "name": "reviewer", "arguments": { "task_id": task } });
    let with_task = text(client.request("prompts/get", params).await.unwrap());
    assert!(
        with_task.starts_with(&plain) && with_task.contains("Paint the shed") && with_task.contains(&task)
    );
    for params in [
        json!({ "name": "nobody" }),
        json!({ "name": "reviewer", "arguments": { "task_id": "nobody" } }),
        json!({ "name": "reviewer", "arguments": { "task": task } }),
    ] {
        assert_eq!(client.request("prompts/get", params).await.unwrap_err()["code"], -32602);
    }
}

#[tokio::test]
async fn prompts_come_in_pages() {
    let roles: String = (0..150).map(|n| format!("r{n}:\n  role_definition: x\n")).collect();
    let harness = Harness::with_roles(&[("many.yaml", &roles)]).await;
    let mut client = harness.client().await;
    let first = client.request("prompts/list", json!({})).await.unwrap();
    assert_eq!(first["prompts"].as_array().unwrap().len(), 100);
    let second = client.request("prompts/list", json!({ "cursor": first["nextCursor"] })).await.unwrap();
    assert_eq!(second["prompts"].as_array().unwrap().len(), 61);
    assert!(second.get("nextCursor").is_none());
    for (method, cursor) in [
        ("prompts/list", "x"),
        ("tools/list", "p1"),
        ("resources/list", "p1"),
        ("resources/templates/list", "x"),
    ] {
        assert_eq!(
            client.request(method, json!({ "cursor": cursor })).await.unwrap_err()["code"],
            -32602,
            "{method}"
        );
    }
}

#[tokio::test]
async fn arguments_are_completed() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    let (task, _) = client.plan("Paint the shed", json!([])).await;
    client.plan("Mow", json!([])).await;
    for reference in [
        json!({ "type": "ref/prompt", "name": "tester" }),
        json!({ "type": "ref/resource", "uri": "task://{task_id}" }),
    ] {
        for (typed, found) in [("paint", json!([task])), (task.as_str(), json!([task])), ("zzz", json!([]))] {
            let params = json!({ "ref": reference, "argument": { "name": "task_id", "value": typed } });
            let result = client.request("completion/complete", params).await.unwrap();
            assert_eq!(result["completion"]["values"], found, "{typed}");
        }
    }
    let params = json!({ "ref": { "type": "ref/prompt", "name": "nobody" }, "argument": { "name": "task_id", "value": "" } });
    assert_eq!(client.request("completion/complete", params).await.unwrap_err()["code"], -32602);
}

#[tokio::test]
async fn failures_reach_the_clients_log_at_its_level() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    let fail = json!({ "task_id": "nobody" });
    client.fail("orchestrator_execute_task", fail.clone()).await;
    let message = client.notification("notifications/message").await;
    assert_eq!((&message["level"], &message["data"]["error_code"]), (&json!("warning"), &json!("NOT_FOUND")));
    client.request("logging/setLevel", json!({ "level": "error" })).await.unwrap();
    assert!(client.record().log_level.is_some());
    client.fail("orchestrator_execute_task", fail.clone()).await;
    assert_eq!(client.seen("notifications/message"), 0);

    let mut modern = harness.modern().await;
    modern.fail("orchestrator_execute_task", fail.clone()).await;
    assert_eq!(modern.seen("notifications/message"), 0, "the newest revision asks with each request");
    modern.meta["io.modelcontextprotocol/logLevel"] = json!("info");
    modern.fail("orchestrator_execute_task", fail).await;
    assert_eq!(modern.seen("notifications/message"), 1);
}

#[tokio::test]
async fn rmcps_own_client_is_served_with_a_handshake() {
    let harness = Harness::new().await;
    for version in [ProtocolVersion::V_2025_11_25, ProtocolVersion::V_2025_03_26] {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (transport, session) = harness.transport(far);
        let service = TaskService::new(std::sync::Arc::clone(&harness.shared), session);
        let server = tokio::spawn(async move { service.serve(transport).await });
        let client = ClientConfig::default().with_protocol_version(version).serve(near).await.unwrap();
        assert_eq!(client.list_all_tools().await.unwrap().len(), TOOLS.len());
        assert_eq!(client.list_all_prompts().await.unwrap().len(), 11);
        let arguments = json!({ "description": "by rmcp" }).as_object().unwrap().clone();
        let call = CallToolRequestParams::new("orchestrator_plan_task").with_arguments(arguments);
        let planned = client.call_tool(call).await.unwrap();
        assert_eq!(planned.is_error, Some(false));
        assert!(!client.list_all_resources().await.unwrap().is_empty());
        client.cancel().await.unwrap();
        drop(server.await);
    }
}

#[tokio::test]
async fn rmcps_own_client_is_served_without_a_session() {
    let harness = Harness::new().await;
    let (near, far) = tokio::io::duplex(1 << 16);
    let (transport, session) = harness.transport(far);
    let service = TaskService::new(std::sync::Arc::clone(&harness.shared), session);
    let server = tokio::spawn(async move { service.serve(transport).await });
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    let client = ClientConfig::default().serve_with_lifecycle(near, lifecycle).await.unwrap();
    assert_eq!(client.list_all_tools().await.unwrap().len(), TOOLS.len());
    let plan = |id: &str| {
        let arguments = json!({ "description": "by rmcp", "task_id": id }).as_object().unwrap().clone();
        CallToolRequestParams::new("orchestrator_plan_task").with_arguments(arguments)
    };
    assert_eq!(client.call_tool(plan("t1")).await.unwrap().is_error, Some(false));
    let filter =
        SubscriptionFilter::builder().resource_subscription("task://t1").resources_list_changed().build();
    let mut listening = client.listen(filter).await.unwrap();
    client.call_tool(plan("t2")).await.unwrap();
    let heard = tokio::time::timeout(std::time::Duration::from_secs(10), listening.next()).await.unwrap();
    assert!(heard.unwrap().is_some(), "the list has changed");
    client.cancel().await.unwrap();
    drop(server.await);
}

#[tokio::test]
async fn reboot_tools_are_listed_here_and_carried_out_by_the_front_only() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    for tool in crate::reboot::definitions() {
        let call = json!({ "name": tool.name, "arguments": {} });
        let error = client.request("tools/call", call).await.unwrap_err();
        assert_eq!(error["code"], -32602);
        assert!(error["message"].as_str().unwrap().starts_with("Unknown tool: "), "{error}");
        assert_ne!(error["data"]["suggestion"], *tool.name, "{error}");
    }
}

#[tokio::test]
async fn the_front_answers_in_the_shape_in_which_the_worker_does() {
    let harness = Harness::new().await;
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for modern in [false, true] {
        let mut client = if modern { harness.modern().await } else { harness.client().await };
        let own = client.reply("orchestrator_get_status", json!({})).await;
        let id = crate::envelope::RequestId::Number(1);
        let bytes = crate::reboot::reply(&id, &own["structuredContent"], modern);
        let fronts: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(keys(&fronts["result"]), keys(&own), "modern: {modern}");
        assert_eq!(fronts["result"], own);
    }
}

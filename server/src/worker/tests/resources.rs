//! Resources: their list, their content, and what is not there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Harness;

#[tokio::test]
async fn the_list_comes_in_pages_and_names_each_once() {
    let harness = Harness::new().await;
    let mut client = harness.client().await;
    client.call("orchestrator_initialize_session", json!({ "name": "S" })).await;
    let subtasks: Vec<Value> = (0..120).map(|n| json!({ "title": format!("t{n}") })).collect();
    client.plan("P", json!(subtasks)).await;
    let (mut cursor, mut uris, mut pages) = (Value::Null, Vec::new(), 0);
    loop {
        let params = if cursor.is_null() { json!({}) } else { json!({ "cursor": cursor }) };
        let page = client.request("resources/list", params).await.unwrap();
        let resources = page["resources"].as_array().unwrap();
        uris.extend(resources.iter().map(|resource| resource["uri"].as_str().unwrap().to_owned()));
        pages += 1;
        match page.get("nextCursor") {
            Some(next) => cursor = next.clone(),
            None => break,
        }
    }
    assert_eq!((pages, uris.len()), (3, 122));
    assert_eq!(uris.iter().collect::<BTreeSet<_>>().len(), 122);
    let templates = client.request("resources/templates/list", json!({})).await.unwrap();
    assert_eq!(templates["resourceTemplates"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn tasks_sessions_and_artifacts_are_readable() {
    let harness = Harness::new().await;
    std::fs::write(harness.path().join("picture.png"), [0x89, 0x50, 0xff, 0x00]).unwrap();
    std::fs::write(harness.path().join("notes.md"), "# Größe").unwrap();
    let mut client = harness.client().await;
    let opened = client.call("orchestrator_initialize_session", json!({ "name": "S" })).await;
    let (parent, subtasks) = client.plan("P", json!([{ "title": "A" }])).await;
    client.call("orchestrator_execute_task", json!({ "task_id": subtasks[0] })).await;
    let files = json!({ "task_id": subtasks[0], "summary": "s", "file_paths": ["picture.png", "notes.md"] });
    let done = client.call("orchestrator_complete_task", files).await;

    let session = format!("session://{}", opened["session_id"].as_str().unwrap());
    for (uri, part) in [
        (format!("task://{parent}"), "\"A\""),
        (format!("task://{}", subtasks[0]), "notes.md"),
        (session, "\"S\""),
    ] {
        let read = client.request("resources/read", json!({ "uri": uri })).await.unwrap();
        let contents = &read["contents"][0];
        assert_eq!((&contents["uri"], &contents["mimeType"]), (&json!(uri), &json!("application/json")));
        let text = contents["text"].as_str().unwrap();
        assert!(text.contains(part) && serde_json::from_str::<Value>(text).is_ok(), "{text}");
    }
    let artifact = |n: usize| done["artifacts"][n]["accessible_via"].clone();
    let picture = client.request("resources/read", json!({ "uri": artifact(0) })).await.unwrap();
    assert_eq!(picture["contents"][0]["blob"], "iVD/AA==");
    assert_eq!(picture["contents"][0]["mimeType"], "image/png");
    let notes = client.request("resources/read", json!({ "uri": artifact(1) })).await.unwrap();
    assert_eq!(notes["contents"][0]["text"], "# Größe");
    assert_eq!(notes["contents"][0]["mimeType"], "text/markdown");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let harness = Harness::new().await;
    let (mut legacy, mut modern) = (harness.client().await, harness.modern().await);
    for uri in [
        "task://nobody",
        "session://nobody",
        "artifact://nobody",
        "task://../../etc",
        "file:///etc/passwd",
        "",
        "task:",
    ] {
        let error = legacy.request("resources/read", json!({ "uri": uri })).await.unwrap_err();
        assert_eq!((&error["code"], &error["data"]["uri"]), (&json!(-32002), &json!(uri)), "{error}");
        let error = legacy.request("resources/subscribe", json!({ "uri": uri })).await.unwrap_err();
        assert_eq!(error["code"], -32002, "{error}");
        let error = modern.request("resources/read", json!({ "uri": uri })).await.unwrap_err();
        assert_eq!(error["code"], -32602, "the newest revision has no code of its own: {error}");
    }
}

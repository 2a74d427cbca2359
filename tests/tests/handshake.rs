//! Every protocol revision in use is spoken, each in its own way, and none
//! notices that the worker is another one.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use task_orchestrator_tests::client::{LEGACY, MODERN};
use task_orchestrator_tests::workspace::MANY_CRASHES;
use task_orchestrator_tests::{Client, Workspace};

/// Lists, calls, and calls again after the worker has died.
fn used(workspace: &Workspace, client: &Client) -> Result<()> {
    let listed = client.request("tools/list", json!({}))?;
    let tools = listed.get("tools").and_then(Value::as_array).context("tools")?;
    for tool in tools {
        for field in ["name", "title", "description", "inputSchema", "outputSchema", "annotations"] {
            // Fields that a revision does not have may be there: clients ignore them.
            ensure!(tool.get(field).is_some(), "no {field}: {tool}");
        }
    }
    let names: Vec<&str> = tools.iter().filter_map(|tool| tool.get("name")?.as_str()).collect();
    for name in ["orchestrator_plan_task", "orchestrator_execute_subtask", "orchestrator_get_status"] {
        ensure!(names.contains(&name), "no {name} in {names:?}");
    }
    client.still_answers()?;
    workspace.kill_worker()?;
    client.call("orchestrator_plan_task", json!({"title": "after", "description": "d"})).map(drop)
}

#[test]
fn every_revision_with_a_handshake() -> Result<()> {
    Workspace::configured(MANY_CRASHES)?.check(|workspace| {
        for revision in LEGACY {
            let client = Client::launch(workspace)?;
            let answer = client.initialize(revision).with_context(|| revision.to_owned())?;
            for capability in ["tools", "resources", "prompts"] {
                ensure!(
                    answer.pointer(&format!("/capabilities/{capability}")).is_some(),
                    "{revision}: {answer}"
                );
            }
            ensure!(answer.pointer("/serverInfo/name").is_some(), "{revision}: {answer}");
            used(workspace, &client).with_context(|| revision.to_owned())?;
            client.quit()?;
        }
        Ok(())
    })
}

#[test]
fn the_revision_without_a_handshake() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::launch(workspace)?;
        let discovered = client.discover()?;
        let versions =
            discovered.get("supportedVersions").and_then(Value::as_array).context("supportedVersions")?;
        ensure!(versions.contains(&json!(MODERN)), "{discovered}");
        used(workspace, &client)?;
        client.quit()
    })
}

/// A revision from the future is answered with one that the server speaks.
#[test]
fn an_unknown_revision_is_negotiated() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::launch(workspace)?;
        let params = json!({
            "protocolVersion": "2999-01-01",
            "capabilities": {},
            "clientInfo": {"name": "proof", "version": "1"},
        });
        let answer = client.request("initialize", params)?;
        let spoken = answer.get("protocolVersion").and_then(Value::as_str).context("protocolVersion")?;
        ensure!(LEGACY.contains(&spoken), "{spoken}");
        client.notify("notifications/initialized", json!({}))?;
        client.still_answers()?;
        client.quit()
    })
}

/// Pinged and cancelled while there is no worker: answered all the same.
#[test]
fn ping_is_answered_whoever_is_there() -> Result<()> {
    Workspace::configured(MANY_CRASHES)?.check(|workspace| {
        let client = Client::open(workspace)?;
        for _ in 0..5 {
            workspace.kill_worker()?;
            let id =
                client.send("tools/call", json!({"name": "orchestrator_get_status", "arguments": {}}))?;
            client.request("ping", json!({}))?;
            client.response(&json!(id))?;
        }
        client.quit()
    })
}

/// A cancelled request gets at most its answer, and what follows is served.
#[test]
fn cancelling_breaks_nothing() -> Result<()> {
    Workspace::configured(MANY_CRASHES)?.check(|workspace| {
        let client = Client::open(workspace)?;
        for number in 0..20 {
            let arguments = json!({"title": format!("t{number}"), "description": "d"});
            let id = client
                .send("tools/call", json!({"name": "orchestrator_plan_task", "arguments": arguments}))?;
            if number % 2 == 0 {
                workspace.kill_worker()?;
            }
            client
                .notify("notifications/cancelled", json!({"requestId": id, "reason": "changed my mind"}))?;
            client.still_answers()?;
        }
        client.notify("notifications/cancelled", json!({"requestId": "nobody's"}))?;
        client.still_answers()?;
        client.quit()
    })
}

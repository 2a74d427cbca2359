//! What operators look at while a maintenance window is open: the work, and what a
//! client waits for. Who may only watch sees neither.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use task_orchestrator_shared::admin::session_detail::{RequestPlace, SessionDetail};
use task_orchestrator_shared::admin::tasks::{TaskRow, TaskRowKind, TaskTree};
use task_orchestrator_shared::admin::{Reply, Request};
use task_orchestrator_tests::{Client, Workspace, wait};

fn tree(workspace: &Workspace) -> Result<TaskTree> {
    match workspace.ask_server(Request::Tasks)? {
        Reply::Tasks(tree) => Ok(*tree),
        other => bail!("{other:?}"),
    }
}

fn row<'a>(tree: &'a TaskTree, title: &str) -> Result<&'a TaskRow> {
    tree.rows.iter().find(|row| row.title == title).with_context(|| format!("{title} in {tree:?}"))
}

/// A session of work with a plan of two steps, the second of which needs the first.
fn plan(client: &Client) -> Result<()> {
    let opened = client
        .call("orchestrator_initialize_session", json!({"working_directory": ".", "name": "window"}))?;
    ensure!(opened.get("session_id").is_some(), "{opened}");
    let plan = json!({"title": "the plan", "description": "secret", "task_id": "plan"});
    client.call("orchestrator_plan_task", plan)?;
    let first =
        json!({"title": "the first", "description": "", "parent_task_id": "plan", "task_id": "first"});
    client.call("orchestrator_plan_task", first)?;
    let second = json!({"title": "the second", "description": "", "parent_task_id": "plan", "dependencies": ["first"]});
    client.call("orchestrator_plan_task", second)?;
    Ok(())
}

#[test]
fn the_work_is_read_while_the_client_waits_and_its_requests_are_told() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        plan(&client)?;
        workspace.ask(&["maintenance", "on"])?;
        let held = client.send(
            "tools/call",
            json!({"name": "orchestrator_plan_task", "arguments": {"title": "held", "description": "secret"}}),
        )?;
        let detail = wait::until("the request to be held", || {
            let shown = workspace.ask(&["session", "1"]).ok()?;
            let detail: SessionDetail = serde_json::from_value(shown).ok()?;
            (!detail.requests.is_empty()).then_some(detail)
        })?;
        let [request] = detail.requests.as_slice() else { bail!("{detail:?}") };
        let found = (request.method.as_str(), request.place, request.replayed, request.worker_pid);
        ensure!(found == ("tools/call orchestrator_plan_task", RequestPlace::Buffered, false, None), "{detail:?}");
        let happened: Vec<&str> = detail.history.iter().map(|moment| moment.what.as_str()).collect();
        ensure!(happened == ["attached", "taken_over"], "{detail:?}");

        let tree = tree(workspace)?;
        ensure!(tree.generation == 1 && tree.left_out == 0, "{tree:?}");
        ensure!(row(&tree, "the plan")?.kind == TaskRowKind::Plan, "{tree:?}");
        ensure!((row(&tree, "the plan")?.done, row(&tree, "the plan")?.total) == (Some(0), Some(2)), "{tree:?}");
        ensure!(row(&tree, "the second")?.waits_for == ["the first"], "{tree:?}");
        let depths: Vec<u8> = tree.rows.iter().map(|row| row.depth).collect();
        ensure!(depths == [0, 1, 2, 2], "{tree:?}");
        let told = serde_json::to_string(&(tree, detail))?;
        ensure!(!told.contains("secret") && !told.contains("held"), "{told}");

        for line in [&["tasks", "--role", "readonly"][..], &["session", "1", "--role", "readonly"]] {
            let said = workspace.ends_with(3, line)?;
            ensure!(said.contains("RESTART_009"), "{said}");
        }
        let said = workspace.ends_with(1, &["session", "nobody"])?;
        ensure!(said.contains("task-orchestrator sessions"), "{said}");

        workspace.ask(&["maintenance", "off"])?;
        client.response(&json!(held))?;
        workspace.restart(&[])?.complete()?;
        let shown = workspace.ask(&["tasks"])?;
        ensure!(shown.get("generation") == Some(&json!(2)), "{shown}");
        client.still_answers()?;
        let after = workspace.ask(&["session", "1"])?;
        let last = after.pointer("/history/2/detail").and_then(Value::as_str).unwrap_or_default();
        ensure!(last.contains("generation 2"), "{after}");
        client.quit()
    })
}

//! Clients over HTTP, of both eras, while the worker is replaced and killed under them.

use anyhow::{Result, ensure};
use serde_json::json;
use task_orchestrator_tests::http::{HttpClient, Served};
use task_orchestrator_tests::workspace::MANY_CRASHES;
use task_orchestrator_tests::{Workspace, process};

const PLAN: &str = "orchestrator_plan_task";
const STATUS: &str = "orchestrator_get_status";

#[test]
fn both_eras_are_served_through_restarts_and_crashes() -> Result<()> {
    let workspace = Workspace::configured(MANY_CRASHES)?;
    workspace.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let legacy = HttpClient::open(&served.url)?;
        let modern = HttpClient::new(&served.url);
        for round in 0..3_u64 {
            let plan = json!({"title": format!("legacy {round}"), "description": "d"});
            let answer = legacy.call(round + 1, PLAN, &plan)?;
            ensure!(answer["result"]["isError"] != true && answer["error"].is_null(), "{answer}");
            let plan = json!({"title": format!("modern {round}"), "description": "d"});
            let answer = modern.ask(1, "tools/call", json!({"name": PLAN, "arguments": plan}))?;
            ensure!(answer.status == 200, "{answer:?}");
            workspace.restart(&[])?;
            process::kill(workspace.status()?.worker_pid().unwrap_or_default());
        }
        let status = legacy.call(100, STATUS, &json!({}))?;
        ensure!(status["result"]["structuredContent"]["total_tasks"] == 6, "{status}");
        ensure!(legacy.delete()?.status == 200);
        ensure!(legacy.post(&json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}))?.status == 404);
        Ok(())
    })
}

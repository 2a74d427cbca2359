//! The Rust SDK's own client drives a whole plan, with the worker killed under it.

use anyhow::{Context, Result, ensure};
use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, GetPromptRequestParams, ReadResourceRequestParams};
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};
use task_orchestrator_tests::Workspace;

struct Sdk(RunningService<RoleClient, ()>);

impl Sdk {
    async fn tool(&self, name: &'static str, arguments: Value) -> Result<(bool, Value)> {
        let Value::Object(arguments) = arguments else { anyhow::bail!("arguments are an object") };
        let result = self.0.call_tool(CallToolRequestParams::new(name).with_arguments(arguments)).await?;
        let failed = result.is_error == Some(true);
        Ok((failed, serde_json::to_value(&result)?))
    }

    async fn call(&self, name: &'static str, arguments: Value) -> Result<Value> {
        let (failed, mut result) = self.tool(name, arguments).await?;
        ensure!(!failed, "{name}: {result}");
        result.get_mut("structuredContent").map(Value::take).context("structured content")
    }
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("no {pointer} in {value}"))
}

async fn whole_plan(workspace: &Workspace) -> Result<()> {
    let transport = TokioChildProcess::new(tokio::process::Command::from(workspace.command("stdio")))?;
    let sdk = Sdk(().serve(transport).await?);
    let tools = sdk.0.list_all_tools().await?;
    ensure!(tools.iter().any(|tool| tool.name == "orchestrator_plan_task"), "{tools:?}");
    let planned = sdk
        .call(
            "orchestrator_plan_task",
            json!({
                "title": "build it",
                "description": "two steps",
                "subtasks": [
                    {"title": "design", "description": "first", "specialist_type": "architect"},
                    {"title": "code", "description": "second", "specialist_type": "implementer",
                     "dependencies": ["design"]},
                ],
            }),
        )
        .await?;
    let (design, code) = (text(&planned, "/subtasks/0/task_id")?, text(&planned, "/subtasks/1/task_id")?);
    let (refused, why) = sdk.tool("orchestrator_execute_task", json!({"task_id": code})).await?;
    ensure!(refused && why.to_string().contains(&design), "{why}");
    workspace.kill_worker()?;
    for task in [&design, &code] {
        sdk.call("orchestrator_execute_task", json!({"task_id": task})).await?;
        workspace.kill_worker()?;
        let arguments = json!({
            "task_id": task, "summary": "done", "detailed_work": format!("work on {task}"),
            "next_action": "complete",
        });
        let done = sdk.call("orchestrator_complete_task", arguments).await?;
        let uri = text(&done, "/artifact_info/accessible_via")?;
        let read = sdk.0.read_resource(ReadResourceRequestParams::new(uri)).await?;
        ensure!(serde_json::to_string(&read)?.contains(&format!("work on {task}")), "{read:?}");
    }
    let parent = text(&planned, "/parent_task_id").or_else(|_| text(&planned, "/task_id"))?;
    sdk.call("orchestrator_synthesize_results", json!({"parent_task_id": parent})).await?;
    let prompts = sdk.0.list_all_prompts().await?;
    let first = prompts.first().context("a prompt")?;
    sdk.0.get_prompt(GetPromptRequestParams::new(first.name.clone())).await?;
    sdk.0.cancel().await?;
    Ok(())
}

#[test]
fn the_rust_sdk_drives_a_whole_plan() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Workspace::new()?.check(|workspace| runtime.block_on(whole_plan(workspace)))
}

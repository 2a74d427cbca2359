//! The reboot tools as an MCP client uses them: real figures that fit their
//! schemas, progress, roles, limits, and answers while there is no worker to ask.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};
use task_orchestrator_tests::client::ToolReply;
use task_orchestrator_tests::{Client, Workspace, process, wait};

const RESTART: &str = "orchestrator_restart_server";
const HEALTH: &str = "orchestrator_health_check";
const PREPARE: &str = "orchestrator_shutdown_prepare";
const STATUS: &str = "orchestrator_restart_status";
const RECONNECT: &str = "orchestrator_reconnect_test";

/// A client that checks every result against the schema that the tool's listing promises.
struct Checked {
    client: Client,
    schemas: HashMap<String, Value>,
}

impl Checked {
    fn open(workspace: &Workspace) -> Result<Self> {
        let client = Client::open(workspace)?;
        let listed = client.request("tools/list", json!({}))?;
        let tools = listed.get("tools").and_then(Value::as_array).context("tools")?;
        let schema =
            |tool: &Value| Some((tool.get("name")?.as_str()?.to_owned(), tool.get("outputSchema")?.clone()));
        Ok(Self { client, schemas: tools.iter().filter_map(schema).collect() })
    }

    fn tool(&self, name: &str, arguments: Value) -> Result<ToolReply> {
        let reply = self.client.tool(name, arguments)?;
        let schema = self.schemas.get(name).with_context(|| format!("{name} is not listed"))?;
        let checked = jsonschema::validate(schema, &reply.body);
        checked.map_err(|error| anyhow::anyhow!("{name}: {error} in {}", reply.body))?;
        Ok(reply)
    }

    fn call(&self, name: &str, arguments: Value) -> Result<Value> {
        let reply = self.tool(name, arguments)?;
        ensure!(!reply.is_error, "{name}: {}", reply.body);
        Ok(reply.body)
    }

    /// A refusal with this code; gives the error object.
    fn refused(&self, name: &str, arguments: Value, code: &str) -> Result<Value> {
        let reply = self.tool(name, arguments)?;
        ensure!(reply.is_error, "{name} was not refused: {}", reply.body);
        ensure!(reply.body.get("error_code") == Some(&json!(code)), "not {code}: {}", reply.body);
        Ok(reply.body)
    }
}

fn at<'a>(value: &'a Value, pointer: &str) -> Result<&'a Value> {
    value.pointer(pointer).with_context(|| format!("no {pointer} in {value}"))
}

#[test]
fn every_tool_tells_the_truth() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Checked::open(workspace)?;
        let other = Client::open(workspace)?;
        let status = workspace.status()?;
        let worker = json!(status.worker_pid().context("a worker")?);

        let health = client.call(HEALTH, json!({}))?;
        ensure!(*at(&health, "/status")? == json!("healthy"), "{health}");
        ensure!(*at(&health, "/checks/worker/pid")? == worker, "{health}");
        ensure!(*at(&health, "/checks/connections/active_connections")? == json!(2), "{health}");
        ensure!(*at(&health, "/checks/database/connected")? == json!(true), "{health}");
        let front = process::resident_bytes(status.pid.context("a front")?)?;
        let told = at(&health, "/checks/memory/front_rss_bytes")?.as_u64().context("bytes")?;
        ensure!(told.abs_diff(front) < front / 4, "{told} bytes told, {front} taken");
        let less = client.call(HEALTH, json!({"include_database_status": false}))?;
        ensure!(less.pointer("/checks/database").is_none(), "{less}");

        let planned = other.call("orchestrator_plan_task", json!({"title": "t", "description": "d"}))?;
        other.call("orchestrator_execute_task", json!({"task_id": at(&planned, "/task_id")?}))?;
        let ready = client.call(PREPARE, json!({}))?;
        ensure!(*at(&ready, "/ready_for_shutdown")? == json!(true), "{ready}");
        ensure!(*at(&ready, "/checks/active_tasks/count")? == json!(1), "{ready}");
        ensure!(*at(&ready, "/checks/client_connections/active_connections")? == json!(2), "{ready}");

        let restarted = client.call(RESTART, json!({"reason": "manual_restart", "timeout": 20}))?;
        ensure!(*at(&restarted, "/success")? == json!(true), "{restarted}");
        ensure!(*at(&restarted, "/restart_reason")? == json!("manual_request"), "{restarted}");
        ensure!(*at(&restarted, "/old_pid")? == worker, "{restarted}");
        let now = json!(workspace.status()?.worker_pid().context("a worker")?);
        ensure!(*at(&restarted, "/new_pid")? == now && now != worker, "{restarted}");
        ensure!(at(&restarted, "/phases")?.as_array().is_some_and(|phases| phases.len() == 8), "{restarted}");
        ensure!(*at(&restarted, "/state/active_tasks")? == json!(1), "{restarted}");

        let told = client.call(STATUS, json!({"include_history": true, "limit": 5}))?;
        let id = at(&restarted, "/restart_id")?;
        ensure!(at(&told, "/current_status/restart_id")? == id, "{told}");
        ensure!(at(&told, "/history/recent_restarts/0/restart_id")? == id, "{told}");
        ensure!(*at(&told, "/history/total_restarts")? == json!(1), "{told}");

        let tested = client.call(RECONNECT, json!({}))?;
        ensure!(*at(&tested, "/overall_status")? == json!("pass"), "{tested}");
        ensure!(*at(&tested, "/results/all_sessions/reachable_sessions")? == json!(2), "{tested}");
        let unknown = client.tool(RECONNECT, json!({"session_id": "nobody"}))?.body;
        ensure!(unknown.pointer("/results/session_test/reachable") != Some(&json!(true)), "{unknown}");
        client.client.quit()?;
        other.quit()
    })
}

#[test]
fn a_restart_tells_its_progress_and_can_be_followed() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Checked::open(workspace)?;
        let params = json!({"name": RESTART, "arguments": {}, "_meta": {"progressToken": "far"}});
        client.client.request("tools/call", params)?;
        let told = client.client.inbox().look(|received| received.notifications_of("notifications/progress"));
        let mut last = -1.0;
        for notification in &told {
            ensure!(*at(notification, "/params/progressToken")? == json!("far"), "{notification}");
            let progress = at(notification, "/params/progress")?.as_f64().context("a number")?;
            ensure!(progress > last, "progress must grow: {told:?}");
            last = progress;
        }
        ensure!(told.len() >= 4, "{told:?}");

        let begun = client.call(RESTART, json!({"wait": false}))?;
        let id = at(&begun, "/restart_id")?;
        wait::until("the restart to be complete", || {
            let reply = client.tool(STATUS, json!({})).ok().filter(|reply| !reply.is_error)?;
            let current = reply.body.get("current_status")?;
            let is_it =
                current.get("restart_id") == Some(id) && current.get("phase") == Some(&json!("complete"));
            is_it.then_some(())
        })?;
        client.client.quit()
    })
}

#[test]
fn each_role_may_what_it_may() -> Result<()> {
    let emergency = json!({"graceful": false});
    let table: [(&str, [bool; 4]); 4] = [
        ("readonly", [true, true, true, false]),
        ("monitor", [false, true, true, false]),
        ("operator", [false, false, true, false]),
        ("admin", [false, false, false, false]),
    ];
    for (role, denied) in table {
        let config = format!("[access]\nstdio_role = \"{role}\"\n");
        Workspace::configured(&config)?.check(|workspace| {
            let client = Checked::open(workspace)?;
            let calls = [
                (HEALTH, json!({})),
                (RESTART, json!({})),
                (RESTART, emergency.clone()),
                (STATUS, json!({})),
            ];
            for ((tool, arguments), denied) in calls.into_iter().zip(denied) {
                let before = workspace.status()?.worker_pid();
                if denied {
                    let refusal = client.refused(tool, arguments, "RESTART_009")?;
                    ensure!(*at(&refusal, "/details/role")? == json!(role), "{refusal}");
                    ensure!(workspace.status()?.worker_pid() == before, "{role}: denied and done");
                } else {
                    client.call(tool, arguments).with_context(|| role.to_owned())?;
                }
            }
            client.client.quit()
        })?;
    }
    Ok(())
}

#[test]
fn who_asks_too_often_is_told_when_to_come_back() -> Result<()> {
    let config = "[limits]\nrestart_burst = 2\nrestart_interval = \"1 h\"\nreconnect_test_per_minute = 1\n";
    Workspace::configured(config)?.check(|workspace| {
        let client = Checked::open(workspace)?;
        for _ in 0..2 {
            client.call(RESTART, json!({}))?;
        }
        let refusal = client.refused(RESTART, json!({}), "RESTART_010")?;
        let after = at(&refusal, "/details/retry_after")?.as_f64().context("seconds")?;
        ensure!(after > 3000.0 && after <= 3600.0, "{refusal}");
        ensure!(*at(&refusal, "/retryable")? == json!(true), "{refusal}");
        client.call(RECONNECT, json!({}))?;
        client.refused(RECONNECT, json!({}), "RESTART_010")?;
        // Another client has limits of its own, and operators have none.
        let other = Checked::open(workspace)?;
        other.call(RESTART, json!({}))?;
        workspace.restart(&[])?.complete()?;
        ensure!(workspace.history()?.len() == 4);
        client.client.quit()?;
        other.client.quit()
    })
}

/// The worker is stopped as it stands: the front answers what it can.
#[test]
fn a_hung_worker_takes_none_of_these_tools_with_it() -> Result<()> {
    Workspace::configured("[access]\nstdio_role = \"admin\"\n")?.check(|workspace| {
        let client = Checked::open(workspace)?;
        let hung = workspace.status()?.worker_pid().context("a worker")?;
        process::signal(hung, Signal::STOP);
        let call = json!({"name": "orchestrator_get_status", "arguments": {}});
        let waiting = client.client.send("tools/call", call)?;
        let health = client.call(HEALTH, json!({}))?;
        ensure!(*at(&health, "/checks/worker/pid")? == json!(hung), "{health}");
        client.call(PREPARE, json!({}))?;
        client.call(STATUS, json!({}))?;
        client.call(RECONNECT, json!({}))?;
        let restarted = client.call(RESTART, json!({"graceful": false}))?;
        ensure!(*at(&restarted, "/old_pid")? == json!(hung), "{restarted}");
        let response = client.client.response(&json!(waiting))?.message;
        ensure!(response.get("result").is_some(), "what the hung worker had: {response}");
        ensure!(!process::lives(hung));
        client.client.quit()
    })
}

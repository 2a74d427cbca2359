//! Long calls that clients have run in the background, over both transports: asked
//! for, finished and called off while workers are replaced and killed.
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};
use task_orchestrator_tests::client::MODERN;
use task_orchestrator_tests::http::{HttpClient, Served};
use task_orchestrator_tests::workspace::MANY_CRASHES;
use task_orchestrator_tests::{Client, Workspace, program, wait};

const TOOL: &str = "orchestrator_maintenance_coordinator";
/// Each page takes 5 s, so that a call over these outlasts restarts on a busy machine.
const SLOW: &str = "slow5000";
const TASKS: u32 = 6000;

/// A client of the stateless era that can wait for calls in the background.
enum Asker {
    Stdio(Client),
    Http(HttpClient),
}

impl Asker {
    fn exchange(&self, method: &str, mut params: Value) -> Result<Value> {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
            "io.modelcontextprotocol/clientInfo": {"name": "patient", "version": "1"},
        });
        match self {
            Self::Stdio(client) => client.exchange(method, params),
            Self::Http(client) => {
                let named =
                    ["name", "taskId"].iter().find_map(|key| params[*key].as_str()).map(str::to_owned);
                let mut headers = vec![("MCP-Protocol-Version", MODERN), ("Mcp-Method", method)];
                headers.extend(named.as_deref().map(|name| ("Mcp-Name", name)));
                let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
                client.post_with(message.to_string().as_bytes(), &headers)?.message()
            }
        }
    }

    fn request(&self, method: &str, params: Value) -> Result<Value> {
        let mut answer = self.exchange(method, params)?;
        ensure!(answer.get("result").is_some(), "{method}: {answer}");
        Ok(answer["result"].take())
    }

    /// Has a clean-up run; gives the name of the call.
    fn begin(&self) -> Result<String> {
        let arguments = json!({"action": "scan_cleanup", "scope": "full_project", "dry_run": false});
        let handle = self.request("tools/call", json!({"name": TOOL, "arguments": arguments}))?;
        ensure!(handle["resultType"] == "task" && handle["status"] == "working", "{handle}");
        Ok(handle["taskId"].as_str().context("a name")?.to_owned())
    }

    fn get(&self, id: &str) -> Result<Value> {
        self.request("tasks/get", json!({"taskId": id}))
    }

    fn cancel(&self, id: &str) -> Result<()> {
        let acknowledged = self.request("tasks/cancel", json!({"taskId": id}))?;
        ensure!(acknowledged == json!({"resultType": "complete"}), "{acknowledged}");
        Ok(())
    }

    fn ended(&self, id: &str) -> Result<Value> {
        wait::until("the call to end", || self.get(id).ok().filter(|call| call["status"] != "working"))
    }

    fn is_working(&self, id: &str) -> Result<()> {
        let call = self.get(id)?;
        ensure!(call["status"] == "working", "it was no long call: {call}");
        Ok(())
    }
}

/// Tasks of which every tenth belongs to a plan that was given up.
fn fill(workspace: &Workspace) -> Result<()> {
    let database = Connection::open(workspace.database())?;
    database.busy_timeout(wait::DEADLINE)?;
    Ok(database.execute_batch(&format!(
        "INSERT INTO tasks (id, title, description, status, task_type, specialist, complexity, created_at, updated_at)
             VALUES ('plan', 'given up', '', 'cancelled', 'breakdown', 'generic', 'simple', 1, 1);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {TASKS})
         INSERT INTO tasks (id, parent, title, description, status, task_type, specialist, complexity, created_at, updated_at)
             SELECT 'n' || i, iif(i % 10 = 0, (SELECT seq FROM tasks WHERE id = 'plan'), NULL), 'task ' || i, '',
                 'pending', 'standard', 'generic', 'simple', i + 1, i + 1 FROM n;"
    ))?)
}

/// How many of them have been changed.
fn changed(workspace: &Workspace) -> Result<usize> {
    let database = Connection::open(workspace.database())?;
    database.busy_timeout(wait::DEADLINE)?;
    let sql = "SELECT count(*) FROM tasks WHERE id LIKE 'n%' AND status <> 'pending'";
    Ok(database.query_row(sql, [], |row| row.get::<_, u32>(0))? as usize)
}

/// A workspace of a slow worker, and this sort of client.
fn with(over_http: bool, test: impl FnOnce(&Workspace, &Asker) -> Result<()>) -> Result<()> {
    let builds = tempfile::tempdir()?;
    let slow = program::behaving(SLOW, builds.path())?.display().to_string();
    let workspace = Workspace::configured(&format!("[worker]\nbinary = {slow:?}\n{MANY_CRASHES}"))?;
    workspace.check(|workspace| {
        let served = over_http.then(|| Served::start(workspace, &[])).transpose()?;
        let asker = match &served {
            Some(served) => Asker::Http(HttpClient::new(&served.url)),
            None => Asker::Stdio(Client::launch(workspace)?),
        };
        let shown = asker.request("server/discover", json!({}))?;
        ensure!(
            shown["capabilities"]["extensions"] == json!({"io.modelcontextprotocol/tasks": {}}),
            "{shown}"
        );
        fill(workspace)?;
        test(workspace, &asker)
    })
}

/// One call, through a handover, a crash and an upgrade, and what came of it.
fn finished_once(workspace: &Workspace, asker: &Asker) -> Result<()> {
    let id = asker.begin()?;
    asker.is_working(&id)?;
    workspace.restart(&[])?.complete()?;
    asker.is_working(&id)?;
    workspace.kill_worker()?;
    asker.is_working(&id)?;
    // A build that is not slow finishes it.
    let quick = workspace.binary().display().to_string();
    workspace.restart(&["--binary", &quick])?.complete()?;
    let call = asker.ended(&id)?;
    ensure!(call["status"] == "completed", "{call}");
    let steps = call["result"]["structuredContent"]["actions"].as_array().context("actions")?;
    let applied = steps.iter().filter(|step| step["applied"] == true).count();
    ensure!(applied > 0 && applied == changed(workspace)?, "{applied} told, {} done", changed(workspace)?);
    // What is kept is kept over all that comes.
    workspace.restart(&[])?.complete()?;
    workspace.kill_worker()?;
    ensure!(asker.get(&id)?["result"] == call["result"]);
    Ok(())
}

#[test]
fn over_http_a_call_outlives_its_workers_and_has_its_effect_once() -> Result<()> {
    with(true, finished_once)
}

#[test]
fn over_stdio_a_call_outlives_its_workers_and_the_front() -> Result<()> {
    with(false, |workspace, asker| {
        finished_once(workspace, asker)?;
        let before = changed(workspace)?;
        let id = asker.begin()?;
        workspace.kill_front()?;
        let call = asker.ended(&id)?;
        ensure!(call["status"] == "completed", "{call}");
        ensure!(changed(workspace)? >= before);
        Ok(())
    })
}

/// Before, during and after a restart, and after a crash.
fn called_off(workspace: &Workspace, asker: &Asker) -> Result<()> {
    let calls = (0..4).map(|_| asker.begin()).collect::<Result<Vec<_>>>()?;
    let [before, during, after, crashed] = calls.as_slice() else { anyhow::bail!("four calls") };
    asker.cancel(before)?;
    let underway = workspace.begin_restart(&[])?;
    asker.cancel(during)?;
    underway.end()?.complete()?;
    asker.cancel(after)?;
    workspace.kill_worker()?;
    asker.cancel(crashed)?;
    for id in &calls {
        let call = asker.ended(id)?;
        ensure!(call["status"] == "cancelled" && call.get("result").is_none(), "{call}");
        asker.cancel(id)?;
    }
    ensure!(changed(workspace)? == 0, "something was done all the same");
    Ok(())
}

#[test]
fn over_http_calls_are_called_off_around_restarts() -> Result<()> {
    with(true, called_off)
}

#[test]
fn over_stdio_calls_are_called_off_around_restarts() -> Result<()> {
    with(false, |workspace, asker| {
        called_off(workspace, asker)?;
        // Another client's calls are nobody's.
        let other = Asker::Stdio(Client::launch(workspace)?);
        let id = other.begin()?;
        let refused = asker.exchange("tasks/get", json!({"taskId": id}))?;
        ensure!(refused["error"]["code"] == -32602, "{refused}");
        other.cancel(&id)?;
        Ok(())
    })
}

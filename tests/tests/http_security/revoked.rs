//! What becomes of the sessions and the calls of a token that is revoked or expires.

use std::thread;

use anyhow::{Result, anyhow, ensure};
use serde_json::{Value, json};
use task_orchestrator_tests::http::{HttpClient, Served};
use task_orchestrator_tests::open_metrics::Page;
use task_orchestrator_tests::{Workspace, program, wait};

use super::lifecycle::{create, with_token};

fn sessions(workspace: &Workspace, count: u64) -> Result<()> {
    wait::until(&format!("{count} sessions"), || {
        (workspace.status().ok()?.sessions == Some(count)).then_some(())
    })
}

fn in_session(workspace: &Workspace, served: &Served, name: &str, more: &[&str]) -> Result<HttpClient> {
    let client = with_token(&served.url, &create(workspace, name, "operator", more)?);
    client.initialize("2025-11-25")?;
    Ok(client)
}

/// The status of a request in the session of this client, with another token.
fn with_another(client: &HttpClient, served: &Served, token: String) -> Result<u16> {
    let mut other = client.same_session(&served.url);
    other.token = Some(token);
    Ok(other.post(&json!({"jsonrpc": "2.0", "id": 7, "method": "ping"}))?.status)
}

fn scan() -> Value {
    let arguments = json!({"action": "scan_cleanup", "scope": "full_project"});
    json!({"name": "orchestrator_maintenance_coordinator", "arguments": arguments})
}

#[test]
fn the_sessions_of_a_token_end_with_it() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let mut served = Served::start(workspace, &[])?;
        let gone = in_session(workspace, &served, "gone", &[])?;
        let stays = in_session(workspace, &served, "stays", &[])?;
        let away = in_session(workspace, &served, "away", &[])?;
        let nobodys = HttpClient::open(&served.url)?;
        // A session that was idle; the streams of others are told of in `lifecycle`.
        sessions(workspace, 4)?;
        ensure!(workspace.run("token", &["revoke", "gone"])?.status.success());
        sessions(workspace, 3)?;
        ensure!(with_another(&gone, &served, create(workspace, "gone", "operator", &[])?)? == 404);
        let short = in_session(workspace, &served, "short", &["--expires", "8s"])?;
        sessions(workspace, 3)?;
        ensure!(short.post(&json!({"jsonrpc": "2.0", "id": 7, "method": "ping"}))?.status == 401);

        served.kill()?;
        ensure!(workspace.run("token", &["revoke", "away"])?.status.success());
        served.again(workspace)?;
        ensure!(with_another(&away, &served, create(workspace, "away", "operator", &[])?)? == 404);
        for client in [&stays, &nobodys] {
            let status = client.call(8, "orchestrator_get_status", &json!({}))?;
            ensure!(status["result"]["isError"] != true, "{status}");
        }
        Ok(())
    })
}

#[test]
fn what_is_under_way_is_finished_and_nothing_new_is_begun() -> Result<()> {
    let builds = tempfile::tempdir()?;
    let slow = program::behaving("slow3000", builds.path())?;
    let config = format!("[worker]\nbinary = {:?}\n", slow.display().to_string());
    Workspace::configured(&config)?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let token = create(workspace, "gone", "operator", &[])?;
        let (plain, session) = (with_token(&served.url, &token), with_token(&served.url, &token));
        session.initialize("2025-11-25")?;
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": scan()});
        let answer = thread::scope(|scope| {
            let asking = scope.spawn(|| plain.ask(1, "tools/call", scan()));
            // It becomes a stream, as it is not answered at once.
            let mut stream = session.post_stream(&call, &[])?;
            wait::until("both with the worker", || {
                (workspace.health().ok()?.checks.worker.in_flight == 2).then_some(())
            })?;
            ensure!(workspace.run("token", &["revoke", "gone"])?.status.success());
            let new = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
            ensure!(
                session.post(&new)?.status == 401 && plain.ask(2, "tools/list", json!({}))?.status == 401
            );
            while let Some(event) = stream.next_event()? {
                ensure!(event.data.is_empty(), "its stream ends without the answer: {event:?}");
            }
            asking.join().map_err(|_| anyhow!("a panic"))?
        })?;
        ensure!(answer.status == 200 && answer.message()?["result"]["isError"] != true, "{answer:?}");
        sessions(workspace, 0)?;
        // The call in the session as well, although nobody can fetch its answer.
        let page = Page::read(&HttpClient::new(&served.at("/metrics")).get_with(&[])?.body)?;
        let counted = |outcome: &str| {
            let sample =
                format!("task_orchestrator_requests_total{{transport=\"http\",outcome=\"{outcome}\"}}");
            page.value(&sample)
        };
        ensure!(counted("abandoned")? == 0.0 && counted("cancelled")? == 0.0, "{page:?}");
        Ok(())
    })
}

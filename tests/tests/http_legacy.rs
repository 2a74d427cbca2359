//! The era of sessions over HTTP: what breaks goes on where it was, whoever dies, and
//! what is not in order is refused with the status that clients know.
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use task_orchestrator_tests::Workspace;
use task_orchestrator_tests::http::{HttpClient, Served, Stream};
use task_orchestrator_tests::workspace::MANY_CRASHES;

const PLAN: &str = "orchestrator_plan_task";
const STATUS: &str = "orchestrator_get_status";

fn call(id: u64, tool: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
}

fn plan(id: u64) -> Value {
    call(id, PLAN, &json!({"title": format!("task {id}"), "description": "d"}))
}

fn total(client: &HttpClient, id: u64) -> Result<Value> {
    Ok(client.call(id, STATUS, &json!({}))?["result"]["structuredContent"]["total_tasks"].clone())
}

/// Plans a task and subscribes to it: from then on the client is told of changes.
fn watch(client: &HttpClient) -> Result<()> {
    let planned = client.post(&plan(1))?.message()?;
    let task = planned["result"]["structuredContent"]["task_id"].as_str().context("a task")?;
    let params = json!({"uri": format!("task://{task}")});
    let subscribe = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": params});
    let answer = client.post(&subscribe)?.message()?;
    ensure!(answer["error"].is_null(), "{answer}");
    Ok(())
}

/// A stream's first event: it only carries an id.
fn primed(stream: &mut Stream) -> Result<String> {
    let event = stream.next_event()?.context("an event")?;
    ensure!(event.data.is_empty() && event.retry.is_some() && !event.id.is_empty(), "{event:?}");
    Ok(event.id)
}

/// The next message of that method, and the id of its event.
fn heard(stream: &mut Stream, method: &str) -> Result<(String, Value)> {
    loop {
        let (id, message) = stream.next_message()?;
        if message["method"] == method {
            return Ok((id, message));
        }
    }
}

/// The number of an event in its session.
fn number(id: &str) -> Option<u64> {
    id.split('-').nth(1)?.parse().ok()
}

#[test]
fn a_request_whose_connection_breaks_is_answered_to_who_comes_back() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let client = HttpClient::open(&served.url)?;
        workspace.ask(&["maintenance", "on"])?;
        let mut stream = client.post_stream(&plan(7), &[])?;
        let id = primed(&mut stream)?;
        drop(stream);
        workspace.ask(&["maintenance", "off"])?;
        for _ in 0..2 {
            // The answer may be lost with the second connection as well.
            let (end, answer) = client.stream(Some(&id))?.next_message()?;
            ensure!(answer["id"] == 7 && answer["result"]["isError"] != true, "{answer}");
            let after = client.get_with(&[("Last-Event-ID", &end)])?;
            ensure!(after.status == 204, "who has the answer has everything: {after:?}");
        }
        ensure!(total(&client, 8)? == 1);
        Ok(())
    })
}

#[test]
fn an_older_client_gets_no_event_that_it_does_not_know() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let client = HttpClient::new(&served.url);
        client.initialize("2025-06-18")?;
        workspace.ask(&["maintenance", "on"])?;
        let mut stream = client.post_stream(&plan(7), &[])?;
        workspace.ask(&["maintenance", "off"])?;
        let event = stream.next_event()?.context("an event")?;
        let answer: Value = serde_json::from_str(&event.data)?;
        ensure!(answer["id"] == 7 && answer["result"]["isError"] != true, "{answer}");
        ensure!(stream.next_event()?.is_none(), "the stream ends with the answer");
        Ok(())
    })
}

#[test]
fn notifications_cross_a_handover_a_crash_and_a_broken_connection() -> Result<()> {
    let changed = "notifications/resources/list_changed";
    Workspace::configured(MANY_CRASHES)?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let client = HttpClient::open(&served.url)?;
        let mut stream = client.stream(None)?;
        primed(&mut stream)?;
        watch(&client)?;
        client.post(&plan(1))?;
        heard(&mut stream, changed)?;
        workspace.restart(&[])?;
        client.post(&plan(2))?;
        heard(&mut stream, changed)?;
        workspace.kill_worker()?;
        client.post(&plan(3))?;
        let (last, _) = heard(&mut stream, changed)?;
        drop(stream);
        client.post(&plan(4))?;
        let mut stream = client.stream(Some(&last))?;
        ensure!(primed(&mut stream)? == last, "it goes on behind what was heard");
        let (next, _) = heard(&mut stream, changed)?;
        ensure!(next != last, "nothing is heard twice");
        // Without an id as well: behind what the connection before has taken.
        drop(stream);
        let mut stream = client.stream(None)?;
        let (from, heard) = (number(&primed(&mut stream)?), number(&next));
        ensure!(from.is_some() && from >= heard, "{from:?} {heard:?}");
        Ok(())
    })
}

#[test]
fn a_session_goes_on_with_the_next_front() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let mut served = Served::start(workspace, &[])?;
        let client = HttpClient::open(&served.url)?;
        watch(&client)?;
        let mut listening = client.stream(None)?;
        let unasked = primed(&mut listening)?;
        workspace.ask(&["maintenance", "on"])?;
        let mut waiting = client.post_stream(&plan(2), &[])?;
        let request = primed(&mut waiting)?;
        served.kill()?;
        served.again(workspace)?;
        ensure!(total(&client, 3)? == 1, "what no worker had has not happened");
        // Nothing can be known of it here, and nobody shall wait for it.
        let (end, answer) = client.stream(Some(&request))?.next_message()?;
        ensure!(answer["id"] == 2, "{answer}");
        ensure!(answer["error"]["data"]["error_code"] == "RESTART_012", "{answer}");
        ensure!(client.get_with(&[("Last-Event-ID", &end)])?.status == 204);
        let mut listening = client.stream(Some(&unasked))?;
        client.post(&plan(4))?;
        heard(&mut listening, "notifications/resources/list_changed")?;
        ensure!(total(&client, 5)? == 2, "a request of the next front is a new one");
        // Also when the front ends in good order, which the stream ends with.
        workspace.run("stop", &[])?;
        while listening.next_event()?.is_some() {}
        served.again(workspace)?;
        ensure!(total(&client, 6)? == 2);
        ensure!(client.delete()?.status == 200);
        served.kill()?;
        served.again(workspace)?;
        ensure!(client.post(&plan(7))?.status == 404, "what has ended does not come back");
        Ok(())
    })
}

#[test]
fn what_is_not_in_order_is_refused() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let client = HttpClient::open(&served.url)?;
        let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
        let begin = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}).to_string();
        let batch = format!("[{ping}]");
        for (body, headers, status, code) in [
            (&*ping, vec![], 200, 0),
            (&*ping, vec![("Accept", "application/json")], 406, -32000),
            (&*ping, vec![("Accept", "text/event-stream")], 406, -32000),
            (&*ping, vec![("Content-Type", "text/plain")], 415, -32000),
            (&*ping, vec![("MCP-Protocol-Version", "1999-01-01")], 400, -32000),
            (&*ping, vec![("Mcp-Session-Id", "nobody")], 404, -32000),
            (&*begin, vec![], 400, -32600),
            (&*batch, vec![], 400, -32600),
            ("{", vec![], 400, -32700),
            ("", vec![], 400, -32700),
        ] {
            let answer = client.post_with(body.as_bytes(), &headers)?;
            ensure!(answer.status == status, "{body} {headers:?}: {answer:?}");
            let message = answer.message()?;
            ensure!(message["error"]["code"].as_i64().unwrap_or(0) == code, "{body}: {message}");
        }
        let stranger = client.without_session();
        for (body, status) in [(&*ping, 400), (&*batch, 400), ("{", 400)] {
            ensure!(stranger.post_with(body.as_bytes(), &[])?.status == status, "{body}");
        }
        ensure!(stranger.get_with(&[])?.status == 400);
        ensure!(client.get_with(&[("Accept", "application/json")])?.status == 406);
        ensure!(client.get_with(&[("Last-Event-ID", "mine")])?.status == 400);
        ensure!(stranger.delete()?.status == 400);
        ensure!(client.post_with(ping.as_bytes(), &[])?.status == 200, "nothing of that has ended it");
        Ok(())
    })
}

#[test]
fn a_session_that_nobody_uses_is_forgotten_and_one_that_listens_is_not() -> Result<()> {
    Workspace::configured("[http]\nsession_timeout = \"1 s\"\n")?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let silent = HttpClient::open(&served.url)?;
        let listening = HttpClient::open(&served.url)?;
        let stream = listening.stream(None)?;
        workspace.status_when("one session to be left", |status| status.sessions == Some(1))?;
        ensure!(silent.post(&plan(1))?.status == 404);
        ensure!(listening.post(&plan(1))?.status == 200);
        drop(stream);
        Ok(())
    })
}

#[test]
fn there_are_no_more_sessions_than_there_may_be() -> Result<()> {
    Workspace::configured("[front]\nmax_sessions = 1\n")?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let first = HttpClient::open(&served.url)?;
        let refused = HttpClient::open(&served.url).err().context("a refusal")?;
        ensure!(format!("{refused:?}").contains("503"), "{refused:?}");
        ensure!(first.delete()?.status == 200);
        let again = || HttpClient::open(&served.url).ok();
        task_orchestrator_tests::wait::until("room for another", again)?;
        Ok(())
    })
}

#[test]
fn who_is_disconnected_has_no_session_any_more() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let client = HttpClient::open(&served.url)?;
        let mut stream = client.stream(None)?;
        let sessions = workspace.ask(&["sessions"])?;
        let id = sessions["sessions"][0]["client"].as_str().with_context(|| sessions.to_string())?;
        workspace.ask(&["disconnect", id, "--yes"])?;
        while stream.next_event()?.is_some() {}
        ensure!(client.post(&plan(1))?.status == 404);
        ensure!(client.get_with(&[])?.status == 404);
        Ok(())
    })
}

#[test]
fn only_who_listens_and_answers_is_reachable() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let client = HttpClient::open(&served.url)?;
        let test = || -> Result<Value> {
            let output = workspace.run("reconnect-test", &["--json"])?;
            serde_json::from_slice(&output.stdout).with_context(|| format!("{output:?}"))
        };
        let verdict = test()?;
        ensure!(verdict["overall_status"] == "fail", "it does not listen: {verdict}");
        let mut stream = client.stream(None)?;
        primed(&mut stream)?;
        let verdict = std::thread::scope(|scope| -> Result<Value> {
            let testing = scope.spawn(test);
            let (_, ping) = heard(&mut stream, "ping")?;
            let pong = client.post(&json!({"jsonrpc": "2.0", "id": ping["id"], "result": {}}))?;
            ensure!(pong.status == 202, "{pong:?}");
            testing.join().map_err(|_| anyhow::anyhow!("the test panicked"))?
        })?;
        ensure!(verdict["overall_status"] == "pass", "{verdict}");
        Ok(())
    })
}

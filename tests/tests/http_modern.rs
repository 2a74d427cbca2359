//! The stateless era over HTTP: what each request must say, what comes back, and that
//! restarts, crashes and closed connections cost nobody more than a wait.
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use task_orchestrator_tests::client::MODERN;
use task_orchestrator_tests::http::{Answer, HttpClient, Served, Stream, modern_meta};
use task_orchestrator_tests::workspace::MANY_CRASHES;
use task_orchestrator_tests::{Workspace, process, program, wait};

const PLAN: &str = "orchestrator_plan_task";
const STATUS: &str = "orchestrator_get_status";
const MAINTENANCE: &str = "orchestrator_maintenance_coordinator";
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
const LIST_CHANGED: &str = "notifications/resources/list_changed";

/// A request with all that it must carry, and what is merged into its `_meta`.
fn request(id: u64, method: &str, mut params: Value, meta: &Value) -> Value {
    let mut all = modern_meta();
    for (key, value) in meta.as_object().into_iter().flatten() {
        all[key.as_str()] = value.clone();
    }
    params["_meta"] = all;
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn call(tool: &str, arguments: Value) -> Value {
    json!({"name": tool, "arguments": arguments})
}

fn plan(title: &str) -> Value {
    call(PLAN, json!({"title": title, "description": "d"}))
}

fn headers(message: &Value) -> Vec<(&'static str, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut headers = vec![("MCP-Protocol-Version", MODERN.to_owned())];
    headers.extend(text(&message["method"]).map(|method| ("Mcp-Method", method)));
    headers.extend(text(&message["params"]["name"]).map(|name| ("Mcp-Name", name)));
    headers
}

fn borrowed<'a>(headers: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn post(client: &HttpClient, message: &Value) -> Result<Answer> {
    client.post_with(message.to_string().as_bytes(), &borrowed(&headers(message)))
}

fn stream(client: &HttpClient, message: &Value) -> Result<Stream> {
    client.post_stream(message, &borrowed(&headers(message)))
}

/// The result of a call that went well.
fn done(answer: &Answer) -> Result<Value> {
    let message = answer.message()?;
    ensure!(answer.status == 200 && message["result"]["isError"] != true, "{answer:?}");
    message["result"].get("structuredContent").cloned().with_context(|| format!("{answer:?}"))
}

fn total(client: &HttpClient) -> Result<Value> {
    let answer = client.ask(9, "tools/call", call(STATUS, json!({})))?;
    Ok(done(&answer)?["total_tasks"].clone())
}

#[test]
fn each_request_says_what_it_is_and_gets_the_status_that_is_due() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let client = HttpClient::new(&served.url);
        let discover = client.ask(1, "server/discover", json!({}))?;
        let versions = discover.message()?["result"]["supportedVersions"].clone();
        ensure!(discover.status == 200 && versions.as_array().is_some_and(|it| it.contains(&json!(MODERN))));
        ensure!(discover.kind == "application/json" && discover.session.is_none(), "{discover:?}");
        ensure!(done(&client.ask(2, "tools/call", plan("one"))?)?["task_created"] == true);

        let list = request(3, "tools/list", json!({}), &json!({}));
        let named = request(4, "tools/call", call(STATUS, json!({})), &json!({}));
        let reboot = request(4, "tools/call", call("orchestrator_restart_status", json!({})), &json!({}));
        let other = json!({"io.modelcontextprotocol/protocolVersion": "2031-01-01"});
        let newer = request(5, "tools/list", json!({}), &other);
        let unknown = request(6, "tools/nonsense", json!({}), &json!({}));
        let ping = request(6, "ping", json!({}), &json!({}));
        let bare = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}});
        let notification = json!({"jsonrpc": "2.0", "method": "notifications/x"});
        let response = json!({"jsonrpc": "2.0", "id": 8, "result": {}});
        let wrong = request(9, "tools/call", call(PLAN, json!({"title": 7})), &json!({}));
        let version = ("MCP-Protocol-Version", MODERN);
        let listed = ("Mcp-Method", "tools/list");
        let called = ("Mcp-Method", "tools/call");
        let status = ("Mcp-Name", STATUS);
        let table = [
            (&list, vec![version, listed], 200, 0),
            (&list, vec![version], 400, -32020),
            (&list, vec![listed], 400, -32020),
            (&list, vec![version, called], 400, -32020),
            (&list, vec![("MCP-Protocol-Version", "2025-11-25"), listed], 400, -32020),
            (&named, vec![version, called, status], 200, 0),
            (&named, vec![version, called], 400, -32020),
            (&named, vec![version, called, ("Mcp-Name", PLAN)], 400, -32020),
            (&reboot, vec![version, called, ("Mcp-Name", "orchestrator_restart_status")], 200, 0),
            (&reboot, vec![version, called, status], 400, -32020),
            (&newer, vec![("MCP-Protocol-Version", "2031-01-01"), listed], 400, -32022),
            (&unknown, vec![version, ("Mcp-Method", "tools/nonsense")], 404, -32601),
            (&ping, vec![version, ("Mcp-Method", "ping")], 404, -32601),
            (&bare, vec![version, listed], 400, -32602),
            (&wrong, vec![version, called, ("Mcp-Name", PLAN)], 200, -32602),
            (&notification, vec![version, ("Mcp-Method", "notifications/x")], 202, 0),
            (&notification, vec![version, listed], 400, -32020),
            (&response, vec![version], 400, -32600),
        ];
        for (message, headers, status, code) in table {
            let answer = client.post_with(message.to_string().as_bytes(), &headers)?;
            ensure!(answer.status == status, "{message} {headers:?}: {answer:?}");
            if code != 0 {
                let error = answer.message()?;
                // Only a request has an id that its answer repeats.
                let id = if message["method"].is_null() { &Value::Null } else { &message["id"] };
                ensure!(error["error"]["code"] == code && error["id"] == *id, "{message}: {error}");
            }
        }
        for (body, more, status) in [
            ("{", ("Accept", "*/*"), 400),
            ("[]", ("Accept", "*/*"), 400),
            ("{}", ("Accept", "application/json"), 406),
            ("{}", ("Content-Type", "text/plain"), 415),
        ] {
            let answer = client.post_with(body.as_bytes(), &[version, more])?;
            ensure!(answer.status == status, "{body} {more:?}: {answer:?}");
        }
        for method in ["GET", "DELETE"] {
            let answer = method_alone(&served.url, method)?;
            ensure!(answer == (405, "POST".to_owned()), "{method}: {answer:?}");
        }
        Ok(())
    })
}

/// The status and the `Allow` of a request without a body.
fn method_alone(url: &str, method: &str) -> Result<(u16, String)> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let agent: ureq::Agent = config.into();
    let request =
        ureq::http::Request::builder().method(method).uri(url).header("MCP-Protocol-Version", MODERN);
    let response = agent.run(request.body(())?)?;
    let allowed = response.headers().get("allow").and_then(|it| it.to_str().ok()).unwrap_or_default();
    Ok((response.status().as_u16(), allowed.to_owned()))
}

#[test]
fn what_comes_before_an_answer_comes_as_a_stream() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let client = HttpClient::new(&served.url);
        let scan = call(MAINTENANCE, json!({"action": "scan_cleanup"}));
        let plain = post(&client, &request(1, "tools/call", scan.clone(), &json!({})))?;
        ensure!(plain.kind == "application/json", "{plain:?}");
        let message = request(2, "tools/call", scan, &json!({"progressToken": "p"}));
        let mut stream = stream(&client, &message)?;
        let mut before = 0;
        let answer = loop {
            let (id, message) = stream.next_message()?;
            ensure!(id.is_empty(), "there is nothing to resume: {id}");
            if message["method"] != "notifications/progress" {
                break message;
            }
            ensure!(message["params"]["progressToken"] == "p", "{message}");
            before += 1;
        };
        ensure!(before > 0 && answer["id"] == 2 && answer["result"]["isError"] != true, "{before} {answer}");
        ensure!(stream.next_event()?.is_none(), "the answer is the last event");
        Ok(())
    })
}

#[test]
fn a_subscription_lives_through_restarts_and_crashes_and_ends_with_the_server() -> Result<()> {
    Workspace::configured(MANY_CRASHES)?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let (client, watcher) = (HttpClient::new(&served.url), HttpClient::new(&served.url));
        let wanted = json!({"notifications": {"resourcesListChanged": true, "toolsListChanged": true}});
        let mut watched = stream(&watcher, &request(77, "subscriptions/listen", wanted, &json!({})))?;
        ensure!(watched.next_message()?.1["method"] == ACKNOWLEDGED);
        for round in 0..4 {
            done(&client.ask(1, "tools/call", plan(&format!("task {round}")))?)?;
            let told = watched.next_message()?.1;
            ensure!(told["method"] == LIST_CHANGED, "round {round}: {told}");
            ensure!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == 77, "{told}");
            if round % 2 == 0 {
                workspace.restart(&[])?.complete()?;
            } else {
                workspace.kill_worker()?;
            }
            // What may have changed meanwhile is told, and of tools that are the same nothing.
            let told = watched.next_message()?.1;
            ensure!(told["method"] == LIST_CHANGED, "round {round}: {told}");
        }
        let status = workspace.status()?;
        ensure!(status.sessions == Some(0), "a subscription is no session: {status:?}");
        ensure!(workspace.run("stop", &[])?.status.success());
        // What has changed just before may still be told.
        while let Some(event) = watched.next_event()? {
            ensure!(event.data.contains(LIST_CHANGED), "{event:?}");
        }
        Ok(())
    })
}

#[test]
fn who_closes_the_response_calls_the_request_off() -> Result<()> {
    let place = tempfile::tempdir()?;
    let slow = program::behaving("slow1000", place.path())?;
    let config = format!("[worker]\nbinary = {:?}\n", slow.display().to_string());
    Workspace::configured(&config)?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let client = HttpClient::new(&served.url);
        let clean = call(MAINTENANCE, json!({"action": "scan_cleanup", "dry_run": false}));
        let message = request(1, "tools/call", clean, &json!({"progressToken": 1}));
        let mut running = stream(&client, &message)?;
        ensure!(running.next_message()?.1["method"] == "notifications/progress");
        drop(running);
        wait::until("the call to be called off", || {
            workspace.logs("worker").contains("called off before anything was changed").then_some(())
        })?;
        Ok(())
    })
}

#[test]
fn a_key_makes_a_request_the_same_one_after_the_front_has_died() -> Result<()> {
    Workspace::configured(MANY_CRASHES)?.check(|workspace| {
        let mut served = Served::start(workspace, &[])?;
        let keyed = |id| request(id, "tools/call", plan("once"), &json!({"idempotencyKey": "k-1"}));
        let first = done(&post(&HttpClient::new(&served.url), &keyed(1))?)?;
        served.kill()?;
        let served = Served::start(workspace, &[])?;
        let client = HttpClient::new(&served.url);
        let again = done(&post(&client, &keyed(2))?)?;
        ensure!(again == first, "{first} {again}");
        ensure!(total(&client)? == 1);
        Ok(())
    })
}

#[test]
fn fifty_at_once_see_no_error_while_workers_are_replaced_and_killed() -> Result<()> {
    const CLIENTS: u64 = 50;
    const CALLS: u64 = 8;
    // They come from one address, which counts as one client.
    let config = format!("{MANY_CRASHES}\n[limits]\nwrite_burst = 1000000\n");
    Workspace::configured(&config)?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        // Whoever listens meanwhile must not keep the operation log from forgetting.
        let watcher = HttpClient::new(&served.url);
        let wanted = json!({"notifications": {"toolsListChanged": true}});
        let _watched = stream(&watcher, &request(77, "subscriptions/listen", wanted, &json!({})))?;
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| -> Result<()> {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|number| {
                    let client = HttpClient::new(&served.url);
                    scope.spawn(move || -> Result<()> {
                        for round in 0..CALLS {
                            done(&client.ask(1, "tools/call", plan(&format!("{number}/{round}")))?)?;
                        }
                        Ok(())
                    })
                })
                .collect();
            let disturbed = scope.spawn(|| -> Result<u64> {
                let mut rounds = 0;
                while !ended.load(Ordering::Relaxed) {
                    workspace.restart(&[])?.complete()?;
                    process::kill(workspace.status()?.worker_pid().unwrap_or_default());
                    rounds += 1;
                }
                Ok(rounds)
            });
            let all: Vec<Result<()>> =
                clients.into_iter().map(|it| it.join().map_err(|_| anyhow::anyhow!("panic"))?).collect();
            ended.store(true, Ordering::Relaxed);
            let rounds = disturbed.join().map_err(|_| anyhow::anyhow!("panic"))??;
            all.into_iter().collect::<Result<Vec<()>>>()?;
            ensure!(rounds > 0, "nothing was disturbed");
            Ok(())
        })?;
        let client = HttpClient::new(&served.url);
        ensure!(total(&client)? == CLIENTS * CALLS, "{}", total(&client)?);
        // Of requests that have their answer, the log keeps none: the next write forgets them.
        for title in ["last but one", "last"] {
            done(&client.ask(1, "tools/call", plan(title))?)?;
        }
        let kept = wait::until_within("few rows in the operation log", Duration::from_secs(10), || {
            let kept = operations(workspace).ok()?;
            (kept <= 2).then_some(kept)
        });
        ensure!(kept.is_ok(), "{:?} rows of {} requests", operations(workspace), CLIENTS * CALLS);
        Ok(())
    })
}

fn operations(workspace: &Workspace) -> Result<i64> {
    let database = Connection::open_with_flags(workspace.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(database.query_row("SELECT count(*) FROM operations", [], |row| row.get(0))?)
}

//! Limits of the task tools over HTTP, and the circuit breaker around the build command.
#![expect(clippy::indexing_slicing, reason = "only JSON objects, by names")]

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::report::BreakerState;
use task_orchestrator_tests::http::{HttpClient, Served};
use task_orchestrator_tests::{Client, Workspace, wait};

const PLAN: &str = "orchestrator_plan_task";

/// Three writes at once, and one more every two seconds.
const FEW_WRITES: &str = "[limits]\nwrite_burst = 3\nwrite_interval = \"2 s\"\n";

/// A network client of either era.
type Write<'a> = &'a dyn Fn(u64) -> Result<Value>;

fn plan(number: u64) -> Value {
    json!({"title": format!("t{number}"), "description": "d"})
}

/// Writes until it is refused; returns how often it was not, and after which time it may again.
fn until_refused(write: Write<'_>) -> Result<(u64, Duration)> {
    for number in 1..100 {
        let answer = write(number)?;
        let result = answer.get("result").with_context(|| answer.to_string())?;
        if result["isError"] == true {
            let failure = &result["structuredContent"];
            ensure!(failure["error_code"] == "RESTART_010" && failure["retryable"] == true, "{answer}");
            let seconds = failure["details"]["retry_after"].as_f64().context("when?")?;
            return Ok((number - 1, Duration::from_secs_f64(seconds)));
        }
    }
    anyhow::bail!("never refused")
}

#[test]
fn a_network_client_is_limited_and_nobody_else_with_it() -> Result<()> {
    let workspace = Workspace::configured(FEW_WRITES)?;
    workspace.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let one = HttpClient::open(&served.url)?;
        let other = HttpClient::open(&served.url)?;
        let modern = HttpClient::new(&served.url);
        let params = |number| json!({"name": PLAN, "arguments": plan(number)});
        let ask = |number| modern.ask(number, "tools/call", params(number))?.message();
        let clients: [Write<'_>; 3] = [
            &|number| one.call(number, PLAN, &plan(number)),
            &|number| other.call(number, PLAN, &plan(number)),
            &ask,
        ];
        for (number, client) in clients.into_iter().enumerate() {
            let (written, wait) = until_refused(client)?;
            // On a slow machine the bucket gets one more meanwhile.
            ensure!((3..=5).contains(&written), "client {number} wrote {written} times");
            ensure!(wait > Duration::ZERO && wait <= Duration::from_secs(2), "client {number}: {wait:?}");
            wait::as_told(wait);
            let answer = client(200)?;
            ensure!(answer["result"]["isError"] != true, "client {number} after {wait:?}: {answer}");
        }
        let local = Client::open(workspace)?;
        for number in 0..20 {
            local.call(PLAN, plan(number))?;
        }
        // Last, so that whoever tells of it tells of all that was before.
        let status = one.call(300, "orchestrator_get_status", &json!({}))?;
        ensure!(status["result"]["isError"] != true, "reading has a bucket of its own: {status}");
        let counted = wait::until("the worker to tell its counts", || {
            workspace.health().ok()?.checks.limits.filter(|limits| limits.read.allowed == 1)
        })?;
        ensure!((12..=18).contains(&counted.write.allowed), "the local client is not counted: {counted:?}");
        ensure!(counted.write.refused == 3 && counted.clients == 3, "{counted:?}");
        Ok(())
    })
}

#[test]
fn a_new_session_gives_nothing_that_the_one_before_had_used_up() -> Result<()> {
    Workspace::configured(
        "[limits]\nwrite_burst = 3\nwrite_interval = \"1 h\"\n\
        reconnect_test_per_minute = 1\n[http]\nanonymous_role = \"monitor\"\n",
    )?
    .check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let made = workspace.run("token", &["create", "--name", "ci", "--role", "monitor", "--json"])?;
        let made: Value = serde_json::from_slice(&made.stdout)?;
        let token = made["token"].as_str().context("a token")?.to_owned();
        let test = |client: &HttpClient, id| client.call(id, "orchestrator_reconnect_test", &json!({}));
        // The others are open all the time, and nobody uses up what is theirs.
        let other = HttpClient::open(&served.url)?;
        for token in [None, Some(token)] {
            for round in 0..3 {
                let mut client = HttpClient::new(&served.url);
                client.token.clone_from(&token);
                client.initialize("2025-11-25")?;
                let (written, _) = until_refused(&|number| client.call(number, PLAN, &plan(number)))?;
                ensure!(written == if round == 0 { 3 } else { 0 }, "{token:?}: {written} in round {round}");
                let refused = test(&client, 201)?["result"]["isError"] == true;
                ensure!(refused == (round > 0), "{token:?}: a test in round {round}");
                ensure!(client.delete()?.status == 200);
            }
        }
        let (written, _) = until_refused(&|number| other.call(number, PLAN, &plan(number)))?;
        ensure!(written == 3 && test(&other, 201)?["result"]["isError"] != true, "{written}");
        Ok(())
    })
}

#[test]
fn all_clients_are_limited_where_that_is_configured() -> Result<()> {
    let workspace = Workspace::configured(&format!("{FEW_WRITES}tools_apply_to = \"all\"\n"))?;
    workspace.check(|workspace| {
        let local = Client::open(workspace)?;
        let refused = (0..50).find_map(|number| {
            let reply = local.tool(PLAN, plan(number)).ok()?;
            reply.is_error.then_some(reply.body)
        });
        let refused = refused.context("never refused")?;
        ensure!(refused["error_code"] == "RESTART_010", "{refused}");
        Ok(())
    })
}

#[test]
fn a_build_command_that_cannot_be_run_is_left_alone_after_five_times() -> Result<()> {
    Workspace::configured("[restart]\nbuild_command = \"./no-such-program\"\n")?.check(|workspace| {
        let _client = Client::open(workspace)?;
        for _ in 0..5 {
            let report = workspace.restart(&[])?.failed_with(ErrorCode::NotReady)?;
            ensure!(report.errors[0].error.contains("no-such-program"), "{report:?}");
        }
        let check = workspace.health()?.checks.breakers.remove("build").context("no breaker")?;
        ensure!(check.state == BreakerState::Open && check.retry_after_seconds > 0.0, "{check:?}");
        let report = workspace.restart(&[])?.failed_with(ErrorCode::Overloaded)?;
        let told = &report.errors[0].error;
        ensure!(told.contains("tried again in") && !told.contains("no-such-program"), "{told}");
        workspace.restart(&["--no-build"])?.complete()?;
        Ok(())
    })
}

#[test]
fn a_build_that_fails_is_an_answer_and_never_left_alone() -> Result<()> {
    Workspace::configured("[restart]\nbuild_command = \"echo error: no; exit 1\"\n")?.check(|workspace| {
        let _client = Client::open(workspace)?;
        for _ in 0..7 {
            let report = workspace.restart(&[])?.failed_with(ErrorCode::NotReady)?;
            ensure!(report.errors[0].error.contains("error: no"), "{report:?}");
        }
        let check = workspace.health()?.checks.breakers.remove("build").context("no breaker")?;
        ensure!(check.state == BreakerState::Closed && check.failures == 0, "{check:?}");
        Ok(())
    })
}

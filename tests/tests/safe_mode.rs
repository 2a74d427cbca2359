//! Too many crashes: the server stops trying, says so once, still answers what it
//! can, and a restart by hand leads out of it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use serde_json::{Value, json};
use task_orchestrator_shared::report::Level;
use task_orchestrator_tests::{Client, Workspace, program, wait};

/// The alerts that were raised: kind, how often, and whether it is over.
fn alerts(workspace: &Workspace) -> Result<Vec<(String, u32, bool)>> {
    let ledger = Connection::open(workspace.state("server_state/ledger.db"))?;
    let mut statement = ledger.prepare("SELECT kind, times, resolved_at IS NOT NULL FROM alerts")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

/// The alerts, once they are these.
fn alerts_are(workspace: &Workspace, wanted: &[(&str, u32, bool)]) -> Result<()> {
    let wanted: Vec<_> =
        wanted.iter().map(|(kind, times, over)| ((*kind).to_owned(), *times, *over)).collect();
    wait::until("the alerts", || alerts(workspace).ok().filter(|found| *found == wanted).map(drop))
        .with_context(|| format!("{:?}, not {wanted:?}", alerts(workspace)))
}

fn plan(title: &str) -> Value {
    json!({"title": title, "description": "d"})
}

/// A configured worker that cannot even start.
fn configured(worker: &Path) -> String {
    format!("[worker]\nbinary = {:?}\n", worker.display().to_string())
}

#[test]
fn too_many_kills_lead_to_reading_only_until_somebody_restarts() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.call("orchestrator_plan_task", plan("before"))?;
        for _ in 0..4 {
            workspace.kill_worker()?;
            client.still_answers()?;
        }
        let status = workspace.status()?;
        let reason = status.safe_mode.clone().with_context(|| format!("no safe mode: {status:?}"))?;
        ensure!(reason.contains("more than 3 crashes"), "{reason}");
        let health = workspace.health()?;
        ensure!(health.status == Level::Unhealthy && health.safe_mode == Some(reason), "{health:?}");
        alerts_are(workspace, &[("safe_mode", 1, false)])?;

        let refusal = client.refused("orchestrator_plan_task", plan("in between"))?;
        ensure!(refusal.get("error_code") == Some(&json!("RESTART_011")), "{refusal}");
        let found = client.call("orchestrator_query_tasks", json!({}))?;
        ensure!(found.get("total_count") == Some(&json!(1)), "{found}");
        let told = client.call("orchestrator_health_check", json!({}))?;
        ensure!(told.get("safe_mode").is_some_and(Value::is_string), "{told}");
        // Another crash makes it no worse, and is no news.
        workspace.kill_worker()?;
        client.still_answers()?;
        alerts_are(workspace, &[("safe_mode", 1, false)])?;

        workspace.restart(&[])?.complete()?;
        ensure!(workspace.status()?.safe_mode.is_none());
        ensure!(workspace.health()?.healthy);
        client.call("orchestrator_plan_task", plan("after"))?;
        alerts_are(workspace, &[("safe_mode", 1, true)])?;
        client.quit()
    })
}

#[test]
fn a_worker_that_cannot_start_is_given_up_and_a_good_build_brings_all_back() -> Result<()> {
    let builds = tempfile::tempdir()?;
    let broken = program::behaving("exit1", builds.path())?;
    Workspace::configured(&configured(&broken))?.check(|workspace| {
        let client = Client::launch(workspace)?;
        let hello = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "proof", "version": "1"},
        });
        let (_, error) = client.failing("initialize", hello)?;
        ensure!(error.pointer("/data/error_code").is_some_and(Value::is_string), "{error}");
        let status = workspace.status_when("safe mode", |status| status.safe_mode.is_some())?;
        ensure!(status.worker_pid().is_none(), "{status:?}");
        alerts_are(workspace, &[("safe_mode", 1, false)])?;
        ensure!(workspace.health()?.status == Level::Unhealthy);

        let good = workspace.binary().display().to_string();
        workspace.restart(&["--binary", &good])?.complete()?;
        ensure!(workspace.status()?.safe_mode.is_none());
        client.initialize("2025-11-25")?;
        client.call("orchestrator_plan_task", plan("served"))?;
        alerts_are(workspace, &[("safe_mode", 1, true)])?;
        client.quit()
    })
}

/// One letter's number and method from `dead-letters list`.
fn letters(workspace: &Workspace) -> Result<Vec<(u64, String)>> {
    let listed = workspace.run("dead-letters", &["list", "--json"])?;
    let listed: Value = serde_json::from_slice(&listed.stdout)?;
    let letters = listed.get("dead_letters").and_then(Value::as_array).context("dead_letters")?;
    let read =
        |letter: &Value| Some((letter.get("id")?.as_u64()?, letter.get("method")?.as_str()?.to_owned()));
    letters.iter().map(|letter| read(letter).with_context(|| letter.to_string())).collect()
}

#[test]
fn a_poisonous_request_is_set_aside_after_two_crashes_and_can_be_tried_again() -> Result<()> {
    let builds = tempfile::tempdir()?;
    let configured_as = builds.path().join("worker");
    fs::rename(program::behaving("crash", builds.path())?, &configured_as)?;
    Workspace::configured(&configured(&configured_as))?.check(|workspace| {
        let client = Client::open(workspace)?;
        for title in ["poison", "venom"] {
            let call = json!({"name": "orchestrator_plan_task", "arguments": plan(title)});
            let answer = client.exchange("tools/call", call)?;
            ensure!(answer.to_string().contains("RESTART_012"), "{answer}");
        }
        let found = letters(workspace)?;
        let [(venom, method), (poison, _)] = found.as_slice() else { anyhow::bail!("{found:?}") };
        ensure!(method == "tools/call orchestrator_plan_task", "{method}");
        let (venom, poison) = (venom.to_string(), poison.to_string());
        let shown = workspace.run("dead-letters", &["show", &poison])?;
        ensure!(String::from_utf8_lossy(&shown.stdout).contains("poison"), "{shown:?}");

        fs::rename(program::behaving("slow1", builds.path())?, &configured_as)?;
        workspace.restart(&[])?.complete()?;
        let found = client.call("orchestrator_query_tasks", json!({}))?;
        ensure!(found.get("total_count") == Some(&json!(0)), "a crash left something: {found}");
        let retried = workspace.run("dead-letters", &["retry", &poison, "--json"])?;
        ensure!(retried.status.success(), "{retried:?}");
        let found = client.call("orchestrator_query_tasks", json!({}))?;
        ensure!(found.pointer("/tasks/0/title") == Some(&json!("poison")), "{found}");
        ensure!(letters(workspace)?.len() == 1, "what was carried out is no dead letter");
        ensure!(workspace.run("dead-letters", &["discard", &venom, "--yes"])?.status.success());
        ensure!(letters(workspace)?.is_empty());
        ensure!(workspace.run("dead-letters", &["retry", &venom])?.status.code() == Some(1));
        client.quit()
    })
}

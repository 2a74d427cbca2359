//! A line far beyond every limit is answered with an error, is never held in
//! memory whole, and what follows it is served.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use task_orchestrator_tests::client::error_of;
use task_orchestrator_tests::{Client, Workspace, process, wait};

const MEBIBYTE: usize = 1024 * 1024;
const MOST_MEMORY: u64 = 64 * MEBIBYTE as u64;

/// Sends `size` bytes of filling between a beginning and an end.
fn send_filled(client: &Client, beginning: &str, size: usize, end: &str) -> Result<()> {
    let filling = vec![b'x'; MEBIBYTE];
    client.send_raw(beginning.as_bytes())?;
    for _ in 0..size / MEBIBYTE {
        client.send_raw(&filling)?;
    }
    client.send_raw(end.as_bytes())
}

fn memory_is_bounded(workspace: &Workspace, client: &Client) -> Result<()> {
    let front = workspace.status()?.pid.context("a front")?;
    for (who, pid) in [("shim", client.pid()), ("front", front)] {
        let peak = process::peak_resident_bytes(pid)?;
        ensure!(peak < MOST_MEMORY, "{who} took {peak} bytes");
    }
    Ok(())
}

#[test]
fn a_hundred_mebibytes_are_refused_under_their_id() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        let beginning = r#"{"jsonrpc":"2.0","id":"huge","method":"tools/call","params":{"name":""#;
        send_filled(&client, beginning, 100 * MEBIBYTE, "\"}}\n")?;
        let response = client.inbox().wait(wait::DEADLINE, |received| {
            received.take(&json!("huge")).or_else(|| received.take(&Value::Null))
        })?;
        let (code, error) = error_of(&response.message)?;
        ensure!(code == -32600 || code == -32700, "{error}");
        ensure!(response.message.get("id") == Some(&json!("huge")), "the id could be told: {error}");
        client.still_answers()?;
        memory_is_bounded(workspace, &client)?;
        client.quit()
    })
}

#[test]
fn a_hundred_mebibytes_of_nothing_are_refused_without_an_id() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        send_filled(&client, "", 100 * MEBIBYTE, "\n")?;
        let (code, error) = error_of(&client.response(&Value::Null)?.message)?;
        ensure!(code == -32600 || code == -32700, "{error}");
        client.still_answers()?;
        memory_is_bounded(workspace, &client)?;
        client.quit()
    })
}

/// What is big but allowed arrives: a mebibyte of work, the most that a result may have.
#[test]
fn a_mebibyte_of_detailed_work_is_taken() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        let planned = client.call("orchestrator_plan_task", json!({"title": "big", "description": "d"}))?;
        let id = planned.get("task_id").context("task_id")?;
        client.call("orchestrator_execute_task", json!({"task_id": id}))?;
        let work = "w".repeat(MEBIBYTE);
        let arguments =
            json!({"task_id": id, "summary": "s", "detailed_work": work, "next_action": "complete"});
        let done = client.call("orchestrator_complete_task", arguments)?;
        ensure!(done.pointer("/artifact_info/size") == Some(&json!(MEBIBYTE)), "{done}");
        client.quit()
    })
}

/// A client that stops in the middle of an endless line and quits.
#[test]
fn an_endless_line_that_ends_with_the_input_ends_the_shim_well() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        send_filled(&client, "{\"jsonrpc\":\"2.0\",", 40 * MEBIBYTE, "")?;
        client.close_input();
        ensure!(client.exit()?.code() == Some(0));
        client.assert_pure()?;
        Client::open(workspace)?.quit()
    })
}

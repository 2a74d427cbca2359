//! A whole maintenance window, operated by one-shot commands only (`window.sh`), with
//! clients at work: nobody notices but the one that is disconnected, and nothing that
//! was acknowledged is lost or doubled but what the restore has written down as lost.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use task_orchestrator_tests::caller::Planned;
use task_orchestrator_tests::{Caller, Client, Workspace, observed, program, wait};

/// What the script says once it only waits for the clients to leave.
const LAST_STEP: &str = "The end.";

/// The session number of the client with this shim.
fn number_of(workspace: &Workspace, client: &Client) -> Result<String> {
    let output = workspace.run("sessions", &["--json"])?;
    let shown: Value = serde_json::from_slice(&output.stdout)?;
    let sessions = shown.get("sessions").and_then(Value::as_array).context("sessions")?;
    let own = sessions
        .iter()
        .find(|session| session.get("pid").and_then(Value::as_u64) == Some(client.pid().into()));
    Ok(own.and_then(|session| session.get("number")).with_context(|| shown.to_string())?.to_string())
}

/// Starts the script.
fn window(workspace: &Workspace, new_build: &Path, unwanted: &str) -> Result<Child> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("window.sh");
    let mut command = Command::new("bash");
    command.arg(script).arg(workspace.path()).arg(new_build).arg(unwanted);
    command.env("TASK_ORCHESTRATOR", workspace.binary()).env(program::OVERRIDE, workspace.binary());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("bash")
}

/// What it prints until it waits for the clients to leave, or all of it when it fails before.
fn until_last_step(script: &mut Child, output: &mut impl BufRead) -> Result<String> {
    let mut printed = String::new();
    while output.read_line(&mut printed)? > 0 {
        if printed.trim_end().ends_with(LAST_STEP) {
            return Ok(printed);
        }
    }
    let mut problems = String::new();
    script.stderr.take().context("stderr")?.read_to_string(&mut problems)?;
    anyhow::bail!("the script failed:\n{printed}{problems}")
}

/// The titles of the tasks that the restore wrote down as lost.
fn written_down(workspace: &Workspace) -> Result<Vec<String>> {
    let mut titles = Vec::new();
    for entry in fs::read_dir(workspace.state("server_state"))? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lost_")) {
            let export: Value = serde_json::from_slice(&fs::read(&path)?)?;
            titles_in(&export, &mut titles);
        }
    }
    Ok(titles)
}

fn titles_in(value: &Value, titles: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            titles.extend(fields.get("title").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| titles_in(value, titles));
        }
        Value::Array(values) => values.iter().for_each(|value| titles_in(value, titles)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Each acknowledged task is there once, or was written down; what follows the restore is there.
fn accounted_for(planned: &Planned, database: &[String], lost: &[String]) -> Result<()> {
    let there = planned.among(database.to_vec());
    let lost = planned.among(lost.to_vec());
    let mut sorted = there.clone();
    sorted.sort();
    sorted.dedup();
    ensure!(sorted.len() == there.len(), "doubled: {there:?}");
    for title in planned.titles() {
        ensure!(there.contains(&title) != lost.contains(&title), "{title}: there {there:?}, lost {lost:?}");
    }
    ensure!(there.len() + lost.len() == planned.calls, "more than was planned: {there:?} {lost:?}");
    ensure!(there.last() == planned.titles().last(), "the last one was planned after the restore: {there:?}");
    ensure!(!lost.is_empty(), "the restore has lost nothing: it was not tried");
    Ok(())
}

#[test]
fn a_window_of_one_shot_commands_is_noticed_by_nobody_but_who_is_sent_away() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let unwanted = Client::open(workspace)?;
        let callers = (0..3).map(|_| Caller::start(workspace)).collect::<Result<Vec<_>>>()?;
        let new_build = program::behaving("extra", workspace.path())?;
        let mut script = window(workspace, &new_build, &number_of(workspace, &unwanted)?)?;
        let mut output = BufReader::new(script.stdout.take().context("stdout")?);
        let mut printed = until_last_step(&mut script, &mut output)?;
        callers.iter().try_for_each(Caller::goes_on)?;
        unwanted
            .inbox()
            .wait(wait::DEADLINE, |received| received.ended.then_some(()))
            .context("sent away")?;
        let planned = callers.into_iter().map(Caller::leave).collect::<Result<Vec<_>>>()?;
        output.read_to_string(&mut printed)?;
        let ended = script.wait_with_output()?;
        ensure!(ended.status.success(), "{printed}{}", String::from_utf8_lossy(&ended.stderr));
        let (database, lost) = (observed::titles_in_order(&workspace.database())?, written_down(workspace)?);
        planned.iter().try_for_each(|planned| accounted_for(planned, &database, &lost))
    })
}

//! A whole maintenance window, operated by one-shot commands only (`window.sh`), with
//! clients at work: nobody notices but the one that is disconnected, and nothing that
//! was acknowledged is lost or doubled but what the restore has written down as lost.

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
    let shown = workspace.ask(&["sessions"])?;
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

/// See [`Planned::accounted_for`]; and something was lost, but nothing after the restore.
fn accounted_for(planned: &Planned, database: &[String], lost: &[String]) -> Result<()> {
    planned.accounted_for(database, lost)?;
    let (there, lost) = (planned.among(database.to_vec()), planned.among(lost.to_vec()));
    // What was under way when the database was replaced is done again in the new one.
    ensure!(there.len() + lost.len() <= planned.calls + 1, "in both: {there:?} {lost:?}");
    ensure!(there.last() == planned.titles().last(), "the last one follows the restore: {there:?}");
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
        let (database, lost) = (observed::titles_in_order(&workspace.database())?, workspace.lost_titles()?);
        planned.iter().try_for_each(|planned| accounted_for(planned, &database, &lost))
    })
}

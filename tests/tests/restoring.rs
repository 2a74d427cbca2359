//! Snapshots and restores while clients write: nothing hangs, what was acknowledged
//! is there or was written down, and what cannot be restored interrupts nobody.

use std::fs;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_tests::{Caller, Followed, Workspace, observed, process, program, wait};

const CURRENT: &str = "current_state.json";

fn callers(workspace: &Workspace, count: usize) -> Result<Vec<Caller>> {
    (0..count).map(|_| Caller::start(workspace)).collect()
}

fn go_on(callers: &[Caller]) -> Result<()> {
    callers.iter().try_for_each(Caller::goes_on)
}

/// Ends the callers: each task is there once, or was written down as lost.
fn leave(workspace: &Workspace, callers: Vec<Caller>) -> Result<()> {
    let planned = callers.into_iter().map(Caller::leave).collect::<Result<Vec<_>>>()?;
    let (database, lost) = (observed::titles_in_order(&workspace.database())?, workspace.lost_titles()?);
    planned.iter().try_for_each(|planned| planned.accounted_for(&database, &lost))
}

fn restore(workspace: &Workspace, name: &str) -> Result<Value> {
    let restored = workspace.ask(&["state", "restore", name, "--confirm", name])?;
    ensure!(restored.get("name") == Some(&json!(name)), "{restored}");
    ensure!(restored.get("lost").is_some_and(Value::is_string), "nothing was written down: {restored}");
    Ok(restored)
}

#[test]
fn eight_clients_write_through_a_snapshot_its_restore_and_the_restore_of_a_backup() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let callers = callers(workspace, 8)?;
        for _ in 0..2 {
            let taken = workspace.ask(&["state", "snapshot"])?;
            ensure!(taken.get("client_sessions") == Some(&json!(8)), "{taken}");
        }
        let listed = workspace.ask(&["state", "list", "--verify"])?;
        let entries = listed.get("backups").and_then(Value::as_array).context("backups")?;
        ensure!(entries.len() == 2, "{listed}");
        ensure!(entries.iter().all(|entry| entry.get("verified") == Some(&json!(true))), "{listed}");
        go_on(&callers)?;
        let restored = restore(workspace, CURRENT)?;
        go_on(&callers)?;
        let kept = restored.get("kept").and_then(Value::as_str).context("the database before")?;
        restore(workspace, kept)?;
        go_on(&callers)?;
        let verified = workspace.ask(&["audit", "verify"])?;
        ensure!(verified.get("intact") == Some(&json!(true)), "{verified}");
        leave(workspace, callers)
    })
}

#[test]
fn what_cannot_be_restored_interrupts_nobody() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let callers = callers(workspace, 2)?;
        workspace.ask(&["state", "snapshot"])?;
        let worker = workspace.status()?.worker_pid();
        let restore = ["state", "restore", CURRENT, "--confirm", CURRENT];

        let hangs = program::behaving("unprepared", workspace.path())?.display().to_string();
        let underway = workspace.begin_restart(&["--binary", &hangs, "--timeout", "10"])?;
        workspace.status_when("the restart to run", |status| status.phase == Phase::Preparation)?;
        let said = workspace.ends_with(1, &restore)?;
        ensure!(said.contains("another restart"), "{said}");
        ensure!(underway.end()?.code != Some(0), "a worker that is never prepared was taken");

        let file = workspace.state("server_state").join(CURRENT);
        let whole = fs::read_to_string(&file)?;
        fs::write(&file, whole.replacen("\"generation\":1", "\"generation\":2", 1))?;
        ensure!(fs::read_to_string(&file)? != whole, "the snapshot looks other than the test thinks");
        workspace.ends_with(1, &restore)?;
        workspace.ends_with(1, &["state", "restore", "no_such.json", "--confirm", "no_such.json"])?;
        ensure!(workspace.status()?.worker_pid() == worker, "a worker was ended for nothing");
        callers.into_iter().try_for_each(|caller| caller.finish(workspace).map(drop))
    })
}

#[test]
fn a_front_that_dies_in_a_restore_leaves_the_database_before_or_the_one_after() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let callers = callers(workspace, 4)?;
        workspace.ask(&["state", "snapshot"])?;
        go_on(&callers)?;
        let front = workspace.status()?.pid.context("a front")?;
        let mut restoring =
            Followed::start(workspace, "state", &["restore", CURRENT, "--confirm", CURRENT, "--json"])?;
        wait::until("the restore to begin", || {
            workspace.logs("front").contains("the database is put in its place").then_some(())
        })?;
        process::kill(front);
        ensure!(restoring.end()?.code() != Some(0), "the restore was answered: {}", restoring.text());
        go_on(&callers)?;
        ensure!(workspace.status()?.pid != Some(front), "it is the same front");
        // Another one begins with nothing of it left behind.
        restore(workspace, CURRENT)?;
        go_on(&callers)?;
        leave(workspace, callers)
    })
}

#[test]
fn a_snapshot_whose_worker_dies_is_refused_and_the_next_one_is_good() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let worker = workspace.status()?.worker_pid().context("a worker")?;
        process::signal(worker, Signal::STOP);
        let mut snapshot = Followed::start(workspace, "state", &["snapshot"])?;
        wait::until("the snapshot to be asked for", || {
            let shown = workspace.ask(&["audit", "show", "--operation", "snapshot"]).ok()?;
            shown.to_string().contains("\"intent\"").then_some(())
        })?;
        process::kill(worker);
        let code = snapshot.end()?.code();
        ensure!(code == Some(1) && snapshot.text().contains("RESTART_"), "{code:?}: {}", snapshot.text());
        caller.goes_on()?;
        workspace.ask(&["state", "snapshot"])?;
        workspace.ask(&["state", "verify"])?;
        caller.finish(workspace).map(drop)
    })
}

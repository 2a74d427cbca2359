//! The disk fills up: reads go on, writes fail with an error that says so and
//! may be repeated, and with space everything is back. Nothing acknowledged is lost.
//!
//! The workspace lies on a small file system of its own in memory. Where that
//! may not be mounted, the test starts itself again in a user namespace.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_tests::{Caller, Client, Workspace, process};
use tempfile::TempDir;

const INSIDE: &str = "DISK_FULL_INSIDE_NAMESPACE";

/// A file system of a few MiB, unmounted at the end.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(mebibytes: u32) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("to-disk-").tempdir()?;
        let mounting = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m,mode=0700"), "tmpfs"])
            .arg(directory.path())
            .output()?;
        ensure!(mounting.status.success(), "{}", String::from_utf8_lossy(&mounting.stderr));
        Ok(Self(directory))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the space there is.
    fn fill(&self) -> Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path().join("filling"))?;
        for size in [64 * 1024, 4096, 1] {
            let block = vec![0_u8; size];
            while file.write_all(&block).is_ok() {}
        }
        Ok(())
    }

    fn make_room(&self) -> Result<()> {
        fs::remove_file(self.path().join("filling")).context("the filling")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

/// Runs the test of this name again where mounting is allowed.
fn again_in_a_namespace(name: &str) -> Result<()> {
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount"])
        .arg(env::current_exe()?)
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .status()?;
    ensure!(status.success(), "{name} failed in a user namespace, or none may be made: {status}");
    Ok(())
}

/// A disk that is soon full.
fn on_a_small_disk(name: &str, body: impl FnOnce(&SmallDisk, &Workspace) -> Result<()>) -> Result<()> {
    on_a_disk(12, name, body)
}

fn on_a_disk(
    mebibytes: u32,
    name: &str,
    body: impl FnOnce(&SmallDisk, &Workspace) -> Result<()>,
) -> Result<()> {
    let disk = match SmallDisk::mount(mebibytes) {
        Ok(disk) => disk,
        Err(error) if env::var_os(INSIDE).is_some() => bail!("no small disk even here: {error}"),
        Err(_) => return again_in_a_namespace(name),
    };
    Workspace::at(disk.path(), "")?.check(|workspace| body(&disk, workspace))
}

/// Plans until the disk is full; gives what was acknowledged and the refusal.
fn plan_until_refused(client: &Client, acknowledged: &mut Vec<String>) -> Result<Value> {
    for _ in 0..100_000 {
        let title = format!("t{}", acknowledged.len());
        let arguments = json!({"title": title, "description": "d".repeat(2000)});
        let reply = client.tool("orchestrator_plan_task", arguments)?;
        if reply.is_error {
            return Ok(reply.body);
        }
        acknowledged.push(title);
    }
    bail!("the disk never filled up")
}

fn stored(client: &Client) -> Result<Vec<String>> {
    let rows = task_orchestrator_tests::observed::through_query(client)?;
    let mut titles: Vec<String> = rows.into_iter().map(|row| row.title).collect();
    titles.sort();
    Ok(titles)
}

#[test]
fn a_full_disk_refuses_writes_and_recovers() -> Result<()> {
    on_a_small_disk("a_full_disk_refuses_writes_and_recovers", |disk, workspace| {
        let client = Client::open(workspace)?;
        let mut acknowledged = Vec::new();
        for title in ["first", "second"] {
            client.call("orchestrator_plan_task", json!({"title": title, "description": "d"}))?;
            acknowledged.push(title.to_owned());
        }
        for round in 0..3 {
            disk.fill()?;
            let refusal = plan_until_refused(&client, &mut acknowledged)?;
            ensure!(refusal.get("retryable") == Some(&json!(true)), "round {round}: {refusal}");
            ensure!(
                refusal.get("error_code") == Some(&json!("STORAGE_UNAVAILABLE")),
                "round {round}: {refusal}"
            );
            client.still_answers().context("reading while the disk is full")?;
            let mut expected = acknowledged.clone();
            expected.sort();
            ensure!(stored(&client)? == expected, "round {round}: full");
            disk.make_room()?;
            let title = format!("after {round}");
            client.call("orchestrator_plan_task", json!({"title": title, "description": "d"}))?;
            acknowledged.push(title);
        }
        workspace.kill_worker()?;
        acknowledged.sort();
        ensure!(stored(&client)? == acknowledged, "after a restart");
        client.quit()
    })
}

/// An artifact is a file first: no room for it means no completion, not half of one.
#[test]
fn no_room_for_an_artifact_leaves_the_task_active() -> Result<()> {
    on_a_small_disk("no_room_for_an_artifact_leaves_the_task_active", |disk, workspace| {
        let client = Client::open(workspace)?;
        let planned = client.call("orchestrator_plan_task", json!({"title": "t", "description": "d"}))?;
        let id = planned.get("task_id").context("task_id")?;
        client.call("orchestrator_execute_task", json!({"task_id": id}))?;
        disk.fill()?;
        let work = "w".repeat(1024 * 1024);
        let arguments =
            json!({"task_id": id, "summary": "s", "detailed_work": work, "next_action": "complete"});
        let refusal = client.refused("orchestrator_complete_task", arguments.clone())?;
        ensure!(refusal.get("retryable") == Some(&json!(true)), "{refusal}");
        let found = client.call("orchestrator_query_tasks", json!({}))?;
        ensure!(found.pointer("/tasks/0/status") == Some(&json!("active")), "{found}");
        disk.make_room()?;
        let done = client.call("orchestrator_complete_task", arguments)?;
        ensure!(done.get("status") == Some(&json!("completed")), "{done}");
        client.quit()
    })
}

/// A worker that dies while the disk is full is replaced all the same.
#[test]
fn a_worker_that_dies_on_a_full_disk_is_replaced() -> Result<()> {
    on_a_small_disk("a_worker_that_dies_on_a_full_disk_is_replaced", |disk, workspace| {
        let client = Client::open(workspace)?;
        client.call("orchestrator_plan_task", json!({"title": "kept", "description": "d"}))?;
        disk.fill()?;
        workspace.kill_worker()?;
        // Whether it can read at once or only with space again: no end, no loss.
        let id = client.send("tools/call", json!({"name": "orchestrator_get_status", "arguments": {}}))?;
        disk.make_room()?;
        client.response(&json!(id))?;
        ensure!(stored(&client)? == ["kept"]);
        client.call("orchestrator_plan_task", json!({"title": "and on", "description": "d"}))?;
        client.quit()
    })
}

/// A restart needs room for its snapshot: without, nothing is changed and the old worker serves on.
#[test]
fn no_room_for_a_snapshot_is_no_restart() -> Result<()> {
    on_a_disk(96, "no_room_for_a_snapshot_is_no_restart", |disk, workspace| {
        let client = Client::open(workspace)?;
        client.call("orchestrator_plan_task", json!({"title": "kept", "description": "d"}))?;
        let worker = workspace.status()?.worker_pid().context("a worker")?;
        // It can be asked for the snapshot only when there is no room any more.
        process::signal(worker, Signal::STOP);
        let underway = workspace.begin_restart(&[])?;
        workspace.status_when("the standby", |status| status.standby.is_some())?;
        disk.fill()?;
        process::signal(worker, Signal::CONT);
        underway.end()?.failed_with(ErrorCode::StateSerializationFailed)?;
        ensure!(workspace.status()?.worker_pid() == Some(worker), "another worker serves");
        ensure!(stored(&client)? == ["kept"]);
        // The next one is refused before anything is begun.
        let refused = workspace.restart(&[])?;
        ensure!(refused.code == Some(1), "{refused}");
        ensure!(workspace.status()?.worker_pid() == Some(worker), "another worker serves");
        disk.make_room()?;
        let caller = Caller::start(workspace)?;
        let report = workspace.restart(&[])?.complete()?;
        ensure!(report.state.is_some_and(|state| state.active_tasks >= 1), "no snapshot");
        caller.finish(workspace)?;
        client.quit()
    })
}

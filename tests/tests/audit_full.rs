//! The audit cannot be written: nothing is changed any more, looking goes on, and the
//! one way out of safe mode stays open and is written down as soon as there is room.
//!
//! The audit lies on a small file system of its own in memory. Where that may not be
//! mounted, the test starts itself again in a user namespace.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};
use task_orchestrator_shared::admin::audit::AuditEvent;
use task_orchestrator_shared::admin::{Refusal, Reply, Request};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::RestartRequest;
use task_orchestrator_shared::role::Operation;
use task_orchestrator_tests::{Client, Workspace, wait};

/// A build that crashes in its probation is gone back from by itself; here it stays.
const PROVED_AT_ONCE: &str = "[restart]\nprobation = \"0 s\"\n";

const INSIDE: &str = "AUDIT_FULL_INSIDE_NAMESPACE";

/// The audit's own file system, unmounted at the end.
struct AuditDisk(PathBuf);

impl AuditDisk {
    fn mount(directory: &Path) -> Result<Self> {
        fs::create_dir_all(directory)?;
        let mut mounting = Command::new("mount");
        mounting.args(["-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs"]).arg(directory);
        let mounted = mounting.output()?;
        ensure!(mounted.status.success(), "{}", String::from_utf8_lossy(&mounted.stderr));
        Ok(Self(directory.to_owned()))
    }

    fn filling(&self) -> PathBuf {
        self.0.join("filling")
    }

    fn fill(&self) -> Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(self.filling())?;
        for size in [4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        Ok(())
    }

    fn make_room(&self) -> Result<()> {
        Ok(fs::remove_file(self.filling())?)
    }
}

impl Drop for AuditDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Runs the test of this name again where mounting is allowed.
fn again_in_a_namespace(name: &str) -> Result<()> {
    let mut again = Command::new("unshare");
    again.args(["--user", "--map-root-user", "--mount"]).arg(std::env::current_exe()?);
    let status = again.args(["--exact", name, "--nocapture"]).env(INSIDE, "1").status()?;
    ensure!(status.success(), "{name} failed in a user namespace, or none may be made: {status}");
    Ok(())
}

fn restart(request: RestartRequest) -> Request {
    Request::Restart(Box::new(request))
}

fn rollback() -> Request {
    restart(RestartRequest { rollback: true, ..RestartRequest::default() })
}

/// That it was refused because it cannot be written down.
fn unwritten(workspace: &Workspace, request: Request) -> Result<()> {
    match workspace.ask_server(request.clone())? {
        Reply::Refused(Refusal { error_code: ErrorCode::StorageUnavailable, error, .. })
            if error.contains("audit") =>
        {
            Ok(())
        }
        other => bail!("{request:?}: {other:?}"),
    }
}

/// What was begun can still be written in the rest of the last block.
fn use_up(workspace: &Workspace) -> Result<()> {
    let harmless = Request::Maintenance { on: false };
    wait::until("the end of the last block", || unwritten(workspace, harmless.clone()).ok())
}

fn looking_works(workspace: &Workspace, client: &Client) -> Result<()> {
    client.still_answers()?;
    let looks =
        [Request::WhoAmI, Request::Status, Request::Health, Request::Audit { limit: 5 }, Request::Backups];
    for request in looks {
        let reply = workspace.ask_server(request.clone())?;
        ensure!(!matches!(reply, Reply::Refused(_)), "{request:?}: {reply:?}");
    }
    Ok(())
}

fn nothing_is_changed(workspace: &Workspace) -> Result<()> {
    let before = workspace.told_status()?;
    let emergency = RestartRequest { graceful: false, ..RestartRequest::default() };
    let changes = [
        restart(RestartRequest::default()),
        restart(emergency),
        Request::Maintenance { on: true },
        Request::Snapshot,
        Request::LogLevel { level: "trace".to_owned() },
        Request::Stop,
    ];
    for request in changes {
        unwritten(workspace, request)?;
    }
    let after = workspace.told_status()?;
    let same = (before.pid, before.generation, before.maintenance_mode);
    ensure!(same == (after.pid, after.generation, after.maintenance_mode), "{before:?}, then {after:?}");
    Ok(())
}

/// A restart to another build, so that there is one to go back to.
fn another_build(workspace: &Workspace) -> Result<()> {
    let other = workspace.path().join("other-build");
    fs::copy(workspace.binary(), &other)?;
    OpenOptions::new().append(true).open(&other)?.write_all(b"\n#other")?;
    workspace.restart(&["--binary", &other.display().to_string()])?.complete().map(drop)
}

fn a_rollback_is_written(workspace: &Workspace) -> Result<bool> {
    let mut found = false;
    task_orchestrator::audit::each(&workspace.state("audit"), |record| {
        if let AuditEvent::Intent(attempt) = record.event {
            found |= attempt.operation == Operation::Rollback;
        }
        true
    })?;
    Ok(found)
}

fn body(workspace: &Workspace, disk: &AuditDisk) -> Result<()> {
    let client = Client::open(workspace)?;
    client.still_answers()?;
    another_build(workspace)?;
    disk.fill()?;
    use_up(workspace)?;
    looking_works(workspace, &client)?;
    nothing_is_changed(workspace)?;
    // Without safe mode there is no hurry.
    unwritten(workspace, rollback())?;
    for _ in 0..4 {
        workspace.kill_worker()?;
        client.still_answers()?;
    }
    workspace.status_when("safe mode", |status| status.safe_mode.is_some())?;
    looking_works(workspace, &client)?;
    nothing_is_changed(workspace)?;
    match workspace.ask_server(rollback())? {
        Reply::Restart(report) if report.is_success() => {}
        other => bail!("{other:?}"),
    }
    ensure!(workspace.told_status()?.safe_mode.is_none(), "still in safe mode");
    ensure!(workspace.logs("front").contains("done without a record in the audit"), "not in the log");
    ensure!(!a_rollback_is_written(workspace)?, "there was room after all");
    disk.make_room()?;
    let harmless = Request::Maintenance { on: false };
    wait::until("room for the audit", || unwritten(workspace, harmless.clone()).err())?;
    wait::until("the record of the rollback", || {
        a_rollback_is_written(workspace).ok().filter(|found| *found)
    })?;
    let Reply::AuditVerdict(verdict) = workspace.ask_server(Request::VerifyAudit)? else {
        bail!("no verdict")
    };
    ensure!(verdict.intact, "{:?}", verdict.problems);
    client.call("orchestrator_plan_task", serde_json::json!({"title": "t", "description": "d"}))?;
    client.quit()
}

#[test]
fn without_an_audit_nothing_is_changed_but_a_rollback_leads_out_of_safe_mode() -> Result<()> {
    let name = "without_an_audit_nothing_is_changed_but_a_rollback_leads_out_of_safe_mode";
    // Removed when nothing is mounted in it any more.
    let directory = tempfile::Builder::new().prefix("to-").tempdir()?;
    let workspace = Workspace::at(directory.path(), PROVED_AT_ONCE)?;
    let disk = match AuditDisk::mount(&workspace.state("audit")) {
        Ok(disk) => disk,
        Err(error) if std::env::var_os(INSIDE).is_some() => bail!("no small disk even here: {error}"),
        Err(_) => return again_in_a_namespace(name),
    };
    workspace.check(|workspace| body(workspace, &disk))
}

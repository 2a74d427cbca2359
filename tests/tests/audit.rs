//! The audit of a real server: what it says after the front was killed, that files
//! which somebody has changed are told from those the server wrote, and that what
//! clients and administrators do is in it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use task_orchestrator::workspace::{Surroundings, Workspace as Place};
use task_orchestrator_shared::admin::audit::{Attempt, AuditEvent, AuditOutcome, AuditRecord, AuditVerdict};
use task_orchestrator_shared::admin::{Context as Asking, Reply, Request};
use task_orchestrator_shared::client::{Target, once};
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::role::Operation;
use task_orchestrator_tests::{Caller, Client, Workspace, wait};

const RESTART: &str = "orchestrator_restart_server";

/// Everything that is recorded, oldest first.
fn records(workspace: &Workspace) -> Result<Vec<AuditRecord>> {
    let exported = workspace.run("audit", &["export"])?;
    ensure!(exported.status.success(), "{exported:?}");
    let text = String::from_utf8(exported.stdout)?;
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

/// What `audit verify` prints, and finds.
fn verdict(workspace: &Workspace) -> Result<(AuditVerdict, Option<i32>, String)> {
    let shown = workspace.run("audit", &["verify"])?;
    let output = workspace.run("audit", &["verify", "--json"])?;
    let verdict = serde_json::from_slice(&output.stdout).with_context(|| format!("{output:?}"))?;
    ensure!(shown.status.code() == output.status.code(), "{shown:?}");
    Ok((verdict, output.status.code(), String::from_utf8(shown.stdout)?))
}

fn intact(workspace: &Workspace) -> Result<AuditVerdict> {
    let (verdict, code, shown) = verdict(workspace)?;
    ensure!(verdict.intact && code == Some(0), "{code:?}: {shown}");
    Ok(verdict)
}

/// What the server finds, asked over its socket.
fn verdict_of_server(workspace: &Workspace) -> Result<AuditVerdict> {
    match ask(workspace, Request::VerifyAudit, Asking::default())? {
        Reply::AuditVerdict(verdict) => Ok(*verdict),
        reply => bail!("{reply:?}"),
    }
}

fn ask(workspace: &Workspace, request: Request, context: Asking) -> Result<Reply> {
    let place = Place::discover(Some(workspace.path()), &Surroundings::of_process()?)?;
    let server = Target::new(place.admin_socket(), "test of the audit");
    Ok(once(&server, request, context, Some(Duration::from_secs(60)), |_| {})?)
}

/// Changes something, with a reason that takes room.
fn change(workspace: &Workspace) -> Result<()> {
    let context = Asking { reason: Some("why ".repeat(250)), ..Asking::default() };
    let reply = ask(workspace, Request::LogLevel { level: "info".to_owned() }, context)?;
    ensure!(matches!(reply, Reply::Done(_)), "{reply:?}");
    Ok(())
}

fn intents(records: &[AuditRecord], operation: Operation) -> Vec<(u64, &Attempt)> {
    let intent = |record: &'_ AuditRecord| matches!(&record.event, AuditEvent::Intent(attempt) if attempt.operation == operation);
    let found = records.iter().filter(|record| intent(record));
    found
        .filter_map(|record| match &record.event {
            AuditEvent::Intent(attempt) => Some((record.seq, attempt.as_ref())),
            _ => None,
        })
        .collect()
}

fn outcome(records: &[AuditRecord], of: u64) -> Option<AuditOutcome> {
    records.iter().find_map(|record| match &record.event {
        AuditEvent::Outcome { of: intent, outcome, .. } if *intent == of => Some(*outcome),
        _ => None,
    })
}

#[test]
fn what_a_killed_front_had_begun_is_of_unknown_outcome() -> Result<()> {
    Workspace::configured("[restart]\nbuild_command = \"read line < gate\"\n")?.check(|workspace| {
        let gate = workspace.path().join("gate");
        ensure!(std::process::Command::new("mkfifo").arg(&gate).status()?.success());
        let caller = Caller::start(workspace)?;
        let underway = workspace.begin_restart(&["--note", "never ends"])?;
        workspace.status_when("the build", |status| status.phase == Phase::Preparation)?;
        let before = records(workspace)?;
        let (intent, attempt) = *intents(&before, Operation::GracefulRestart).first().context("an intent")?;
        ensure!(attempt.actor.transport == "admin" && attempt.reason.as_deref() == Some("never ends"));
        ensure!(outcome(&before, intent).is_none(), "{before:?}");
        workspace.kill_front()?;
        // The build that nobody waits for any more ends with its gate.
        drop(OpenOptions::new().read(true).write(true).open(&gate)?.write_all(b"go\n"));
        underway.end()?;
        caller.goes_on()?;
        let known = wait::until("the outcome", || outcome(&records(workspace).ok()?, intent))?;
        ensure!(known == AuditOutcome::Unknown, "{known:?}");
        intact(workspace)?;
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn over_several_files_everything_is_intact() -> Result<()> {
    Workspace::configured("[audit]\nmax_file_size = \"64 KiB\"\nfiles = 2\n")?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let changes = 200;
        for _ in 0..changes {
            change(workspace)?;
        }
        let (offline, online) = (intact(workspace)?, verdict_of_server(workspace)?);
        ensure!(online.intact, "{online:?}");
        ensure!(offline.files.len() == 3 && offline.first_seq > Some(1), "{offline:?}");
        ensure!(offline.last_seq >= Some(2 * changes), "{offline:?}");
        let records = records(workspace)?;
        let told = |what: &str| {
            records
                .iter()
                .any(|record| matches!(&record.event, AuditEvent::Audit { what: told, .. } if told == what))
        };
        ensure!(told("rotated") && told("removed"));
        ensure!(records.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1 && pair[1].prev == pair[0].mac));
        caller.finish(workspace).map(drop)
    })
}

/// Whether the check names the file and the line.
fn names(output: &(AuditVerdict, Option<i32>, String), line: u64) -> Result<()> {
    let (verdict, code, shown) = output;
    ensure!(!verdict.intact && *code == Some(1), "{code:?}: {shown}");
    ensure!(shown.contains(&format!("audit.jsonl:{line}: ")), "{shown}");
    names_in(verdict, line)
}

fn names_in(verdict: &AuditVerdict, line: u64) -> Result<()> {
    let found =
        verdict.problems.iter().any(|problem| problem.file.starts_with("audit") && problem.line == line);
    ensure!(found, "{verdict:?}");
    Ok(())
}

/// Changes the first of these texts in its place, as long as it was. Returns its line.
fn edit(path: &Path, from: &str, to: &str) -> Result<u64> {
    ensure!(from.len() == to.len());
    let content = fs::read_to_string(path)?;
    let place = content.find(from).with_context(|| format!("no {from:?}"))?;
    OpenOptions::new().write(true).open(path)?.write_all_at(to.as_bytes(), place as u64)?;
    Ok(1 + content.bytes().take(place).filter(|byte| *byte == b'\n').count() as u64)
}

#[test]
fn a_change_by_hand_is_found_whether_the_server_runs_or_not() -> Result<()> {
    let workspace = Workspace::new()?;
    let caller = Caller::start(&workspace)?;
    change(&workspace)?;
    let path = workspace.state("audit/audit.jsonl");
    let line = edit(&path, "why why", "why not")?;
    names(&verdict(&workspace)?, line)?;
    names_in(&verdict_of_server(&workspace)?, line)?;
    ensure!(edit(&path, "why not", "why why")? == line);
    ensure!(verdict_of_server(&workspace)?.intact);
    intact(&workspace)?;

    // A line of somebody else's, and the server goes on: it says so itself.
    writeln!(OpenOptions::new().append(true).open(&path)?, "{{\"seq\":999,\"event\":\"invented\"}}")?;
    change(&workspace)?;
    let found = verdict_of_server(&workspace)?;
    let told = |found: &AuditVerdict| {
        found.problems.iter().any(|problem| problem.problem.contains("while the server ran"))
    };
    ensure!(!found.intact && told(&found), "{found:?}");

    caller.finish(&workspace)?;
    ensure!(workspace.run("stop", &[])?.status.code().is_some());
    workspace.status_when("no server", |status| !status.running)?;
    let last = edit(&path, "why why", "why not")?;
    let found = verdict(&workspace)?;
    ensure!(told(&found.0), "{found:?}");
    names(&found, last)?;
    workspace.finish()
}

#[test]
fn clients_restarts_and_denials_are_in_it_and_can_be_exported() -> Result<()> {
    Workspace::configured("[access]\nstdio_role = \"operator\"\n")?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.call(RESTART, json!({"reason": "configuration_update", "timeout": 30}))?;
        client.refused(RESTART, json!({"graceful": false}))?;
        // Reading and denials are not waited for; this is, and comes behind them.
        ensure!(verdict_of_server(workspace)?.intact);
        let all = records(workspace)?;
        let (intent, attempt) = *intents(&all, Operation::GracefulRestart).first().context("an intent")?;
        ensure!(attempt.actor.transport == "mcp" && attempt.actor.client.is_some(), "{attempt:?}");
        ensure!(outcome(&all, intent) == Some(AuditOutcome::Done), "{all:?}");
        let denied = all.iter().find_map(|record| match &record.event {
            AuditEvent::Denied { attempt, .. } => Some(attempt),
            _ => None,
        });
        let denied = denied.with_context(|| format!("no denial: {all:?}"))?;
        ensure!(
            denied.actor.transport == "mcp" && denied.operation == Operation::EmergencyRestart,
            "{denied:?}"
        );
        exported(workspace, &all)?;
        client.quit()
    })
}

fn exported(workspace: &Workspace, all: &[AuditRecord]) -> Result<()> {
    let file = workspace.path().join("copy.jsonl");
    let path = file.display().to_string();
    let export =
        |arguments: &[&str]| -> Result<Output> { workspace.run("audit", &[&["export"], arguments].concat()) };
    ensure!(export(&["--format", "jsonl", "--output", &path])?.status.success());
    let copy = fs::read_to_string(&file)?;
    let first: Vec<Value> =
        copy.lines().take(all.len()).map(serde_json::from_str).collect::<Result<_, _>>()?;
    ensure!(first == all.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?);
    ensure!(!export(&["--output", &path])?.status.success(), "it was written over");
    let csv = String::from_utf8(export(&["--format", "csv"])?.stdout)?;
    ensure!(csv.starts_with("seq,at,event,operation,transport,"), "{csv}");
    ensure!(csv.lines().count() > all.len(), "{csv}");
    let row = csv.lines().find(|row| row.contains(",denied,")).context("the denial")?;
    ensure!(row.contains(",emergency_restart,mcp,"), "{row}");
    Ok(())
}

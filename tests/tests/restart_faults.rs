//! Things go wrong in the middle of a restart: somebody dies, somebody changes
//! their mind, everybody wants one at once. The right build serves afterwards, the
//! history says how it ended, and a client that calls throughout notices nothing.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::json;
use task_orchestrator::workspace::{Surroundings, Workspace as Place};
use task_orchestrator_shared::admin::{Context as Asking, Reply, Request};
use task_orchestrator_shared::client::{Target, once};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::PastRestart;
use task_orchestrator_shared::restart::{Outcome, RestartEvent};
use task_orchestrator_tests::workspace::Underway;
use task_orchestrator_tests::{Caller, Client, Workspace, process, program, wait};

/// A restart stays in its first phase until the test lets it go on.
const GATED: &str = "[restart]\nbuild_command = \"sh gate.sh\"\n";

fn close_gate(workspace: &Workspace) -> Result<()> {
    let script = "echo at the gate\nwhile [ ! -e open ]; do sleep 0.02; done\n";
    Ok(fs::write(workspace.path().join("gate.sh"), script)?)
}

fn open_gate(workspace: &Workspace) -> Result<()> {
    Ok(fs::write(workspace.path().join("open"), "")?)
}

/// A restart that is in this phase.
fn begun(workspace: &Workspace, arguments: &[&str], phase: Phase) -> Result<Underway> {
    let underway = workspace.begin_restart(arguments)?;
    workspace.status_when("the restart to be in that phase", |status| status.phase == phase)?;
    Ok(underway)
}

fn worker(workspace: &Workspace) -> Result<u32> {
    workspace.status()?.worker_pid().context("a worker")
}

/// The front's children.
fn worker_processes(workspace: &Workspace) -> Vec<u32> {
    let is_worker = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).nth(1) == Some(b"worker")
    };
    workspace.processes().into_iter().filter(is_worker).collect()
}

/// The newest restart that somebody asked for, once it has ended.
fn newest_asked(workspace: &Workspace) -> Result<PastRestart> {
    wait::until("the end of the restart in the history", || {
        workspace.history().ok()?.into_iter().find(|past| past.requested_by != "watchdog")
    })
}

fn own_build_serves(workspace: &Workspace) -> Result<()> {
    let report = workspace.restart(&["--emergency", "--yes"])?.complete()?;
    let before = report.old_build.context("the build before")?;
    ensure!(Path::new(&before.path) == workspace.binary(), "{before:?} served");
    Ok(())
}

#[test]
fn the_old_worker_dies_in_the_first_phase() -> Result<()> {
    Workspace::configured(GATED)?.check(|workspace| {
        close_gate(workspace)?;
        let caller = Caller::start(workspace)?;
        let underway = begun(workspace, &[], Phase::Preparation)?;
        let killed = workspace.kill_worker()?;
        // First somebody has to serve.
        underway.end()?.failed_with(ErrorCode::WorkerUnavailable)?;
        caller.goes_on()?;
        ensure!(worker(workspace)? != killed);
        open_gate(workspace)?;
        workspace.restart(&[])?.complete()?;
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn the_new_worker_dies_before_it_is_proved() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let before = worker(workspace)?;
        let silent = program::behaving("unprepared", workspace.path())?.display().to_string();
        let underway = workspace.begin_restart(&["--binary", &silent])?;
        let status = workspace.status_when("a standby", |status| status.standby.is_some())?;
        process::kill(status.standby.context("a standby")?);
        let report = underway.end()?.failed_with(ErrorCode::WorkerUnavailable)?;
        ensure!(report.errors.iter().any(|error| error.error.contains("signal 9")), "{report:?}");
        ensure!(worker(workspace)? == before);
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn the_old_worker_dies_while_the_new_one_is_awaited() -> Result<()> {
    Workspace::configured("[front]\nworker_start_timeout = \"2 s\"\n")?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        for (behaviour, phase) in [("unprepared", Phase::Preparation), ("hang", Phase::ProcessRestart)] {
            let broken = program::behaving(behaviour, workspace.path())?.display().to_string();
            let old = worker(workspace)?;
            let underway = begun(workspace, &["--binary", &broken], phase)?;
            wait::until("the next worker", || (worker_processes(workspace).len() == 2).then_some(()))?;
            process::kill(old);
            let restarted = underway.end()?;
            let report = restarted.report.with_context(|| restarted.text.clone())?;
            ensure!(!report.is_success(), "{behaviour}: {report:?}");
            caller.goes_on().context(behaviour)?;
            own_build_serves(workspace).context(behaviour)?;
        }
        caller.finish(workspace).map(drop)
    })
}

/// In every phase that can be held open: before the fence and after it.
#[test]
fn the_front_dies_in_the_middle_and_the_next_one_runs_the_right_build() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        for (behaviour, phase) in [("unprepared", Phase::Preparation), ("hang", Phase::ProcessRestart)] {
            let broken = program::behaving(behaviour, workspace.path())?.display().to_string();
            let underway = begun(workspace, &["--binary", &broken], phase)?;
            let front = workspace.kill_front()?;
            ensure!(underway.end()?.code != Some(0), "{behaviour}: it said that it was complete");
            caller.goes_on().context(behaviour)?;
            ensure!(workspace.status()?.pid.is_some_and(|pid| pid != front));
            let past = newest_asked(workspace)?;
            ensure!(past.outcome == Outcome::Failed && past.error.is_some(), "{behaviour}: {past:?}");
            own_build_serves(workspace).context(behaviour)?;
        }
        ensure!(workspace.history()?.len() == 4, "{:?}", workspace.history());
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn the_front_is_told_to_end_in_the_middle() -> Result<()> {
    Workspace::configured(GATED)?.check(|workspace| {
        close_gate(workspace)?;
        let caller = Caller::start(workspace)?;
        let underway = begun(workspace, &[], Phase::Preparation)?;
        let front = workspace.status()?.pid.context("a front")?;
        process::signal(front, Signal::TERM);
        let restarted = underway.end()?;
        ensure!(restarted.code == Some(1), "{restarted}");
        wait::until("the front to end", || (!process::lives(front)).then_some(()))?;
        caller.goes_on()?;
        let past = newest_asked(workspace)?;
        ensure!(past.outcome == Outcome::Failed && past.error.is_some(), "{past:?}");
        open_gate(workspace)?;
        workspace.restart(&[])?.complete()?;
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn a_restart_is_called_off_and_nothing_has_changed() -> Result<()> {
    Workspace::configured(GATED)?.check(|workspace| {
        close_gate(workspace)?;
        let caller = Caller::start(workspace)?;
        let before = worker(workspace)?;
        let underway = begun(workspace, &[], Phase::Preparation)?;
        ensure!(workspace.run("restart", &["--cancel"])?.status.success());
        let restarted = underway.end()?;
        let report = restarted.report.with_context(|| restarted.text.clone())?;
        ensure!(restarted.code == Some(1) && report.outcome == Some(Outcome::Cancelled), "{report:?}");
        ensure!(worker(workspace)? == before);
        ensure!(newest_asked(workspace)?.outcome == Outcome::Cancelled);
        let nothing = workspace.run("restart", &["--cancel"])?;
        ensure!(nothing.status.code() == Some(1), "{nothing:?}");
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn a_hundred_want_a_restart_at_once_and_get_the_same() -> Result<()> {
    const MANY: usize = 100;
    Workspace::configured(GATED)?.check(|workspace| {
        close_gate(workspace)?;
        let caller = Caller::start(workspace)?;
        let place = Place::discover(Some(workspace.path()), &Surroundings::of_process()?)?;
        let server = Target::new(place.admin_socket(), "one of a hundred");
        let joined = AtomicUsize::new(0);
        let one = || {
            let mut is_in = false;
            let request = Request::Restart(Box::default());
            let limit = Some(Duration::from_secs(60));
            let reply = once(&server, request, Asking::default(), limit, |event| {
                // Who joins is told what the build has said so far.
                if matches!(event, RestartEvent::BuildOutput { .. }) && !is_in {
                    is_in = true;
                    joined.fetch_add(1, Ordering::Relaxed);
                }
            });
            match reply {
                Ok(Reply::Restart(report)) => Ok(*report),
                other => Err(anyhow::anyhow!("{other:?}")),
            }
        };
        let reports = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..MANY).map(|_| scope.spawn(one)).collect();
            wait::until("everybody to have joined", || {
                (joined.load(Ordering::Relaxed) == MANY).then_some(())
            })?;
            open_gate(workspace)?;
            asking
                .into_iter()
                .map(|asking| asking.join().map_err(|_| anyhow::anyhow!("an asker panicked"))?)
                .collect::<Result<Vec<_>>>()
        })?;
        let first = reports.first().context("a report")?;
        ensure!(first.is_success(), "{first:?}");
        ensure!(reports.iter().all(|report| report == first), "different answers: {reports:?}");
        ensure!(workspace.history()?.len() == 1, "{:?}", workspace.history());
        caller.finish(workspace).map(drop)
    })
}

/// Whoever asked for it: it is carried out.
#[test]
fn the_client_that_wanted_it_goes_in_the_middle() -> Result<()> {
    Workspace::configured(GATED)?.check(|workspace| {
        close_gate(workspace)?;
        let caller = Caller::start(workspace)?;
        let before = worker(workspace)?;
        let going = Client::open(workspace)?;
        going.send("tools/call", json!({"name": "orchestrator_restart_server", "arguments": {}}))?;
        workspace.status_when("the restart", |status| status.phase == Phase::Preparation)?;
        process::kill(going.pid());
        workspace.status_when("its session to end", |status| status.sessions == Some(1))?;
        open_gate(workspace)?;
        let past = newest_asked(workspace)?;
        ensure!(past.success && past.requested_by.starts_with("mcp:"), "{past:?}");
        ensure!(worker(workspace)? != before);
        caller.finish(workspace).map(drop)
    })
}

/// A call that takes longer than the restart stays with the worker that has it.
#[test]
fn a_long_call_is_finished_by_the_former_worker_while_the_next_one_serves() -> Result<()> {
    let builds = tempfile::tempdir()?;
    let slow = program::behaving("slow2000", builds.path())?;
    let config = format!("[worker]\nbinary = {:?}\n", slow.display().to_string());
    Workspace::configured(&config)?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let client = Client::open(workspace)?;
        let arguments = json!({"action": "scan_cleanup", "scope": "full_project"});
        let call = json!({"name": "orchestrator_maintenance_coordinator", "arguments": arguments});
        let id = client.send("tools/call", call)?;
        // What is sent after it has been given to the worker, too.
        client.still_answers()?;
        let before = worker(workspace)?;
        let report = workspace.restart(&[])?.complete()?;
        ensure!(report.old_pid == Some(before));
        let is_over = || client.inbox().look(|received| received.times_answered(&json!(id)) > 0);
        ensure!(!is_over(), "the call was no long one");
        ensure!(workspace.status()?.former == Some(before), "who finishes it: {:?}", workspace.status());
        caller.goes_on()?;
        client.still_answers()?;
        ensure!(!is_over(), "served by nobody but the former one");
        let response = client.response(&json!(id))?.message;
        ensure!(response.get("result").is_some(), "{response}");
        workspace.status_when("the former worker to go", |status| status.former.is_none())?;
        wait::until("its process to end", || (!process::lives(before)).then_some(()))?;
        client.quit()?;
        caller.finish(workspace).map(drop)
    })
}

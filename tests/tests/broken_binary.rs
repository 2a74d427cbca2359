//! Every way in which a new build can be broken: the restart says so with a code and
//! a reason, in its time, the build at hand serves on, and no client notices.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::Outcome;
use task_orchestrator_tests::{Caller, Workspace, program, wait};

/// A worker may take two seconds to start; what is broken at once is not waited for.
const CONFIG: &str = "[front]\nworker_start_timeout = \"2 s\"\n";

/// One broken program, what comes of it, and a word that its reason has.
struct Broken {
    program: PathBuf,
    code: ErrorCode,
    says: &'static str,
}

/// A program with this content, which may be executed.
fn written(directory: &Path, name: &str, content: &[u8]) -> Result<PathBuf> {
    let path = directory.join(name);
    fs::write(&path, content)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

fn broken_programs(workspace: &Workspace) -> Result<Vec<Broken>> {
    let directory = workspace.path();
    let real = fs::read(workspace.binary())?;
    // What comes last in the file is only for debuggers: half of it would run.
    let part = real.get(..real.len() / 16).context("the first part of the program")?;
    let written = |name, content: &[u8]| written(directory, name, content);
    let behaving = |behaviour| program::behaving(behaviour, directory);
    let broken = |program, code, says| Broken { program, code, says };
    Ok(vec![
        broken(written("empty", b"")?, ErrorCode::NotReady, "is empty"),
        broken(written("truncated", part)?, ErrorCode::WorkerUnavailable, "ended"),
        broken(written("text", b"no program\n")?, ErrorCode::WorkerUnavailable, "cannot be run"),
        broken(
            written("script", b"#!/bin/sh\necho no such library >&2\nexit 1\n")?,
            ErrorCode::WorkerUnavailable,
            "no such library",
        ),
        broken(behaving("exit78")?, ErrorCode::WorkerUnavailable, "78"),
        broken(behaving("segfault")?, ErrorCode::WorkerUnavailable, "signal 11"),
        broken(behaving("version")?, ErrorCode::WorkerUnavailable, "link versions 99"),
        broken(behaving("schema1")?, ErrorCode::WorkerUnavailable, "schema"),
        broken(behaving("schema99")?, ErrorCode::DatabaseFailed, "schema_migration"),
        broken(behaving("unprepared")?, ErrorCode::TimeoutExceeded, "given up"),
        broken(behaving("hang")?, ErrorCode::TimeoutExceeded, "too long"),
    ])
}

/// It is refused, and whoever served serves on.
fn is_refused(workspace: &Workspace, caller: &Caller, broken: &Broken) -> Result<()> {
    let worker = workspace.status()?.worker_pid().context("a worker")?;
    let begun = Instant::now();
    let program = broken.program.display().to_string();
    let report = workspace.restart(&["--binary", &program])?.failed_with(broken.code)?;
    let took = begun.elapsed();
    let slowest = if broken.code == ErrorCode::TimeoutExceeded { 15 } else { 8 };
    ensure!(took < Duration::from_secs(slowest), "took {took:?}");
    ensure!(report.errors.iter().any(|error| error.error.contains(broken.says)), "{report:?}");
    ensure!(report.outcome == Some(Outcome::Failed), "{report:?}");
    let status = workspace.status_when("the old worker alone", |status| status.workers() == [worker])?;
    ensure!(status.crashes == 0 && status.safe_mode.is_none(), "{status:?}");
    let newest = workspace.history()?.into_iter().next().context("a history")?;
    ensure!(newest.restart_id == report.restart_id && !newest.success, "{newest:?}");
    ensure!(newest.error.is_some_and(|error| error.error_code == broken.code));
    caller.goes_on()
}

#[test]
fn a_broken_build_never_gets_to_serve() -> Result<()> {
    Workspace::configured(CONFIG)?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        for broken in broken_programs(workspace)? {
            let name = broken.program.display().to_string();
            is_refused(workspace, &caller, &broken).with_context(|| name)?;
        }
        // What was tried has left nothing behind: a restart is one of the build at hand.
        let report = workspace.restart(&[])?.complete()?;
        ensure!(report.new_build.is_some_and(|build| Path::new(&build.path) == workspace.binary()));
        caller.finish(workspace).map(drop)
    })
}

/// Slips of the hand are caught before anything is asked of the server.
#[test]
fn a_program_that_is_not_there_or_may_not_be_executed_is_no_restart() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let plain = workspace.path().join("plain");
        fs::write(&plain, "x")?;
        for (program, says) in [("missing", "there is no program"), ("plain", "may not be executed")] {
            let refused = workspace.restart(&["--binary", program])?;
            ensure!(refused.code == Some(1) && refused.text.contains(says), "{refused}");
        }
        ensure!(workspace.history()?.is_empty(), "it came to a restart");
        caller.finish(workspace).map(drop)
    })
}

/// A build that can be started and cannot be lived with is left again by itself.
fn is_left_again(behaviour: &str) -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let broken = program::behaving(behaviour, workspace.path())?.display().to_string();
        let restarted = workspace.restart(&["--binary", &broken])?;
        // It may fail within the restart or, once that is complete, on probation.
        ensure!(matches!(restarted.code, Some(0 | 1)), "{restarted}");
        let status = wait::until("the previous build to serve", || {
            let newest = workspace.history().ok()?.into_iter().next()?;
            let is_back = newest.outcome == Outcome::RolledBack
                || newest.kind == task_orchestrator_shared::restart::Kind::Rollback && newest.success;
            workspace.status().ok().filter(|status| is_back && status.worker_pid().is_some())
        })?;
        ensure!(status.safe_mode.is_none() && status.quarantined == 0, "{status:?}");
        caller.goes_on()?;
        // Nothing brings it back: not the next restart, not the next front.
        let report = workspace.restart(&["--emergency", "--yes"])?.complete()?;
        let own = workspace.binary();
        ensure!(report.new_build.is_some_and(|build| Path::new(&build.path) == own), "{behaviour} is back");
        workspace.kill_front()?;
        caller.goes_on()?;
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn a_build_that_crashes_at_its_first_call_is_left_again() -> Result<()> {
    is_left_again("crash")
}

#[test]
fn a_build_that_answers_with_errors_is_left_again() -> Result<()> {
    is_left_again("errors")
}

//! A developer's and an operator's day with one client that stays connected
//! throughout: restarts, an upgrade with a new tool, the way back, a build that is
//! swapped in when its file changes, and configurations that are read again.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::{Kind, Outcome};
use task_orchestrator_tests::{Caller, Client, Workspace, program, wait};

const CHANGED: &str = "notifications/tools/list_changed";
const EXTRA: &str = "orchestrator_extra_tool";

fn has_extra(client: &Client) -> Result<bool> {
    let listed = client.request("tools/list", json!({}))?;
    let tools = listed.get("tools").and_then(Value::as_array).context("tools")?;
    Ok(tools.iter().any(|tool| tool.get("name") == Some(&json!(EXTRA))))
}

/// The client is told so often in all that the tools are others.
fn told(client: &Client, times: usize) -> Result<()> {
    let count = || client.inbox().look(|received| received.notifications_of(CHANGED).len());
    client
        .inbox()
        .wait(wait::DEADLINE, |received| (received.notifications_of(CHANGED).len() >= times).then_some(()))
        .with_context(|| format!("told {} times of other tools, not {times}", count()))?;
    ensure!(count() == times, "told {} times of other tools, not {times}", count());
    Ok(())
}

fn worker(workspace: &Workspace) -> Result<u32> {
    workspace.status()?.worker_pid().context("a worker")
}

#[test]
fn one_session_lives_through_an_upgrade_and_the_way_back() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let client = caller.client();
        ensure!(!has_extra(client)?);
        let first = worker(workspace)?;
        let graceful = workspace.restart(&[])?.complete()?;
        ensure!(graceful.old_pid == Some(first) && graceful.new_pid == Some(worker(workspace)?));
        ensure!(graceful.state.is_some_and(|state| state.client_sessions == 1), "no snapshot");
        let emergency = workspace.restart(&["--emergency", "--yes"])?.complete()?;
        ensure!(emergency.generation == graceful.generation + 1 && emergency.state.is_none());
        caller.goes_on()?;
        told(client, 0)?;

        let extra = program::behaving("extra", workspace.path())?.display().to_string();
        let upgrade = workspace.restart(&["--binary", &extra])?.complete()?;
        ensure!(upgrade.new_build.is_some_and(|build| build.path == extra && build.sha256.is_some()));
        told(client, 1)?;
        ensure!(has_extra(client)?);
        ensure!(client.call(EXTRA, json!({}))? == json!({"extra": true}));

        // The front that runs this build is not the one that upgraded to it.
        workspace.kill_front()?;
        caller.goes_on()?;
        ensure!(has_extra(client)?, "the next front runs another build");
        told(client, 1)?;

        let back = workspace.restart(&["--rollback"])?.complete()?;
        ensure!(back.new_build.is_some_and(|build| Path::new(&build.path) == workspace.binary()));
        told(client, 2)?;
        ensure!(!has_extra(client)?);
        client.failing("tools/call", json!({"name": EXTRA, "arguments": {}}))?;
        caller.goes_on()?;
        let kinds: Vec<Kind> = workspace.history()?.iter().rev().map(|restart| restart.kind).collect();
        ensure!(kinds.starts_with(&[Kind::Graceful, Kind::Emergency, Kind::Graceful]), "{kinds:?}");
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn a_new_file_under_the_configured_name_is_swapped_in_by_itself() -> Result<()> {
    let builds = tempfile::tempdir()?;
    let configured = builds.path().join("worker");
    fs::rename(program::behaving("slow1", builds.path())?, &configured)?;
    let config =
        format!("[worker]\nbinary = {:?}\n[restart]\nwatch = true\n", configured.display().to_string());
    Workspace::configured(&config)?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let before = worker(workspace)?;
        fs::rename(program::behaving("extra", builds.path())?, &configured)?;
        told(caller.client(), 1)?;
        ensure!(has_extra(caller.client())?);
        let newest =
            wait::until("the restart in the history", || workspace.history().ok()?.into_iter().next())?;
        ensure!(newest.requested_by == "watch" && newest.success, "{newest:?}");
        // A broken one is refused by itself, too, and the one before serves on.
        let after = worker(workspace)?;
        ensure!(after != before);
        fs::rename(program::behaving("exit1", builds.path())?, &configured)?;
        let refused = wait::until("the refusal in the history", || {
            workspace.history().ok()?.into_iter().next().filter(|newest| !newest.success)
        })?;
        ensure!(refused.requested_by == "watch", "{refused:?}");
        ensure!(worker(workspace)? == after);
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn a_build_that_fails_restarts_nothing_and_shows_the_compilers_words() -> Result<()> {
    let config = "[restart]\nbuild_command = \"sh build.sh\"\n";
    Workspace::configured(config)?.check(|workspace| {
        let script = workspace.path().join("build.sh");
        fs::write(&script, "echo compiling\necho 'error[E0308]: mismatched types' >&2\nexit 101\n")?;
        let caller = Caller::start(workspace)?;
        let before = worker(workspace)?;
        let report = workspace.restart(&[])?.failed_with(ErrorCode::NotReady)?;
        let error = &report.errors.first().context("an error")?.error;
        ensure!(error.contains("error[E0308]: mismatched types") && error.contains("compiling"), "{error}");
        ensure!(report.outcome == Some(Outcome::Failed) && worker(workspace)? == before);
        // People see what it prints while it runs.
        let shown = workspace.run("restart", &[])?;
        ensure!(String::from_utf8_lossy(&shown.stderr).contains("compiling"), "{shown:?}");
        workspace.restart(&["--no-build"])?.complete()?;
        fs::write(&script, "touch built\n")?;
        workspace.restart(&[])?.complete()?;
        ensure!(workspace.path().join("built").exists(), "nothing was built in the project's directory");
        ensure!(worker(workspace)? != before);
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn a_configuration_with_mistakes_is_refused_whole_and_a_good_one_is_used() -> Result<()> {
    Workspace::configured("[log]\nlevel = \"info\"\n")?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let before = worker(workspace)?;
        let config = workspace.state("config.toml");
        fs::write(&config, "[log]\nlevel = \"loud\"\n[buffer]\nexpiry = \"soon\"\nsize = 3\n")?;
        let update = ["--reason", "configuration_update"];
        let report = workspace.restart(&update)?.failed_with(ErrorCode::NotReady)?;
        let error = &report.errors.first().context("an error")?.error;
        for mistake in ["loud", "soon", "size"] {
            ensure!(error.contains(mistake), "{mistake} is not named: {error}");
        }
        ensure!(worker(workspace)? == before, "the worker was restarted");
        caller.goes_on()?;

        let role = "role_definition: You look after bees.\nexpertise: [bees]\napproach: [gently]\noutput_format: honey\n";
        fs::write(workspace.state("roles/beekeeper.yaml"), role)?;
        fs::write(&config, "[log]\nlevel = \"debug\"\n[access]\nstdio_role = \"readonly\"\n")?;
        workspace.restart(&update)?.complete()?;
        let prompts = caller.client().request("prompts/list", json!({}))?;
        ensure!(prompts.to_string().contains("beekeeper"), "{prompts}");
        let refusal = caller.client().refused("orchestrator_health_check", json!({}))?;
        ensure!(refusal.get("error_code") == Some(&json!("RESTART_009")), "{refusal}");
        wait::until("the worker's log to say more", || {
            workspace.logs("worker").contains(" DEBUG ").then_some(())
        })?;
        caller.finish(workspace).map(drop)
    })
}

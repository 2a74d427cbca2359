//! `watch` and `wait` beside a server to which things happen.

use anyhow::{Result, ensure};
use serde_json::json;
use task_orchestrator_tests::{Caller, Client, Followed, Workspace};

#[test]
fn who_watches_sees_what_happens_in_its_order() -> Result<()> {
    let config = "[restart]\nbuild_command = \"echo compiling\"\n";
    Workspace::configured(config)?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let watch = Followed::start(workspace, "watch", &[])?;
        watch.prints("generation 1")?;
        let graceful = workspace.restart(&["--note", "planned"])?.complete()?;
        watch.prints(&format!("restart {} is complete", graceful.restart_id))?;
        let emergency = workspace.restart(&["--emergency", "--yes", "--no-build"])?.complete()?;
        watch.prints(&format!("restart {} is complete", emergency.restart_id))?;
        workspace.kill_worker()?;
        watch.prints("of the worker")?;
        caller.goes_on()?;
        workspace.ask(&["maintenance", "on"])?;
        // Soon after each other the two would be no change at all.
        watch.prints("maintenance on")?;
        workspace.ask(&["maintenance", "off"])?;
        watch.prints("maintenance off")?;
        workspace.kill_front()?;
        watch.prints("another server than before")?;
        caller.goes_on()?;
        let graceful_begins = format!("restart {} begins: graceful", graceful.restart_id);
        let emergency_begins = format!("restart {} begins: emergency", emergency.restart_id);
        watch.printed_in_order(&[
            &graceful_begins,
            "preparation",
            "| compiling",
            "maintenance_mode",
            "process_restart",
            "service_resume",
            "is complete",
            &emergency_begins,
            "process_restart",
            "state_restoration",
            "service_resume",
            "is complete",
            "1 crash of the worker",
            "maintenance on",
            "maintenance off",
            "no connection",
            "another server than before",
        ])?;
        let printed = watch.interrupt()?;
        ensure!(printed.matches("no connection").count() == 1, "{printed}");
        caller.finish(workspace).map(drop)
    })
}

#[test]
fn each_condition_is_waited_for() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        workspace.ends_with(4, &["wait", "--for", "idle"])?;
        workspace.ends_with(5, &["wait", "--for", "ready", "--timeout", "200ms"])?;
        // For `ready` it waits for a server to come.
        let mut ready = Followed::start(workspace, "wait", &["--for", "ready"])?;
        let client = Client::open(workspace)?;
        ensure!(ready.end()?.code() == Some(0), "{}", ready.text());
        for condition in ["idle", "restart-done", "generation=1"] {
            let waited = workspace.ask(&["wait", "--for", condition])?;
            ensure!(waited.get("holds") == Some(&json!(true)), "{waited}");
        }
        for condition in ["no-clients", "safe-mode", "generation=2", "phase=complete"] {
            workspace.ends_with(5, &["wait", "--for", condition, "--timeout", "200ms"])?;
        }
        workspace.ends_with(2, &["wait", "--for", "phase=nonsense"])?;

        let mut generation = Followed::start(workspace, "wait", &["--for", "generation=2"])?;
        let mut phase = Followed::start(workspace, "wait", &["--for", "phase=complete"])?;
        workspace.restart(&[])?.complete()?;
        for wait in [&mut generation, &mut phase] {
            ensure!(wait.end()?.code() == Some(0), "{}", wait.text());
        }
        let mut left = Followed::start(workspace, "wait", &["--for", "no-clients"])?;
        client.quit()?;
        ensure!(left.end()?.code() == Some(0), "{}", left.text());
        Ok(())
    })
}

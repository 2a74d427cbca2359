//! What a role may not do is visible in the console, marked, and says why and which role
//! could; nothing of it reaches the server.

use anyhow::{Context, Result, ensure};
use task_orchestrator_shared::admin::audit::AuditEvent;
use task_orchestrator_tests::console::{self, has_row, row};
use task_orchestrator_tests::{Client, Pty, Workspace};

/// Asks for what is dangerous by its keys, and waits for the reason each time.
fn is_denied_everything(pty: &mut Pty, why: &str) -> Result<()> {
    for (key, label) in [("r", "restart"), ("E", "EMERGENCY"), ("b", "build+restart"), ("Q", "stop server")] {
        pty.keys(key)?;
        pty.until(why, |screen| has_row(screen, &[&format!("▲ {label}: {why}")]))?;
        ensure!(!pty.screen().contains("[ Cancel ]"), "a dialog came up: {}", pty.screen());
    }
    Ok(())
}

/// How many attempts at something that changes the server the audit tells of.
fn attempts(workspace: &Workspace) -> Result<usize> {
    let mut attempts = 0;
    task_orchestrator::audit::each(&workspace.state("audit"), |record| {
        let tried = match &record.event {
            AuditEvent::Intent(attempt) | AuditEvent::Denied { attempt, .. } => Some(attempt),
            _ => None,
        };
        attempts += usize::from(tried.is_some_and(|attempt| attempt.operation.is_privileged()));
        true
    })?;
    Ok(attempts)
}

fn denied(arguments: &[&str], why: &str, head: &[&str]) -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        let before = workspace.status_when("a worker", |status| status.worker_pid().is_some())?;
        let mut pty = console::live(workspace, arguments)?;
        pty.until("who one is", |screen| has_row(screen, head))?;
        // Marked where it is offered.
        pty.shows("r ✕ restart")?;
        is_denied_everything(&mut pty, why)?;
        pty.keys("?")?;
        pty.until("the same in the help", |screen| has_row(screen, &["✕", "Restart gracefully"]))?;
        pty.keys("\x1b")?;
        pty.until("the help to be gone", |screen| !has_row(screen, &["Keys on"]))?;
        pty.keys(":restart\r")?;
        pty.until(why, |screen| has_row(screen, &["restart", why]))?;
        ensure!(row(&pty.screen(), &["Live", "gen 1"]).is_some(), "{}", pty.screen());
        console::quits(pty)?;
        let after = workspace.status()?;
        ensure!(after.worker_pid() == before.worker_pid() && after.pid == before.pid);
        ensure!(workspace.history()?.is_empty());
        let attempts = attempts(workspace).context("the audit")?;
        ensure!(attempts == 0, "{attempts} attempts reached the server");
        client.quit()
    })
}

#[test]
fn a_monitor_sees_what_a_restart_would_need() -> Result<()> {
    denied(&["--role", "monitor"], "you are monitor here and this needs", &["Live", "monitor"])
}

#[test]
fn read_only_orders_nothing() -> Result<()> {
    denied(&["--read-only"], "this console was started with --read-only", &["Live", "read-only"])
}

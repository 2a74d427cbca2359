//! What operators look at and change while clients are connected: who they are, what
//! is logged, what the configuration is.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};
use task_orchestrator_tests::{Caller, Client, Workspace, wait};

fn names_and_reconnects(workspace: &Workspace) -> Result<Vec<(Value, u64)>> {
    let shown = workspace.ask(&["sessions"])?;
    let sessions = shown.get("sessions").and_then(Value::as_array).context("sessions")?;
    let of = |session: &Value| {
        let back = session.get("reconnects").and_then(Value::as_u64).context("reconnects")?;
        Ok((session.get("name").cloned().unwrap_or_default(), back))
    };
    sessions.iter().map(of).collect()
}

#[test]
fn clients_of_both_eras_are_named_and_their_returns_counted() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let legacy = Client::open(workspace)?;
        let modern = Client::launch(workspace)?;
        modern.discover()?;
        let proof = || json!("proof");
        ensure!(names_and_reconnects(workspace)? == [(proof(), 0), (proof(), 0)]);
        workspace.kill_front()?;
        legacy.still_answers()?;
        modern.still_answers()?;
        wait::until("both to be back", || {
            let found = names_and_reconnects(workspace).ok()?;
            (found.len() == 2 && found.iter().all(|(name, back)| *name == proof() && *back > 0)).then_some(())
        })
        .with_context(|| format!("{:?}", names_and_reconnects(workspace)))?;
        legacy.quit()?;
        modern.quit()
    })
}

/// The entry of a key in what the server says of its configuration.
fn entry(workspace: &Workspace, key: &str) -> Result<(Value, Value)> {
    let shown = workspace.ask(&["config", "show", "--server"])?;
    let entries = shown.get("config").and_then(Value::as_array).context("config")?;
    let entry = entries.iter().find(|entry| entry.get("key") == Some(&json!(key))).context(key.to_owned())?;
    let field = |name: &str| entry.get(name).cloned().unwrap_or_default();
    Ok((field("value"), field("pending")))
}

#[test]
fn a_configuration_that_is_read_again_says_what_holds_from_when() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let config = workspace.state("config.toml");
        fs::write(&config, "[limits]\nrestart_burst = \"many\"\n")?;
        let said = workspace.ends_with(1, &["config", "reload"])?;
        ensure!(said.contains("restart_burst"), "{said}");
        let text =
            "[limits]\nrestart_burst = 20\n[store]\nreaders = 3\n[buffer]\nmax_message_bytes = \"8 MiB\"\n";
        fs::write(&config, text)?;
        let reloaded = workspace.ask(&["config", "reload"])?;
        for (field, key) in [
            ("applied", "limits.restart_burst"),
            ("needs_restart", "store.readers"),
            ("needs_stop", "buffer.max_message_bytes"),
        ] {
            ensure!(reloaded.get(field) == Some(&json!([key])), "{field}: {reloaded}");
        }
        let size = (json!("\"16 MiB\""), json!("\"8 MiB\""));
        ensure!(entry(workspace, "limits.restart_burst")? == (json!("20"), Value::Null));
        ensure!(entry(workspace, "store.readers")? == (json!("2"), json!("3")));
        ensure!(entry(workspace, "buffer.max_message_bytes")? == size);
        workspace.restart(&[])?.complete()?;
        ensure!(entry(workspace, "store.readers")? == (json!("3"), Value::Null));
        ensure!(entry(workspace, "buffer.max_message_bytes")? == size);
        caller.finish(workspace).map(drop)
    })
}

/// How many debug lines were written after this time.
fn debug_lines(workspace: &Workspace, process: &str, after: &Timestamp) -> usize {
    let is_later = |line: &&str| {
        let at = line.split_whitespace().find_map(|word| word.parse::<Timestamp>().ok());
        line.contains(" DEBUG ") && at.is_some_and(|at| at > *after)
    };
    workspace.logs(process).lines().filter(is_later).count()
}

#[test]
fn the_level_of_the_log_is_changed_for_front_and_workers_and_outlives_a_worker() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let caller = Caller::start(workspace)?;
        let begin = Timestamp::now();
        workspace.ask(&["log-level", "debug"])?;
        for process in ["front", "worker"] {
            wait::until("lines for who looks for a defect", || {
                (debug_lines(workspace, process, &begin) > 0).then_some(())
            })
            .context(process)?;
        }
        let restart = workspace.restart(&[])?.complete()?;
        let now = Timestamp::now();
        caller.goes_on()?;
        wait::until("the next worker's lines", || {
            (debug_lines(workspace, "worker", &now) > 0).then_some(())
        })?;
        ensure!(restart.new_pid == workspace.status()?.worker_pid());

        workspace.ask(&["log-level", "info"])?;
        // What was under way when the level changed is over.
        caller.goes_on()?;
        let now = Timestamp::now();
        let again = workspace.restart(&[])?.complete()?;
        caller.goes_on()?;
        wait::until("the log of the restart", || {
            workspace
                .logs("front")
                .contains(&format!("restart complete restart={}", again.restart_id))
                .then_some(())
        })?;
        ensure!(debug_lines(workspace, "front", &now) == 0 && debug_lines(workspace, "worker", &now) == 0);
        caller.finish(workspace).map(drop)
    })
}

/// The user and the group `nobody`, of which every system has one.
const NOBODY: u32 = 65534;

#[test]
fn who_may_not_read_the_log_files_is_shown_them_by_the_server() -> Result<()> {
    // Only root can be another user.
    let group = fs::read_to_string("/etc/group")?;
    let group = group.lines().find(|line| line.split(':').nth(2) == Some("65534"));
    let (Some(group), true) = (group, rustix::process::geteuid().is_root()) else { return Ok(()) };
    let name = group.split(':').next().context("a name")?;
    let config = format!("[access]\nsocket_group = {name:?}\ngrants = [\"group:{name}=monitor\"]\n");
    Workspace::configured(&config)?.check(|workspace| {
        fs::set_permissions(workspace.path(), Permissions::from_mode(0o755))?;
        let client = Client::open(workspace)?;
        let ask = |arguments: &[&str]| {
            let mut command = workspace.command("logs");
            command.args(arguments).stdin(Stdio::null()).current_dir("/");
            command.env_remove("XDG_RUNTIME_DIR").uid(NOBODY).gid(NOBODY).output()
        };
        let shown = ask(&["--tail", "1000"])?;
        let text = String::from_utf8_lossy(&shown.stdout).into_owned();
        ensure!(shown.status.success() && text.contains("front["), "{shown:?}");
        let denied = ask(&["--role", "readonly"])?;
        ensure!(denied.status.code() == Some(3), "{denied:?}");
        client.quit()
    })
}

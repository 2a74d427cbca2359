//! A role is looked up when something is done, and what is decided about is what
//! is done: a right that is taken away is gone at once, on open connections and
//! in what they are told without asking, and no way of saying a request makes it
//! another one than was checked.

use std::fs;
use std::future::Future;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use task_orchestrator_shared::admin::log::LogFilter;
use task_orchestrator_shared::admin::view::View;
use task_orchestrator_shared::admin::{Context, Reply, Request};
use task_orchestrator_shared::client::{Client as Admin, LogTail, Target, Update, Updates};
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::RestartRequest;
use task_orchestrator_shared::role::Role;
use task_orchestrator_tests::admin::{Manner, Programs, User, is_root, refusal};
use task_orchestrator_tests::{Client, Workspace, wait};

const DENIED: &str = "RESTART_009";

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// This process's user in this role, and something else to tell two configurations apart.
fn granted(role: Role, also: &str) -> String {
    format!("[access]\ngrants = \"user:{}={role}{also}\"\n", own_uid())
}

/// Runs it to its end, for at most [`wait::DEADLINE`].
fn now<T>(what: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { tokio::time::timeout(wait::DEADLINE, what).await.context("too late")? })
}

async fn connected(workspace: &Workspace) -> Result<Admin> {
    let Target { socket, hello, options } = Target::new(workspace.admin_socket()?, "test");
    Ok(Admin::connect(&socket.path(), hello, options).await?)
}

fn code(reply: &Reply) -> Option<ErrorCode> {
    match reply {
        Reply::Refused(refusal) => Some(refusal.error_code),
        _ => None,
    }
}

/// Ends what nobody may stop any more.
fn kill_all(workspace: &Workspace, client: &Client) -> Result<()> {
    client.close_input();
    client.exit()?;
    workspace.kill_front().map(drop)
}

#[test]
fn an_owner_who_is_only_a_monitor_restarts_nothing() -> Result<()> {
    Workspace::configured(&granted(Role::Monitor, ""))?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.still_answers()?;
        let before = workspace.status()?.worker_pid();
        let refused = workspace.restart(&[])?;
        ensure!(refused.code == Some(3) && refused.text.contains(DENIED), "{refused}");
        ensure!(workspace.run("stop", &[])?.status.code() == Some(3), "stopped by a monitor");
        ensure!(workspace.health()?.healthy);
        ensure!(workspace.status()?.worker_pid() == before, "another worker serves");
        kill_all(workspace, &client)
    })
}

/// The view and what follows on it, until it is as wanted.
async fn view_until(
    mut view: Box<View>,
    updates: &mut Updates,
    wanted: impl Fn(&View) -> bool,
) -> Result<Box<View>> {
    while !wanted(&view) {
        match updates.next().await.context("the changes ended")? {
            Update::View(anew) => view = anew,
            Update::Delta(delta) => drop(view.apply(delta)),
        }
    }
    Ok(view)
}

async fn a_whole_view(updates: &mut Updates) -> Result<Box<View>> {
    loop {
        if let Update::View(view) = updates.next().await.context("the changes ended")? {
            return Ok(view);
        }
    }
}

/// Takes what was written before, until a line with this text comes.
async fn line_with(tail: &mut LogTail, text: &str) -> Result<()> {
    loop {
        let lines = tail.next().await.context("the log ended")?;
        if lines.lines.iter().any(|line| line.text.contains(text)) {
            return Ok(());
        }
    }
}

async fn reload(admin: &Admin, workspace: &Workspace, config: &str) -> Result<()> {
    fs::write(workspace.state("config.toml"), config)?;
    match admin.call(Request::ReloadConfig, Context::default()).await? {
        Reply::Reloaded(reloaded) => {
            ensure!(reloaded.applied == ["access.grants"], "{reloaded:?}");
            Ok(())
        }
        other => bail!("{other:?}"),
    }
}

async fn loses_its_role(workspace: &Workspace) -> Result<()> {
    let admin = connected(workspace).await?;
    let (watching, following) = (connected(workspace).await?, connected(workspace).await?);
    let (view, mut updates) = watching.subscribe().await?;
    let sees_all = |view: &View| view.audit.is_some() && view.backups.is_some() && view.health.is_some();
    view_until(view, &mut updates, sees_all).await?;
    let (_, mut tail) = following.follow_logs(LogFilter::default()).await?;
    let maintenance = Request::Maintenance { on: false };
    let reply = admin.call(maintenance.clone(), Context::default()).await?;
    ensure!(code(&reply).is_none(), "{reply:?}");

    // Somebody else's grant: everything goes on.
    reload(&admin, workspace, &granted(Role::Operator, ",user:61999=admin")).await?;
    let view = a_whole_view(&mut updates).await?;
    view_until(view, &mut updates, sees_all).await?;
    line_with(&mut tail, "the configuration was read again").await?;
    reload(&admin, workspace, &granted(Role::Operator, ",user:61998=admin")).await?;
    line_with(&mut tail, "the configuration was read again").await?;

    reload(&admin, workspace, &granted(Role::Readonly, "")).await?;
    for request in [maintenance, Request::Health, Request::Audit { limit: 1 }, Request::ReloadConfig] {
        let reply = admin.call(request, Context::default()).await?;
        ensure!(code(&reply) == Some(ErrorCode::PermissionDenied), "{reply:?}");
    }
    ensure!(code(&admin.call(Request::Status, Context::default()).await?).is_none(), "no status");
    while tail.next().await.is_some() {}
    // The view of a readonly caller, which stays one whatever happens.
    let mut view = a_whole_view(&mut updates).await?;
    while view.backups.is_some() || view.audit.is_some() {
        view = a_whole_view(&mut updates).await?;
    }
    let sessions = view.sessions.len();
    let another = Client::open(workspace)?;
    let view = view_until(view, &mut updates, |view| view.sessions.len() > sessions).await?;
    let hidden = (&view.backups, &view.dead_letters, &view.health, &view.audit);
    ensure!(matches!(hidden, (None, None, None, None)), "{hidden:?}");
    another.quit()
}

#[test]
fn a_role_that_is_taken_away_is_gone_on_open_connections_and_their_streams() -> Result<()> {
    Workspace::configured(&granted(Role::Operator, ""))?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.still_answers()?;
        now(loses_its_role(workspace))?;
        kill_all(workspace, &client)
    })
}

/// Ways of saying a request that two readers could understand differently.
fn ambiguous() -> Vec<String> {
    let line = |rest: &str| format!("{{\"jsonrpc\":\"2.0\",\"id\":7,{rest}}}");
    [
        "\"method\":\"status\",\"method\":\"stop\"",
        "\"method\":\"stop\",\"method\":\"status\"",
        "\"method\":\"restart\",\"params\":{},\"params\":{\"graceful\":false}",
        "\"method\":\"restart\",\"params\":{\"graceful\":true,\"graceful\":false}",
        "\"method\":\"restart\",\"params\":{\"graceful\":true,\"\\u0067raceful\":false}",
        "\"method\":\"restart\",\"params\":{\"binary\":null,\"binary\":\"/bin/sh\"}",
        "\"method\":\"restart\",\"params\":{\"command\":\"/bin/sh\"}",
        "\"method\":\"restart\",\"params\":[]",
        "\"method\":\"restart\",\"params\":[true,true,null]",
        "\"method\":\"restart\",\"params\":\"{}\"",
        "\"method\":\"status\",\"params\":{\"method\":\"stop\"}",
        "\"method\":\"status\",\"role\":\"admin\"",
        "\"method\":\"status\",\"context\":{\"role\":\"admin\"}",
        "\"method\":\"status\",\"context\":{\"reason\":\"a\",\"reason\":\"b\"}",
        "\"method\":\"stop\",\"context\":[null,null,\"reason\"]",
        "\"method\":\"stop\\u0000\"",
        "\"method\":\"STOP\"",
        "\"method\":\"\"",
        "\"method\":\"prune_backups\"",
        "\"method\":\"prune_backups\",\"params\":{}",
        "\"method\":\"restore_backup\",\"params\":{}",
        "\"method\":\"hello\",\"params\":{\"protocol\":{\"oldest\":1,\"newest\":2},\"client\":\"x\"}",
    ]
    .iter()
    .map(|rest| line(rest))
    .chain([
        "{}".to_owned(),
        "[]".to_owned(),
        "[\"2.0\",1,\"stop\"]".to_owned(),
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"stop\"}]".to_owned(),
        "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"stop\"}".to_owned(),
        "{\"id\":1,\"method\":\"stop\"}".to_owned(),
        "{\"jsonrpc\":\"2.0\",\"method\":\"stop\"}".to_owned(),
    ])
    .collect()
}

#[test]
fn what_can_be_understood_in_two_ways_is_not_done_at_all() -> Result<()> {
    let programs = Programs::copied()?;
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.still_answers()?;
        let before = workspace.told_status()?;
        for line in ambiguous() {
            let mut caller = programs.open(&workspace.admin_socket()?, None, Manner::Granted)?;
            let answer = caller.say(&line)?;
            ensure!(answer.get("error").is_some() && answer.get("result").is_none(), "{line}: {answer}");
        }
        let after = workspace.told_status()?;
        let untouched = (after.pid, after.generation) == (before.pid, before.generation);
        ensure!(untouched, "{before:?}, then {after:?}");
        // An empty body is a request with its defaults, and decided about as that.
        let mut caller = programs.open(&workspace.admin_socket()?, None, Manner::As(Role::Monitor))?;
        for body in ["", ",\"params\":{}", ",\"params\":null"] {
            let line = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"restart\"{body}}}");
            let answer = caller.say(&line)?;
            ensure!(refusal(&answer) == Some(DENIED), "{line}: {answer}");
        }
        client.quit()
    })
}

#[test]
fn a_restart_is_decided_about_by_the_most_that_it_asks_for() -> Result<()> {
    let programs = Programs::copied()?;
    let with = |change: fn(&mut RestartRequest)| {
        let mut request = RestartRequest::default();
        change(&mut request);
        Request::Restart(Box::new(request))
    };
    let too_much = [
        with(|request| request.binary = Some("/bin/sh".to_owned())),
        with(|request| {
            request.rollback = true;
            request.binary = Some("/bin/sh".to_owned());
        }),
        with(|request| request.graceful = false),
        with(|request| request.preserve_state = false),
        with(|request| {
            request.clear_buffers = true;
            request.graceful = false;
        }),
    ];
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.still_answers()?;
        let before = workspace.told_status()?.generation;
        let socket = workspace.admin_socket()?;
        let mut operator = programs.open(&socket, None, Manner::As(Role::Operator))?;
        for request in &too_much {
            let answer = operator.ask(request, Context::default())?;
            ensure!(refusal(&answer) == Some(DENIED), "{request:?}: {answer}");
        }
        ensure!(workspace.told_status()?.generation == before, "an operator did more than it may");
        let mut monitor = programs.open(&socket, None, Manner::As(Role::Monitor))?;
        let clearing = with(|request| request.clear_buffers = true);
        for request in [clearing.clone(), Request::ClearBuffers { session: None }] {
            let answer = monitor.ask(&request, Context::default())?;
            ensure!(refusal(&answer) == Some(DENIED), "{request:?}: {answer}");
        }
        ensure!(workspace.told_status()?.generation == before, "a monitor did more than it may");
        let answer = operator.ask(&clearing, Context::default())?;
        ensure!(answer.pointer("/result/value/outcome") == Some(&json!("complete")), "{answer}");
        client.still_answers()?;
        client.quit()
    })
}

#[test]
fn nobody_gets_a_higher_role_by_asking_for_it() -> Result<()> {
    let programs = Programs::copied()?;
    let (member, gid) = (User { uid: 61701, gid: 61702, also: 61000 }, 61702);
    let mut config = granted(Role::Monitor, &format!(",group:{gid}=monitor"));
    if is_root() {
        config.push_str("socket_group = \"61000\"\n");
    }
    Workspace::configured(&config)?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.still_answers()?;
        let socket = workspace.admin_socket()?;
        for user in [None, Some(member)].into_iter().take(if is_root() { 2 } else { 1 }) {
            for role in [Role::Operator, Role::Admin] {
                let caller = programs.open(&socket, user, Manner::As(role))?;
                let refused = caller.hello().get("error").and_then(|error| error.get("message"));
                let said = refused.and_then(Value::as_str).with_context(|| caller.hello().to_string())?;
                ensure!(said.contains("monitor is granted"), "{said}");
            }
            for manner in [Manner::As(Role::Monitor), Manner::Granted, Manner::Bare] {
                let mut caller = programs.open(&socket, user, manner)?;
                let answer = caller.ask(&Request::Snapshot, Context::default())?;
                ensure!(refusal(&answer) == Some(DENIED), "{answer}");
            }
        }
        kill_all(workspace, &client)
    })
}

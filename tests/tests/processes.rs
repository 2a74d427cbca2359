//! One front for all, whoever starts it; a session outlives every process but its shim.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};
use task_orchestrator_tests::workspace::NOT_RUNNING;
use task_orchestrator_tests::{Client, Workspace, process, wait};

const IMPATIENT: &str = "[front]\nidle_timeout = \"1 s\"\n";

#[test]
fn ten_shims_at_once_meet_on_one_front() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let clients = std::thread::scope(|scope| {
            let starting: Vec<_> = (0..10).map(|_| scope.spawn(|| Client::open(workspace))).collect();
            starting
                .into_iter()
                .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))?)
                .collect::<Result<Vec<_>>>()
        })?;
        let status = workspace.status()?;
        ensure!(status.sessions == Some(10), "{status:?}");
        let front = status.pid.context("a front")?;
        // Whoever lost the race to start a front has gone again.
        let mut expected: Vec<u32> = clients.iter().map(Client::pid).chain([front]).collect();
        expected.extend(status.worker_pid());
        let strangers = || workspace.processes().into_iter().filter(|pid| !expected.contains(pid)).count();
        wait::until("no process but shims, one front and one worker", || (strangers() == 0).then_some(()))?;
        for client in clients {
            client.still_answers()?;
            client.quit()?;
        }
        ensure!(workspace.status()?.pid == Some(front), "the front changed");
        workspace.status_when("no sessions", |status| status.sessions == Some(0))?;
        Ok(())
    })
}

#[test]
fn an_idle_front_ends_itself_and_its_worker() -> Result<()> {
    Workspace::configured(IMPATIENT)?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.still_answers()?;
        client.quit()?;
        workspace.status_when("the idle front to end", |status| !status.running)?;
        wait::until("its worker to end", || workspace.processes().is_empty().then_some(()))
    })
}

/// The other front's end is the clock: it became idle later, under the same limit.
#[test]
fn a_served_front_stays_when_an_idle_one_ends() -> Result<()> {
    Workspace::configured(IMPATIENT)?.check(|served| {
        let mut serving = served.command("serve").stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let status = served.status_when("the served front", |status| status.running)?;
        ensure!(status.pid == Some(serving.id()), "serve stays in the foreground: {status:?}");
        Client::open(served)?.quit()?;
        served.status_when("no sessions", |status| status.sessions == Some(0))?;
        Workspace::configured(IMPATIENT)?.check(|idle| {
            Client::open(idle)?.quit()?;
            idle.status_when("the idle front to end", |status| !status.running).map(drop)
        })?;
        ensure!(served.status()?.pid == Some(serving.id()), "the served front ended itself");
        process::signal(serving.id(), Signal::TERM);
        let code = serving.wait()?.code();
        ensure!(code == Some(0), "SIGTERM ended it with {code:?}");
        Ok(())
    })
}

#[test]
fn the_same_session_answers_after_its_worker_died() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        let planned = client.call("orchestrator_plan_task", json!({"title": "kept", "description": "d"}))?;
        let killed = workspace.kill_worker()?;
        let found = client.call("orchestrator_query_tasks", json!({"search_text": "kept"}))?;
        ensure!(found.pointer("/tasks/0/task_id") == planned.get("task_id"), "{found}");
        let status = workspace.status()?;
        ensure!(status.worker_pid().is_some_and(|pid| pid != killed), "{status:?}");
        ensure!(!process::lives(killed));
        client.quit()
    })
}

/// It lives and its link is open: only the missing signs of life tell.
#[test]
fn a_hung_worker_is_replaced() -> Result<()> {
    let watchful = "[front]\nheartbeat_interval = \"100 ms\"\nheartbeat_misses = 3\n";
    Workspace::configured(watchful)?.check(|workspace| {
        let client = Client::open(workspace)?;
        let planned = client.call("orchestrator_plan_task", json!({"title": "kept", "description": "d"}))?;
        let hung = workspace.status()?.worker_pid().context("a worker")?;
        process::signal(hung, Signal::STOP);
        let found = client.call("orchestrator_query_tasks", json!({"search_text": "kept"}))?;
        ensure!(found.pointer("/tasks/0/task_id") == planned.get("task_id"), "{found}");
        ensure!(!process::lives(hung), "the hung worker was left behind");
        client.quit()
    })
}

#[test]
fn the_same_session_answers_after_its_front_died() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.call("orchestrator_plan_task", json!({"title": "kept", "description": "d"}))?;
        let worker = workspace.status()?.worker_pid().context("a worker")?;
        let killed = workspace.kill_front()?;
        let found = client.call("orchestrator_query_tasks", json!({"search_text": "kept"}))?;
        ensure!(found.get("total_count") == Some(&json!(1)), "{found}");
        ensure!(workspace.status()?.pid.is_some_and(|pid| pid != killed));
        wait::until("the dead front's worker to end", || (!process::lives(worker)).then_some(()))?;
        client.quit()
    })
}

#[test]
fn what_is_in_flight_when_a_process_dies_is_answered_once() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        let mut expected = 0;
        for kill in [Workspace::kill_worker, Workspace::kill_front, Workspace::kill_worker] {
            let plan = |number: usize| json!({"title": format!("n{number}"), "description": "d"});
            let call = |number| json!({"name": "orchestrator_plan_task", "arguments": plan(number)});
            let ids = (0..40).map(|number| client.send("tools/call", call(expected + number)));
            let ids = ids.collect::<Result<Vec<_>>>()?;
            kill(workspace)?;
            for id in ids {
                let response = client.response(&json!(id))?.message;
                ensure!(response.pointer("/result/isError") != Some(&json!(true)), "{response}");
                ensure!(response.get("result").is_some(), "{response}");
            }
            expected += 40;
            let found = client.call("orchestrator_query_tasks", json!({"limit": 1000}))?;
            ensure!(found.get("total_count") == Some(&json!(expected)), "{}", found["total_count"]);
        }
        client.quit()
    })
}

/// Ended by an operator's command: the clients end with it, and nothing is left.
#[test]
fn stop_ends_everything_and_status_says_so() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.still_answers()?;
        ensure!(workspace.run("stop", &[])?.status.success());
        let output = workspace.run("status", &["--json"])?;
        ensure!(output.status.code() == Some(NOT_RUNNING), "{output:?}");
        let shown: Value = serde_json::from_slice(&output.stdout)?;
        ensure!(shown.get("running") == Some(&json!(false)), "{shown}");
        client.exit()?;
        client.assert_pure()?;
        wait::until("every process to end", || workspace.processes().is_empty().then_some(()))?;
        let again = workspace.run("stop", &[])?;
        ensure!(again.status.code() == Some(NOT_RUNNING), "{again:?}");
        Ok(())
    })
}

/// Ended by a signal, as when a machine is looked after: the clients stay and bring it back.
#[test]
fn a_front_ended_by_a_signal_comes_back_for_its_client() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        client.call("orchestrator_plan_task", json!({"title": "kept", "description": "d"}))?;
        let front = workspace.status()?.pid.context("a front")?;
        process::signal(front, Signal::TERM);
        wait::until("the front to end", || (!process::lives(front)).then_some(()))?;
        let found = client.call("orchestrator_query_tasks", json!({"search_text": "kept"}))?;
        ensure!(found.get("total_count") == Some(&json!(1)), "{found}");
        ensure!(workspace.status()?.pid.is_some_and(|pid| pid != front));
        client.quit()
    })
}

#[test]
fn the_end_of_input_waits_for_what_is_in_flight() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let client = Client::open(workspace)?;
        let call = json!({"name": "orchestrator_plan_task", "arguments": {"title": "t", "description": "d"}});
        let ids = (0..20).map(|_| client.send("tools/call", call.clone())).collect::<Result<Vec<_>>>()?;
        client.close_input();
        for id in ids {
            let response = client.response(&json!(id))?.message;
            ensure!(response.get("result").is_some(), "{response}");
        }
        client.quit()
    })
}

/// The client goes without a word: its session must go too.
#[test]
fn a_killed_shim_leaves_no_session_behind() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let (staying, going) = (Client::open(workspace)?, Client::open(workspace)?);
        workspace.status_when("two sessions", |status| status.sessions == Some(2))?;
        process::kill(going.pid());
        workspace.status_when("one session", |status| status.sessions == Some(1))?;
        staying.still_answers()?;
        staying.quit()
    })
}

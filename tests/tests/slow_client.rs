//! A client that asks and does not read costs a bounded amount of memory, and
//! loses nothing.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use task_orchestrator_tests::{Client, Workspace, process, wait};

const ANSWER_BYTES: usize = 200 * 1024;
/// More than anything on the way takes before it has given answers away.
const ASKED: usize = 1500;
/// Several times what the buffers hold, and half of what the shim's requests
/// alone would amount to if all of them were answered.
const BOUND: u64 = 100 * 1024 * 1024;

#[test]
fn a_client_that_does_not_read_costs_bounded_memory() -> Result<()> {
    Workspace::new()?.check(|workspace| {
        let other = Client::open(workspace)?;
        let planned = other.call("orchestrator_plan_task", json!({"description": "d"}))?;
        let task = planned.get("task_id").context("a task")?;
        other.call("orchestrator_execute_task", json!({ "task_id": task }))?;
        let work = "w".repeat(ANSWER_BYTES);
        let done = json!({"task_id": task, "summary": "s", "detailed_work": work, "next_action": "complete"});
        let done = other.call("orchestrator_complete_task", done)?;
        let uri = done.pointer("/artifact_info/accessible_via").context("an artifact")?.clone();
        let mut child = workspace
            .command("stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut input = child.stdin.take().context("stdin")?;
        let output = child.stdout.take().context("stdout")?;
        let sent = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| -> Result<()> {
                let client = json!({"name": "slow", "version": "1"});
                let params =
                    json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
                writeln!(
                    input,
                    "{}",
                    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
                )?;
                for id in 1..=ASKED {
                    let read = json!({"jsonrpc": "2.0", "id": id, "method": "resources/read", "params": {"uri": uri}});
                    writeln!(input, "{read}")?;
                    sent.store(id, Ordering::Relaxed);
                }
                drop(input);
                Ok(())
            });
            // It is stuck when it gets no further while others are served.
            let mut before = usize::MAX;
            wait::until("the asking to come to a stop", || {
                let now = sent.load(Ordering::Relaxed);
                let stuck = now == before && now > 0;
                before = now;
                (0..200).all(|_| other.still_answers().is_ok()).then_some(()).filter(|()| stuck)
            })?;
            let status = workspace.status()?;
            for pid in [Some(child.id()), status.pid, status.worker_pid()] {
                let resident = process::resident_bytes(pid.context("a process")?)?;
                ensure!(resident < BOUND, "{resident} bytes resident");
            }
            let mut answered = vec![false; ASKED + 1];
            for line in BufReader::new(output).lines() {
                let message: Value = serde_json::from_str(&line?)?;
                if let Some(id) = message.get("id").and_then(Value::as_u64) {
                    let seen = answered.get_mut(usize::try_from(id)?).context("an id that was asked")?;
                    ensure!(!std::mem::replace(seen, true), "{id} is answered twice");
                }
            }
            asking.join().map_err(|_| anyhow::anyhow!("asking panicked"))??;
            ensure!(answered.iter().all(|answered| *answered), "some were not answered");
            Ok(())
        })?;
        ensure!(child.wait()?.success());
        other.quit()
    })
}

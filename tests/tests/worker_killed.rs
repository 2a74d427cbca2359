//! The worker is killed again and again under calling clients: nothing is
//! lost, nothing is doubled, no client sees an error or an end. And the
//! checker that says so is itself proved by a worker that does double.

use std::time::Duration;

use anyhow::{Result, ensure};
use task_orchestrator_tests::chaos::{self, Outcome, Plan, Transport, Victim};
use task_orchestrator_tests::workspace::MANY_CRASHES;
use task_orchestrator_tests::{Workspace, program};

#[test]
fn two_hundred_workers_die_and_no_client_notices() -> Result<()> {
    let plan = Plan {
        clients: 8,
        transport: Transport::Stdio,
        window: 2,
        kills: 200,
        replies: 0,
        victim: Victim::Worker,
        seed: 20_261_121,
        limit: Duration::from_secs(600),
    };
    Workspace::configured(MANY_CRASHES)?.check(|workspace| {
        let outcome = chaos::run(workspace, &plan)?;
        println!("{outcome}");
        let status = workspace.status()?;
        ensure!(status.replayed > 0, "no kill hit a request in flight: {status:?}");
        ensure!(outcome.is_clean(), "{outcome}");
        ensure!(outcome.kills == plan.kills, "only {} kills: {outcome}", outcome.kills);
        Ok(())
    })
}

/// A run with this worker in place of the program's own, which needs no killer to die:
/// about one of its answers in fifty is its last.
fn with_worker(name: &str) -> Result<Outcome> {
    let worker = program::beside(name)?;
    let config = format!("{MANY_CRASHES}\n[worker]\nbinary = {:?}\n", worker.display().to_string());
    let plan = Plan {
        clients: 4,
        transport: Transport::Stdio,
        window: 2,
        kills: 0,
        replies: 2000,
        victim: Victim::Worker,
        seed: 7,
        limit: Duration::from_secs(120),
    };
    Workspace::configured(&config)?.check(|workspace| {
        let outcome = chaos::run(workspace, &plan)?;
        let status = workspace.status()?;
        ensure!(status.crashes >= 10 && status.replayed >= 10, "it hardly died: {status:?}");
        Ok(outcome)
    })
}

/// Each of its deaths is after a commit and before its answer: the worst moment there is.
#[test]
fn a_worker_that_dies_before_its_answers_doubles_nothing() -> Result<()> {
    let outcome = with_worker("lossy_worker")?;
    println!("{outcome}");
    ensure!(outcome.is_clean(), "{outcome}");
    Ok(())
}

/// The same worker without an operation log: each of its deaths doubles a plan.
#[test]
fn the_same_worker_without_its_operation_log_is_caught() -> Result<()> {
    let outcome = with_worker("planted_worker")?;
    println!("planted: {outcome}");
    ensure!(!outcome.verdict.doubled.is_empty(), "the planted bug went unseen: {outcome}");
    Ok(())
}

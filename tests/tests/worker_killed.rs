//! The worker is killed again and again under calling clients: nothing is
//! lost, nothing is doubled, no client sees an error or an end. And the
//! checker that says so is itself proved by a worker that does double.

use std::time::Duration;

use anyhow::{Result, ensure};
use task_orchestrator_tests::chaos::{self, Plan, Victim};
use task_orchestrator_tests::{Workspace, program};

#[test]
fn two_hundred_workers_die_and_no_client_notices() -> Result<()> {
    let plan = Plan {
        clients: 8,
        window: 2,
        kills: 200,
        victim: Victim::Worker,
        seed: 20_261_121,
        limit: Duration::from_secs(600),
    };
    Workspace::configured(chaos::CONFIG)?.check(|workspace| {
        let outcome = chaos::run(workspace, &plan)?;
        println!("{outcome}");
        ensure!(outcome.verdict.is_clean(), "{outcome}");
        ensure!(outcome.kills == plan.kills, "only {} kills: {outcome}", outcome.kills);
        Ok(())
    })
}

/// The planted worker has no operation log and dies between a commit and its
/// answer, so that each of its deaths doubles an effect.
#[test]
fn a_worker_without_its_operation_log_is_caught() -> Result<()> {
    let planted = program::beside("planted_worker")?;
    let config = format!("{}\n[worker]\nbinary = {:?}\n", chaos::CONFIG, planted.display().to_string());
    let plan = Plan {
        clients: 4,
        window: 2,
        kills: 20,
        victim: Victim::Worker,
        seed: 7,
        limit: Duration::from_secs(120),
    };
    Workspace::configured(&config)?.check(|workspace| {
        let outcome = chaos::run(workspace, &plan)?;
        ensure!(!outcome.verdict.doubled.is_empty(), "the planted bug went unseen: {outcome}");
        Ok(())
    })
}

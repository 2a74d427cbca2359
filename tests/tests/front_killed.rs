//! The front is killed under calling clients: shims bring it back, and what a
//! client had asked is answered once.

use std::time::Duration;

use anyhow::{Result, ensure};
use task_orchestrator_tests::Workspace;
use task_orchestrator_tests::chaos::{self, Plan, Transport, Victim};
use task_orchestrator_tests::workspace::MANY_CRASHES;

fn run(victim: Victim, kills: u32, seed: u64) -> Result<String> {
    let plan = Plan {
        clients: 6,
        transport: Transport::Stdio,
        window: 2,
        kills,
        replies: 0,
        victim,
        seed,
        limit: Duration::from_secs(600),
    };
    Workspace::configured(MANY_CRASHES)?.check(|workspace| {
        let outcome = chaos::run(workspace, &plan)?;
        ensure!(outcome.is_clean(), "{outcome}");
        ensure!(outcome.kills == kills, "only {} kills: {outcome}", outcome.kills);
        Ok(outcome.to_string())
    })
}

#[test]
fn thirty_fronts_die_and_no_client_notices() -> Result<()> {
    println!("fronts: {}", run(Victim::Front, 30, 3)?);
    Ok(())
}

#[test]
fn fronts_and_workers_die_in_turn_and_no_client_notices() -> Result<()> {
    println!("both: {}", run(Victim::Both, 30, 4)?);
    Ok(())
}

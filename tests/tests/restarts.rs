//! The server is restarted and killed under calling clients, in every way and in
//! any order: nothing is lost, nothing is doubled, no client sees an error or an
//! end, and the front that does it all does not grow.

use std::time::Duration;

use anyhow::{Result, ensure};
use task_orchestrator_tests::Workspace;
use task_orchestrator_tests::chaos::{self, Plan, Transport, Victim};
use task_orchestrator_tests::workspace::MANY_CRASHES;

fn run(victim: Victim, clients: usize, kills: u32) -> Result<()> {
    let plan = Plan {
        clients,
        transport: Transport::Stdio,
        window: 2,
        kills,
        replies: 0,
        victim,
        seed: 5,
        limit: Duration::from_secs(300),
    };
    Workspace::configured(MANY_CRASHES)?.check(|workspace| {
        let outcome = chaos::run(workspace, &plan)?;
        ensure!(outcome.is_clean(), "{outcome}");
        ensure!(outcome.kills == kills, "only {} disturbances: {outcome}", outcome.kills);
        Ok(())
    })
}

#[test]
fn whatever_is_done_to_the_server_no_client_notices() -> Result<()> {
    run(Victim::Mixed, 12, 60)
}

#[test]
fn a_front_that_restarts_its_worker_again_and_again_does_not_grow() -> Result<()> {
    run(Victim::Restart, 4, 45)
}

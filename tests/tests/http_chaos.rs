//! The history checker over HTTP: clients with sessions and without, and some over a
//! shim beside them, while the server is killed and restarted. Nothing is lost, nothing
//! is doubled; as long as the front lives, no client sees an error or an end, and when it
//! dies, whoever calls again with the same key is answered once.
#![expect(clippy::print_stdout, reason = "what a failing run needs to be told apart")]

use std::time::Duration;

use anyhow::{Result, ensure};
use task_orchestrator_tests::chaos::{self, Outcome, Plan, Transport, Victim};
use task_orchestrator_tests::{Workspace, program};

fn plan(transport: Transport, victim: Victim, kills: u32) -> Plan {
    let limit = Duration::from_secs(300);
    Plan { clients: 6, transport, window: 2, kills, replies: 0, victim, seed: 11, limit }
}

fn outcome(plan: &Plan, worker: &str) -> Result<Outcome> {
    let config = format!("{}{worker}", chaos::config(plan.transport)?);
    Workspace::configured(&config)?.check(|workspace| {
        let outcome = chaos::run(workspace, plan)?;
        println!("{:?} over {:?}: {outcome}", plan.victim, plan.transport);
        ensure!(outcome.kills == plan.kills, "only {} disturbances: {outcome}", outcome.kills);
        Ok(outcome)
    })
}

fn unnoticed(transport: Transport, victim: Victim, kills: u32) -> Result<()> {
    let outcome = outcome(&plan(transport, victim, kills), "")?;
    ensure!(outcome.is_clean(), "{outcome}");
    Ok(())
}

#[test]
fn workers_die_and_no_client_over_http_notices() -> Result<()> {
    let outcome = outcome(&plan(Transport::Http, Victim::Worker, 60), "")?;
    ensure!(outcome.is_clean(), "{outcome}");
    ensure!(outcome.status.replayed > 0, "no kill hit a request in flight: {:?}", outcome.status);
    Ok(())
}

#[test]
fn restarts_go_unnoticed_over_http_and_the_front_does_not_grow() -> Result<()> {
    unnoticed(Transport::Http, Victim::Restart, 40)
}

#[test]
fn emergencies_go_unnoticed_over_http() -> Result<()> {
    unnoticed(Transport::Http, Victim::Emergency, 15)
}

#[test]
fn fronts_die_and_who_calls_again_with_its_key_is_answered_once() -> Result<()> {
    unnoticed(Transport::Http, Victim::Front, 15)
}

#[test]
fn whatever_is_done_to_the_server_nothing_is_lost_however_clients_come() -> Result<()> {
    unnoticed(Transport::Mixed, Victim::Mixed, 30)
}

/// The checker sees over HTTP what it sees over stdio: a worker without an operation log
/// that dies between a commit and its answer doubles a plan.
#[test]
fn a_worker_that_doubles_is_caught_over_http() -> Result<()> {
    let planted = program::beside("planted_worker")?.display().to_string();
    let plan = Plan { replies: 1500, ..plan(Transport::Http, Victim::Worker, 0) };
    let outcome = outcome(&plan, &format!("[worker]\nbinary = {planted:?}\n"))?;
    ensure!(outcome.status.crashes >= 10, "it hardly died: {:?}", outcome.status);
    ensure!(!outcome.verdict.doubled.is_empty(), "the planted bug went unseen: {outcome}");
    Ok(())
}

//! Runs the history checker with any numbers and prints what it found.
//!
//! ```text
//! cargo run -p task-orchestrator-tests --bin chaos -- --clients 8 --kills 1000 --victim both
//! ```
#![expect(clippy::print_stdout, reason = "the finding is the program's output")]

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use task_orchestrator_tests::Workspace;
use task_orchestrator_tests::chaos::{self, Plan, Transport, Victim};

/// Kills processes under calling clients and looks for lost and doubled effects.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many clients.
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// How they come.
    #[arg(long, value_enum, default_value = "stdio")]
    transport: Transport,
    /// Calls that each client has in flight.
    #[arg(long, default_value_t = 2)]
    window: usize,
    /// How often to kill or restart.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Replies that there must have been before the run ends.
    #[arg(long, default_value_t = 0)]
    replies: u64,
    /// Whom to kill, or how to restart.
    #[arg(long, value_enum, default_value = "worker")]
    victim: Victim,
    /// Repeats the killer's choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Ends the run after so many seconds, however many kills are left.
    #[arg(long, default_value_t = 600)]
    duration_limit: u64,
}

fn main() -> Result<ExitCode> {
    let asked = Arguments::parse();
    let plan = Plan {
        clients: asked.clients,
        transport: asked.transport,
        window: asked.window,
        kills: asked.kills,
        replies: asked.replies,
        victim: asked.victim,
        seed: asked.seed,
        limit: Duration::from_secs(asked.duration_limit),
    };
    let workspace = Workspace::configured(&chaos::config(plan.transport)?)?;
    let outcome = chaos::run(&workspace, &plan);
    if !outcome.as_ref().is_ok_and(|outcome| outcome.is_clean()) {
        workspace.print_tails();
    }
    let outcome = outcome?;
    println!("chaos {:?} over {:?} seed {}: {outcome}", plan.victim, plan.transport, plan.seed);
    Ok(if outcome.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

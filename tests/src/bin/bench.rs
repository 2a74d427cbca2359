//! Prints the table of what the program reaches, with the goals and a control each.
//!
//! ```text
//! cargo run --release -p task-orchestrator-tests --bin bench            # as the goals are stated
//! cargo run --release -p task-orchestrator-tests --bin bench -- --quick # a minute
//! ```
#![expect(clippy::print_stdout, reason = "the table is the program's output")]

use anyhow::Result;
use clap::Parser;
use task_orchestrator_tests::bench::table::Table;
use task_orchestrator_tests::bench::{Scale, durable, memory, query, relay, start, status};

/// Measures the program against its goals.
#[derive(Debug, Parser)]
struct Arguments {
    /// Fewer repetitions and a smaller database.
    #[arg(long)]
    quick: bool,
}

fn main() -> Result<()> {
    let scale = if Arguments::parse().quick { Scale::QUICK } else { Scale::FULL };
    let mut table = Table::default();
    if cfg!(debug_assertions) {
        println!("An unoptimised build: these figures say nothing about the goals.\n");
    }
    start::measure(&scale, &mut table)?;
    status::measure(&scale, &mut table)?;
    query::measure(&scale, &mut table)?;
    durable::measure(&scale, &mut table)?;
    relay::measure(&scale, &mut table)?;
    memory::measure(&mut table)?;
    let (met, judged) = table.met();
    println!("{table}\n{met} of {judged} goals met");
    Ok(())
}

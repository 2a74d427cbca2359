//! Prints the table of what the program reaches, with the goals and a control each.
//!
//! ```text
//! cargo run --release -p task-orchestrator-tests --bin bench            # as the goals are stated
//! cargo run --release -p task-orchestrator-tests --bin bench -- --quick # some minutes
//! ```
#![expect(clippy::print_stdout, reason = "the table is the program's output")]

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use task_orchestrator_tests::bench::table::Table;
use task_orchestrator_tests::bench::{
    Scale, admin, audit, broken, cache, console, crash, durable, floor, handover, http, memory, query, relay,
    sdk_server, snapshot, start, status,
};

/// Measures the program against its goals.
#[derive(Debug, Parser)]
struct Arguments {
    /// Fewer repetitions and a smaller database.
    #[arg(long)]
    quick: bool,
    /// Only as much as shows that every part still runs.
    #[arg(long, conflicts_with = "quick")]
    smoke: bool,
    /// Be one of the processes that a control is measured with.
    #[arg(long, hide = true)]
    forward: bool,
    /// Be the control for calls over HTTP, in this workspace.
    #[arg(long, hide = true, value_name = "DIR")]
    sdk_server: Option<PathBuf>,
    /// Only these parts of the table; repeatable.
    #[arg(long, value_enum)]
    only: Vec<Part>,
}

/// A group of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Start,
    Status,
    Query,
    Durable,
    Relay,
    Memory,
    Handover,
    Growth,
    Crash,
    Broken,
    Snapshot,
    Audit,
    Admin,
    Console,
    Cache,
    Http,
}

impl Part {
    fn measure(self, scale: &Scale, table: &mut Table) -> Result<()> {
        match self {
            Self::Start => start::measure(scale, table),
            Self::Status => status::measure(scale, table),
            Self::Query => query::measure(scale, table),
            Self::Durable => durable::measure(scale, table),
            Self::Relay => relay::measure(scale, table),
            Self::Memory => memory::measure(table),
            Self::Handover => handover::measure(scale, table),
            Self::Growth => handover::growth(scale, table),
            Self::Crash => crash::measure(scale, table),
            Self::Broken => broken::measure(scale, table),
            Self::Snapshot => snapshot::measure(scale, table),
            Self::Audit => audit::measure(scale, table),
            Self::Admin => admin::measure(scale, table),
            Self::Console => console::measure(scale, table),
            Self::Cache => cache::measure(scale, table),
            Self::Http => http::measure(scale, table),
        }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.forward {
        return floor::forward();
    }
    if let Some(workspace) = &arguments.sdk_server {
        return sdk_server::serve(workspace);
    }
    let scale = match arguments {
        Arguments { smoke: true, .. } => Scale::SMOKE,
        Arguments { quick: true, .. } => Scale::QUICK,
        _ => Scale::FULL,
    };
    let mut table = Table::default();
    if cfg!(debug_assertions) {
        println!("An unoptimised build: these figures say nothing about the goals.\n");
    }
    for part in Part::value_variants() {
        if arguments.only.is_empty() || arguments.only.contains(part) {
            let begun = Instant::now();
            part.measure(&scale, &mut table).with_context(|| format!("{part:?}"))?;
            println!("measured {part:?} in {} s", begun.elapsed().as_secs());
        }
    }
    let (met, judged) = table.met();
    println!("\n{table}\n{met} of {judged} goals met");
    Ok(())
}

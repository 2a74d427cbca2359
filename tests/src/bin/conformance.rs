//! Runs the official conformance suites against a front over HTTP, with and without storms.
//!
//! ```text
//! tests/clients/install.sh
//! cargo run -p task-orchestrator-tests --bin conformance -- --suite 2025-11-25 --storm kill
//! ```
#![expect(clippy::print_stdout, reason = "the score is the program's output")]

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use task_orchestrator_tests::official::{self, Expected, Storm, Suite};

/// The failures with a written reason.
const EXPECTED: &str = include_str!("../../clients/conformance.expected");

/// What a request is answered with that was with two workers when they were killed: it is
/// not given to a third. A storm of kills hits one twice now and then, and that says
/// nothing about the protocol; so a suite that failed of nothing else is run again.
const QUARANTINED: &str = "the server ended twice while working on this request";
const RETRIES: u32 = 2;

/// Runs the official conformance suites; everything where nothing is named.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which suites.
    #[arg(long, value_enum)]
    suite: Vec<Suite>,
    /// What happens to the worker meanwhile.
    #[arg(long, value_enum)]
    storm: Vec<Storm>,
    /// Where tests/clients/install.sh has put them; beside the build where absent.
    #[arg(long)]
    clients: Option<PathBuf>,
    /// Also print what the suites only advise.
    #[arg(long)]
    warnings: bool,
}

fn main() -> Result<ExitCode> {
    let mut asked = Arguments::parse();
    if asked.suite.is_empty() {
        asked.suite = Suite::value_variants().to_vec();
    }
    if asked.storm.is_empty() {
        asked.storm = Storm::value_variants().to_vec();
    }
    let clients = match &asked.clients {
        Some(given) => given.clone(),
        None => beside_the_build()?,
    };
    let expected = Expected::parse(EXPECTED)?;
    let mut is_clean = true;
    for suite in &asked.suite {
        for storm in &asked.storm {
            let mut outcome = official::run(*suite, *storm, &clients, &expected)?;
            for _ in 0..RETRIES {
                if outcome.is_clean()
                    || !outcome.unexpected().iter().all(|failure| failure.contains(QUARANTINED))
                {
                    break;
                }
                println!("  once more: a request was hit twice, which is answered with that by design");
                outcome = official::run(*suite, *storm, &clients, &expected)?;
            }
            println!("conformance {outcome}");
            outcome.unexpected().iter().for_each(|failure| println!("  failed: {failure}"));
            if asked.warnings {
                outcome.warnings().for_each(|warning| println!("  advised: {warning}"));
            }
            is_clean &= outcome.is_clean();
        }
    }
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `target/clients`, seen from `target/<profile>/conformance`.
fn beside_the_build() -> Result<PathBuf> {
    let own = env::current_exe()?;
    let target = own.parent().and_then(|profile| profile.parent()).context("where this program is")?;
    Ok(target.join("clients"))
}

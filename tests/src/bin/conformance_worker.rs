//! A build of the worker that serves what the official conformance suites expect, in place
//! of the task tools. Everything else is the installed worker's.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use task_orchestrator::cli::{self, Cli};
use task_orchestrator::worker::program::Options;
use task_orchestrator_tests::conformance::Fixtures;

fn main() -> Result<ExitCode> {
    let arguments = Cli::try_parse()?;
    Ok(cli::run_worker(&arguments.global, Options::default(), Fixtures::default())?.into())
}

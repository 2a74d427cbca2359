//! The bug that the history checker must find: a worker that does not remember
//! what it has done, and that dies between a commit and its answer.
//!
//! Otherwise the same as `lossy_worker`, which no client notices.

use std::env;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use rustix::process::Signal;
use task_orchestrator::cli::Cli;
use task_orchestrator::logging::LogHandle;
use task_orchestrator::worker::program::{self, Options, Tools};
use task_orchestrator_tests::lossy;

/// Set for the process that runs the worker proper.
const FORGETFUL: &str = "PLANTED_WORKER_FORGETS";

fn main() -> Result<ExitCode> {
    if env::var_os(FORGETFUL).is_some() {
        return forget();
    }
    let mut worker = Command::new(env::current_exe()?);
    worker.args(env::args_os().skip(1)).env(FORGETFUL, "1");
    lossy::serve(worker)
}

/// The real worker in every respect but one.
fn forget() -> Result<ExitCode> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let cli = Cli::try_parse()?;
    let (workspace, _) = cli.global.find_workspace()?;
    let (config, ..) = cli.global.load_config(&workspace)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let options = Options { operation_log: false, ..Options::default() };
    runtime
        .block_on(program::run(&workspace, &config, options, Tools, LogHandle::default()))
        .context("the worker without its log")?;
    Ok(ExitCode::SUCCESS)
}

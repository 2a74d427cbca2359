//! The real worker with a habit of dying between a commit and its answer.
//! With the operation log in place no client notices; see `planted_worker` for
//! the same without it.

use std::env;
use std::process::{Command, ExitCode};

use anyhow::Result;
use task_orchestrator_tests::{lossy, program};

fn main() -> Result<ExitCode> {
    let mut worker = Command::new(program::path()?);
    worker.args(env::args_os().skip(1));
    lossy::serve(worker)
}

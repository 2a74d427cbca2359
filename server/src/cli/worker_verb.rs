//! `worker`: the part of the server that runs the tools. Started by a front.

use rustix::process::Signal;

use crate::cli::GlobalArgs;
use crate::config::Process;
use crate::exit::Exit;
use crate::worker::{LinkEnd, WorkerError, program};
use crate::{logging, process};

/// Serves the front that started this process.
///
/// # Errors
///
/// A workspace or configuration that cannot be used, or a link that broke.
pub(super) fn run(global: &GlobalArgs) -> anyhow::Result<Exit> {
    run_worker(global, program::Options::default(), program::Tools)
}

/// The same as a test build, which may serve something else.
///
/// # Errors
///
/// As the program's own.
pub fn run_worker<H: program::Handlers>(
    global: &GlobalArgs,
    options: program::Options,
    handlers: H,
) -> anyhow::Result<Exit> {
    // A worker without its front serves nobody, and must not write while the next one does.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let (mut workspace, surroundings) = global.find_workspace()?;
    workspace.create(&surroundings)?;
    let (config, ..) = global.load_config_for(Process::Worker, &workspace)?;
    let logging = logging::start(Process::Worker, &workspace, &config.log)?;
    // A panic in one request must not leave it unanswered for ever: the process
    // ends, and what is unanswered is replayed.
    process::end_on_panic();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(program::run(&workspace, &config, options, handlers, logging.handle()));
    runtime.shutdown_background();
    drop(logging);
    match outcome {
        Ok(LinkEnd::Stopped) => Ok(Exit::Done),
        Ok(LinkEnd::Lost) | Err(WorkerError::Temporary(_)) => Ok(Exit::Temporary),
        Err(WorkerError::Permanent(_)) => Ok(Exit::Configuration),
        Err(error @ (WorkerError::NoLink(_) | WorkerError::Link(_))) => Err(error.into()),
    }
}

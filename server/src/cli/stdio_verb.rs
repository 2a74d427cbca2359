//! `stdio`: the shim, with what it has to know.

use crate::cli::GlobalArgs;
use crate::config::Process;
use crate::exit::Exit;
use crate::{logging, shim};

/// Serves the client until it is gone.
///
/// # Errors
///
/// A workspace or configuration that cannot be used, or no server.
pub(super) fn run(global: &GlobalArgs) -> anyhow::Result<Exit> {
    let (mut workspace, surroundings) = global.find_workspace()?;
    let (config, _, warnings) = global.load_config_for(Process::Shim, &workspace)?;
    workspace.create(&surroundings)?;
    let _logging = logging::start(Process::Shim, &workspace, &config.log)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let mut arguments = vec!["serve".into(), "--detached".into()];
    arguments.extend(global.for_child(&workspace));
    let options = shim::Options {
        socket: workspace.client_socket(),
        start_lock: workspace.run().join("start.lock"),
        program: std::env::current_exe()?,
        arguments,
        max_message_bytes: usize::try_from(config.buffer.max_message_bytes.bytes())?,
        max_outstanding_bytes: usize::try_from(config.buffer.max_bytes.bytes())?,
    };
    shim::run(options)?;
    Ok(Exit::Done)
}

//! Finding the front, or starting one: one shim at a time, under a lock.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;

use task_orchestrator_shared::start::{Start, StartError};

use super::Options;

/// Connects to a front that runs.
pub(super) fn connect(options: &Options) -> io::Result<UnixStream> {
    UnixStream::connect(&options.socket)
}

/// Connects, starting a front where none runs.
pub(super) fn connect_or_start(options: &Options) -> Result<UnixStream, StartError> {
    if let Ok(stream) = connect(options) {
        return Ok(stream);
    }
    let lock =
        File::options().create(true).truncate(false).write(true).mode(0o600).open(&options.start_lock)?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).map_err(io::Error::from)?;
    // Whoever held the lock before may have started one.
    if let Ok(stream) = connect(options) {
        return Ok(stream);
    }
    // It leaves this group by itself once it is ready, and then its terminal too.
    let start =
        Start { program: options.program.clone(), arguments: options.arguments.clone(), own_group: false };
    start.run()?;
    Ok(connect(options)?)
}

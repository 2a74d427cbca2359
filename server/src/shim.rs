//! The shim: what an MCP client launches. Copies lines between standard input
//! and output and the front, and stays when the front does not.
//!
//! It keeps every message that the front has not said to be done with, so that
//! a new front can be sent them again. It reads no JSON, except to find the id
//! of a message that is too long to be passed on.
//!
//! Two threads with blocking calls, one for each direction: no runtime, because
//! the shim is what every client pays for in memory and in start-up time.

mod input;
mod lines;
mod link;
mod outstanding;
mod oversize;
mod start;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use thiserror::Error;

use crate::link::ClientId;
use link::{Ending, Link};

/// What the shim needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// The front's socket for clients.
    pub socket: PathBuf,
    /// Held while a front is started, so that two shims never start two.
    pub start_lock: PathBuf,
    /// The program to start as front.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<std::ffi::OsString>,
    /// Longest message that is passed on, in bytes.
    pub max_message_bytes: usize,
    /// Messages kept for the next front; when they are more, input waits.
    pub max_outstanding_bytes: usize,
}

/// Why a shim cannot begin.
#[derive(Debug, Error)]
pub enum ShimError {
    /// No front could be reached or started.
    #[error("cannot reach the server: {0}")]
    NoFront(String),
    /// The front does not take this shim.
    #[error("the server refused the connection: {0}")]
    Refused(String),
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// Serves the client on standard input and output until it closes its end or
/// its session is over.
///
/// # Errors
///
/// [`ShimError`] when no front can be had at the start. Later failures are
/// retried for as long as the client is there.
pub fn run(options: Options) -> Result<(), ShimError> {
    let link = Arc::new(Link::new(options, ClientId::random()));
    link.connect_first()?;
    let reading = Arc::clone(&link);
    // Ends with the process: nothing waits for it while it waits for the client.
    thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(move || input::copy(io::stdin().lock(), &reading))
        .map_err(ShimError::Thread)?;
    match link.copy_to(io::stdout()) {
        Ending::Closed => Ok(()),
        Ending::ClientGone(error) => {
            tracing::debug!(%error, "the client does not read any more");
            Ok(())
        }
        Ending::Stopped(reason) => {
            tracing::warn!(%reason, "the server ended this session");
            Ok(())
        }
        Ending::Refused(reason) => Err(ShimError::Refused(reason)),
    }
}

//! What two more processes on the way cost on this machine when they do nothing
//! but pass bytes on with blocking calls: the control for shim and front.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::timed;
use crate::measure::Sample;

/// The benchmark program's argument that makes it such a process.
const FORWARD: &str = "--forward";

const MESSAGE: [u8; 100] = [b'x'; 100];

/// What two forwarders add to the median of an exchange with an echo.
///
/// # Errors
///
/// When a process cannot be started.
pub fn two_forwarders(exchanges: usize) -> Result<Duration> {
    let (without, with) = (exchange(0, exchanges)?, exchange(2, exchanges)?);
    Ok(with.percentile(50).saturating_sub(without.percentile(50)))
}

fn exchange(forwarders: usize, exchanges: usize) -> Result<Sample> {
    let (mut ours, mut end) = UnixStream::pair()?;
    let mut children = Vec::new();
    for _ in 0..forwarders {
        let (near, far) = UnixStream::pair()?;
        children.push(forwarder(end, near)?);
        end = far;
    }
    // The last one gets both ends of the same stream: what it reads it writes back.
    let back = end.try_clone()?;
    children.push(forwarder(end, back)?);
    let mut answer = MESSAGE;
    let sample = timed(exchanges, |_| {
        ours.write_all(&MESSAGE)?;
        ours.read_exact(&mut answer)?;
        Ok(())
    });
    drop(ours);
    for mut child in children {
        child.wait()?;
    }
    sample
}

fn forwarder(left: UnixStream, right: UnixStream) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(FORWARD).stdin(Stdio::from(OwnedFd::from(left))).stdout(Stdio::from(OwnedFd::from(right)));
    Ok(command.spawn()?)
}

/// Passes on what comes, in both directions, until one side is closed.
///
/// # Errors
///
/// When the two streams are not there.
pub fn forward() -> Result<()> {
    let left = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let right = UnixStream::from(io::stdout().as_fd().try_clone_to_owned()?);
    let (left_back, right_back) = (left.try_clone()?, right.try_clone()?);
    // Ends with the process, when the way there has ended.
    thread::spawn(move || copy(right_back, left_back));
    copy(left, right);
    Ok(())
}

fn copy(mut from: UnixStream, mut to: UnixStream) {
    let mut chunk = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        if to.write_all(chunk.get(..length).unwrap_or_default()).is_err() {
            return;
        }
    }
}

//! Stopping as a job of a shell. Where there is no shell that could have it go on,
//! it does not stop.

use rustix::process::{Signal, getpgid, getpgrp, getpid, getppid, getsid, kill_process};

/// Whether somebody can have this process go on: its parent is of the same session,
/// and is a shell that controls jobs, or was itself started by somebody there.
pub fn can_stop() -> bool {
    let Some(parent) = getppid() else { return false };
    let (Ok(own), Ok(its)) = (getsid(None), getsid(Some(parent))) else { return false };
    let controls_jobs = getpgid(Some(parent)).is_ok_and(|group| group != getpgrp());
    own == its && (controls_jobs || parent != own)
}

/// Stops this process. It may run a little further before it stops: nothing may be
/// done to the terminal before it was told to go on.
pub fn stop() {
    // Nobody can be refused this of himself.
    let _ = kill_process(getpid(), Signal::STOP);
}

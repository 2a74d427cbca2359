//! Which long calls run, and whether they are asked to stop. The flag is looked
//! at between two pages of a call; nothing is interrupted within one.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The long calls of one worker.
#[derive(Debug, Default)]
pub struct Jobs {
    running: AtomicU64,
    stopping: AtomicBool,
}

/// A call that runs; it is counted while this exists.
pub struct Running<'a>(&'a Jobs);

impl Jobs {
    /// A long call begins.
    pub fn begin(&self) -> Running<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(self)
    }

    /// How many run.
    pub fn running(&self) -> u64 {
        self.running.load(Ordering::Relaxed)
    }

    /// Asks all that run, and all that begin from here on, to stop at their next
    /// checkpoint. Returns how many run.
    pub fn suspend(&self) -> u64 {
        self.stopping.store(true, Ordering::Relaxed);
        self.running()
    }

    /// From here on calls run to their end again.
    pub fn resume(&self) {
        self.stopping.store(false, Ordering::Relaxed);
    }

    /// Whether calls are asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

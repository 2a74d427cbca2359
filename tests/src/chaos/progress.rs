//! How far the callers are: what the killer waits for instead of waiting for a time.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Replies of one caller after which what it had in flight at a kill is answered.
const SURE: u64 = 2;

/// Failures that are kept: the first ones say why.
const FAILURES: usize = 5;

#[derive(Debug)]
struct State {
    replies: Vec<u64>,
    stopped: bool,
    failures: Vec<String>,
}

/// Counts replies by caller and wakes whoever waits for more of them.
#[derive(Debug)]
pub(super) struct Progress {
    state: Mutex<State>,
    changed: Condvar,
}

impl Progress {
    pub(super) fn new(callers: usize) -> Self {
        let state = State { replies: vec![0; callers], stopped: false, failures: Vec::new() };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// One more reply for this caller.
    pub(super) fn replied(&self, caller: usize) {
        if let Some(count) = self.lock().replies.get_mut(caller) {
            *count += 1;
        }
        self.changed.notify_all();
    }

    /// A call came to nothing, for this reason. Only the first few are kept.
    pub(super) fn failed(&self, why: String) {
        let mut state = self.lock();
        if state.failures.len() < FAILURES {
            state.failures.push(why);
        }
    }

    pub(super) fn failures(&self) -> Vec<String> {
        self.lock().failures.clone()
    }

    /// Tells callers to finish what they began.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
    }

    pub(super) fn stopped(&self) -> bool {
        self.lock().stopped
    }

    pub(super) fn counts(&self) -> Vec<u64> {
        self.lock().replies.clone()
    }

    /// Waits until every caller has had two replies more than in `before` and all
    /// together `more`. `false` when the deadline passes first.
    ///
    /// Two, because the first may have been on its way already when `before` was
    /// taken, and the request after it sent to whom was about to die. Every caller, so that no request is in flight in two kills running: one
    /// that is would rightly be taken for the cause of the crash.
    pub(super) fn wait(&self, before: &[u64], more: u64, deadline: Instant) -> bool {
        let mut state = self.lock();
        loop {
            let gains = || state.replies.iter().zip(before).map(|(now, then)| now - then);
            if gains().all(|gain| gain >= SURE) && gains().sum::<u64>() >= more {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let left = left.min(Duration::from_secs(1));
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_of_one_caller_is_not_progress_of_all() {
        let progress = Progress::new(2);
        let before = progress.counts();
        progress.replied(0);
        progress.replied(0);
        let soon = Instant::now() + Duration::from_millis(5);
        assert!(!progress.wait(&before, 2, soon));
        progress.replied(1);
        assert!(!progress.wait(&before, 2, Instant::now()));
        progress.replied(1);
        assert!(progress.wait(&before, 2, Instant::now() + Duration::from_secs(5)));
        assert!(!progress.wait(&before, 5, Instant::now()));
    }
}

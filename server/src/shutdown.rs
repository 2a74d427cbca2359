//! Graceful shutdown: stop accepting, let requests finish, clean up in order.
//!
//! Any part can ask for it, be counted in it and register a clean-up. It must
//! never end the process itself: the caller learns the outcome, flushes the logs
//! and returns from main.

mod cleanup;
mod sequence;
mod signals;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use serde::Serialize;
use thiserror::Error;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::config::{self, Signal};
use cleanup::Cleanup;
pub use signals::SignalWatch;

/// Most clean-ups that can be registered. They belong to parts of the program,
/// not to requests, so reaching this is a leak.
pub const MAX_CLEANUPS: usize = 1000;

/// Why a shutdown began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A signal came.
    Signal(Signal),
    /// A part of the program asked, in its own words.
    Requested(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(signal) => formatter.write_str(signal.name()),
            Self::Requested(reason) => formatter.write_str(reason),
        }
    }
}

/// How a shutdown ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every request finished.
    Graceful,
    /// Not everything could finish: the caller should exit without waiting for
    /// tasks that are left.
    Forced(ForcedBy),
}

/// What cut a shutdown short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForcedBy {
    /// Requests were still running at the end of their time and were given up.
    /// The clean-ups have run.
    RequestTimeout,
    /// A second signal, or [`Shutdown::force`]. Clean-ups may not have run.
    Demand,
}

/// Figures about a shutdown, for status displays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// Whether it has begun.
    pub shutdown_initiated: bool,
    /// Requests running now.
    pub active_requests: usize,
    /// Clean-ups registered so far, whether they have run or not.
    pub cleanup_tasks_registered: usize,
    /// Since the beginning; fixed at the end.
    pub shutdown_duration: Option<Duration>,
}

/// What remains to be said when everything is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// Why it began.
    pub reason: Reason,
    /// Names of the clean-ups that failed or took too long, in order.
    pub failed_cleanups: Vec<String>,
    /// The figures at the end.
    pub statistics: Statistics,
}

/// The answer to work that comes after the beginning of the shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the server is shutting down and accepts no new requests")]
pub struct ShuttingDown;

/// Counts a request as running until it is dropped.
#[derive(Debug)]
#[must_use = "a request counts as running only while this is held"]
pub struct RequestGuard(#[expect(dead_code, reason = "held for its drop")] TaskTrackerToken);

/// One per process; clones are handles to the same shutdown.
#[derive(Debug, Clone)]
pub struct Shutdown {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: config::Shutdown,
    begun: CancellationToken,
    forced: CancellationToken,
    requests: TaskTracker,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    reason: Option<Reason>,
    cleanups: std::collections::VecDeque<Cleanup>,
    registered: usize,
    begun_at: Option<Instant>,
    ended_at: Option<Instant>,
}

impl Shutdown {
    /// With the times and signals of the configuration.
    pub fn new(settings: config::Shutdown) -> Self {
        let inner = Inner {
            settings,
            begun: CancellationToken::new(),
            forced: CancellationToken::new(),
            requests: TaskTracker::new(),
            state: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Starts to listen for the configured signals; from here on they no longer
    /// end the process by themselves.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn watch_signals(&self) -> io::Result<SignalWatch> {
        SignalWatch::install(&self.inner.settings.signals.0)
    }

    /// Cancelled when the shutdown begins: whoever accepts work stops.
    pub fn token(&self) -> CancellationToken {
        self.inner.begun.clone()
    }

    /// Cancelled when nothing is waited for any longer.
    pub fn forced(&self) -> CancellationToken {
        self.inner.forced.clone()
    }

    /// Counts a request that the shutdown waits for.
    ///
    /// # Errors
    /// [`ShuttingDown`] once it has begun.
    pub fn track(&self) -> Result<RequestGuard, ShuttingDown> {
        // Counted first: looking first would let a request slip in between the
        // look and the count, and run unseen.
        let guard = RequestGuard(self.inner.requests.token());
        if self.inner.begun.is_cancelled() { Err(ShuttingDown) } else { Ok(guard) }
    }

    /// Registers a clean-up. They run one after the other in the order of
    /// registration, those registered during the clean-up last. It runs as a task
    /// and is aborted at its time limit.
    pub fn register<F, T, E>(&self, name: impl Into<String>, task: F)
    where
        F: FnOnce() -> T + Send + 'static,
        T: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        self.add(Cleanup::future(name.into(), task));
    }

    /// As [`Shutdown::register`], for work that blocks. It gets a thread of its
    /// own, which cannot be stopped: past its time it is left behind, so the
    /// caller ends its runtime with `shutdown_background` or a timeout.
    pub fn register_blocking<F, E>(&self, name: impl Into<String>, task: F)
    where
        F: FnOnce() -> Result<(), E> + Send + 'static,
        E: fmt::Display,
    {
        self.add(Cleanup::blocking(name.into(), task));
    }

    /// Begins the shutdown. Only the first reason counts; returns whether this was it.
    pub fn initiate(&self, reason: Reason) -> bool {
        let mut state = self.state();
        if state.reason.is_some() {
            return false;
        }
        tracing::info!(%reason, "shutdown begins");
        state.reason = Some(reason);
        state.begun_at = Some(Instant::now());
        drop(state);
        self.inner.begun.cancel();
        true
    }

    /// Waits for nothing any longer, as a second signal does.
    pub fn force(&self, reason: Reason) {
        self.initiate(reason);
        self.inner.forced.cancel();
    }

    /// The figures as they are now.
    pub fn statistics(&self) -> Statistics {
        let state = self.state();
        let end = state.ended_at.unwrap_or_else(Instant::now);
        Statistics {
            shutdown_initiated: state.reason.is_some(),
            active_requests: self.inner.requests.len(),
            cleanup_tasks_registered: state.registered,
            shutdown_duration: state.begun_at.map(|begun| end.saturating_duration_since(begun)),
        }
    }

    fn add(&self, cleanup: Cleanup) {
        let mut state = self.state();
        if state.cleanups.len() >= MAX_CLEANUPS {
            tracing::error!(
                cleanup = cleanup.name(),
                limit = MAX_CLEANUPS,
                "too many clean-ups; this one is refused"
            );
            return;
        }
        state.registered += 1;
        state.cleanups.push_back(cleanup);
    }

    /// Nothing that could panic runs under this lock, so a poisoned one is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

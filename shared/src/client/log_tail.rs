//! Lines of the log on their way from the connection to whoever follows them.
//!
//! Bounded: at most [`MAX_LINES`] wait. When there are more, the oldest go, and the
//! reader is told how many. The connection never waits here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::admin::log::{LogLine, LogLines};

/// Most lines that wait for their reader.
pub const MAX_LINES: usize = 1000;

/// The reader's end. Dropped, the server is told that nobody reads any more.
#[derive(Debug)]
pub struct LogTail(Arc<Queue>);

/// The connection's end. Dropped, the reader gets what waits, and then the end.
#[derive(Debug)]
pub(super) struct LogFeed(Arc<Queue>);

#[derive(Debug)]
struct Queue {
    state: Mutex<State>,
    /// Wakes the reader.
    filled: Notify,
    /// Wakes the connection: the reader is gone.
    left: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<LogLine>,
    missed: u64,
    is_closed: bool,
    is_abandoned: bool,
}

/// Both ends; `left` wakes the connection when the reader goes.
pub(super) fn channel(left: Arc<Notify>) -> (LogFeed, LogTail) {
    let queue = Arc::new(Queue { state: Mutex::default(), filled: Notify::new(), left });
    (LogFeed(Arc::clone(&queue)), LogTail(queue))
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogFeed {
    /// Lines came.
    pub(super) fn lines(&self, more: LogLines) {
        let mut state = self.0.state();
        state.missed = state.missed.saturating_add(more.missed);
        for line in more.lines {
            if state.lines.len() == MAX_LINES {
                state.lines.pop_front();
                state.missed = state.missed.saturating_add(1);
            }
            state.lines.push_back(line);
        }
        drop(state);
        self.0.filled.notify_one();
    }

    /// Whether nobody reads any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.0.state().is_abandoned
    }
}

impl Drop for LogFeed {
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.filled.notify_one();
    }
}

impl LogTail {
    /// All lines that came since the last time, oldest first; `None` when the connection
    /// has ended and none are left. Can be dropped at any time without losing anything.
    pub async fn next(&mut self) -> Option<LogLines> {
        loop {
            {
                let mut state = self.0.state();
                if !state.lines.is_empty() || state.missed > 0 {
                    let missed = std::mem::take(&mut state.missed);
                    return Some(LogLines { lines: state.lines.drain(..).collect(), missed });
                }
                if state.is_closed {
                    return None;
                }
            }
            self.0.filled.notified().await;
        }
    }
}

impl Drop for LogTail {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_abandoned = true;
        state.lines.clear();
        drop(state);
        self.0.left.notify_one();
    }
}

//! Figures over time for sparklines: one value for each second, the newest last.
//! Bounded: [`SECONDS`] of each; the oldest go.

use std::collections::VecDeque;

use task_orchestrator_shared::admin::view::View;

use super::Now;

/// How far back figures are kept.
pub const SECONDS: usize = 240;

/// The figures of one second; absent where nobody has measured them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Second {
    /// Requests of clients.
    pub requests: Option<f64>,
    /// Milliseconds to the answer of half of them.
    pub p50_ms: Option<f64>,
    /// Milliseconds to the answer of 99 % of them.
    pub p99_ms: Option<f64>,
    /// Requests that wait for a worker: the most at any time.
    pub buffered: Option<u64>,
    /// Resident memory of front and worker, in bytes.
    pub memory: Option<u64>,
}

/// Figures over time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    seconds: VecDeque<Second>,
    /// The second, since the console started, of the newest.
    newest: u64,
}

impl Series {
    /// The seconds, oldest first.
    pub fn seconds(&self) -> impl DoubleEndedIterator<Item = &Second> + ExactSizeIterator {
        self.seconds.iter()
    }

    /// Takes in how things are. What was not told of a second in between is as it was
    /// before for a gauge, and nothing for a rate.
    pub fn take(&mut self, view: &View, now: Now) {
        self.advance(now);
        let traffic = &view.traffic;
        let memory = view.workers.iter().filter_map(|worker| worker.rss_bytes).sum::<u64>();
        let memory = traffic.front_rss_bytes.map(|front| front + memory);
        let waiting = view.buffers.as_ref().map(|buffers| buffers.total_buffered_requests);
        let Some(second) = self.seconds.back_mut() else { return };
        second.requests = Some(traffic.requests_per_second);
        second.p50_ms = traffic.p50_ms;
        second.p99_ms = traffic.p99_ms;
        second.buffered = second.buffered.max(waiting);
        second.memory = memory.or(second.memory);
    }

    /// Goes on to this second. While there is no connection nothing is known.
    pub fn advance(&mut self, now: Now) {
        let second = now.running.as_secs();
        if self.seconds.is_empty() {
            self.newest = second;
            self.seconds.push_back(Second::default());
        }
        let missing = usize::try_from(second.saturating_sub(self.newest)).unwrap_or(usize::MAX).min(SECONDS);
        let last = self.seconds.back().copied().unwrap_or_default();
        for _ in 0..missing {
            self.seconds.push_back(Second { requests: Some(0.0), p50_ms: None, p99_ms: None, ..last });
        }
        self.newest = self.newest.max(second);
        let over = self.seconds.len().saturating_sub(SECONDS);
        self.seconds.drain(..over);
    }

    /// Nothing is known of the time without a connection.
    pub fn forget(&mut self) {
        self.seconds.clear();
    }
}

impl Series {
    /// Whether going on by a second changes how it looks: not once every second that
    /// is kept is the same.
    pub fn moves(&self) -> bool {
        let Some(newest) = self.seconds.back() else { return false };
        let quiet = Second { requests: Some(0.0), p50_ms: None, p99_ms: None, ..*newest };
        self.seconds.len() < SECONDS && *newest != quiet || self.seconds.iter().any(|second| *second != quiet)
    }
}

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
    /// How often sessions were established again, since the server started.
    pub reconnections: Option<u64>,
}

impl Second {
    /// The second behind it, of which nothing was told.
    fn followed(self) -> Self {
        Self { requests: Some(0.0), p50_ms: None, p99_ms: None, ..self }
    }
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

    /// The second, since the console started, of the newest.
    pub fn newest(&self) -> u64 {
        self.newest
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
        second.reconnections = Some(view.server.reconnections);
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
            self.seconds.push_back(last.followed());
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
        let quiet = newest.followed();
        self.seconds.len() < SECONDS && *newest != quiet || self.seconds.iter().any(|second| *second != quiet)
    }

    /// Whether the newest figures are those of a second in which nothing was asked: the
    /// next one is alike.
    pub fn stands_still(&self) -> bool {
        self.seconds.back().is_some_and(|newest| *newest == newest.followed())
    }

    /// How often sessions were established again in the time that is kept, and how many
    /// seconds that is; nothing while less than [`LEAST_SPAN`] is kept.
    pub fn reconnections(&self) -> Option<(u64, u64)> {
        let span = self.seconds.len().checked_sub(1).filter(|span| *span >= LEAST_SPAN)? as u64;
        let known: Vec<u64> = self.seconds.iter().filter_map(|second| second.reconnections).collect();
        // Another server counts from nothing.
        let came = known.iter().zip(known.iter().skip(1)).map(|(one, next)| next.checked_sub(*one));
        Some((came.flatten().sum(), span))
    }
}

/// Seconds from which on a rate is told.
pub const LEAST_SPAN: usize = 10;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(second: u64) -> Now {
        Now { running: Duration::from_secs(second), ..Now::default() }
    }

    fn view(reconnections: u64, requests: f64) -> View {
        let mut view = View::default();
        view.server.reconnections = reconnections;
        view.traffic.requests_per_second = requests;
        view
    }

    #[test]
    fn reconnections_are_told_from_ten_seconds_on_and_survive_another_server() {
        let mut series = Series::default();
        series.take(&view(20, 0.0), at(100));
        assert_eq!(series.reconnections(), None);
        series.take(&view(23, 0.0), at(105));
        assert_eq!(series.reconnections(), None);
        series.take(&view(1, 0.0), at(110));
        series.take(&view(2, 0.0), at(112));
        assert_eq!(series.reconnections(), Some((4, 12)));
        series.advance(at(112 + SECONDS as u64));
        assert_eq!(series.reconnections(), Some((0, SECONDS as u64 - 1)));
    }

    #[test]
    fn it_moves_until_every_second_is_the_same() {
        let mut series = Series::default();
        series.take(&view(0, 7.0), at(100));
        assert!(series.moves());
        series.advance(at(101));
        assert!(series.moves());
        series.advance(at(101 + SECONDS as u64));
        assert!(!series.moves());
        assert_eq!(series.seconds().len(), SECONDS);
    }
}

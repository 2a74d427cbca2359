//! What goes through: counted always, timed while somebody watches.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// Longest time to an answer that is told apart, in microseconds: an hour.
const LONGEST: u64 = 3_600_000_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Traffic {
    pub(super) requests: u64,
    pub(super) answers: u64,
    times: Option<Histogram<u32>>,
    /// When, and after how many requests, the rate was last taken.
    rated: (Instant, u64),
    rate: f64,
}

impl Traffic {
    pub(super) fn new(now: Instant) -> Self {
        Self { requests: 0, answers: 0, times: None, rated: (now, 0), rate: 0.0 }
    }

    /// Somebody watches from here on, or nobody any more.
    pub(super) fn watched(&mut self, is_watched: bool, now: Instant) {
        // Two digits of every time: what is shown has no more.
        self.times = if is_watched { Histogram::new_with_bounds(1, LONGEST, 2).ok() } else { None };
        (self.rated, self.rate) = ((now, self.requests), 0.0);
    }

    pub(super) fn answered(&mut self, time: Duration) {
        self.answers += 1;
        if let Some(times) = &mut self.times {
            let time = u64::try_from(time.as_micros()).unwrap_or(LONGEST);
            times.saturating_record(time.max(1));
        }
    }

    /// Requests in a second, taken anew once a second.
    pub(super) fn rate(&mut self, now: Instant) -> f64 {
        let (at, requests) = self.rated;
        let elapsed = now.saturating_duration_since(at).as_secs_f64();
        if elapsed >= 1.0 {
            self.rate = (self.requests - requests) as f64 / elapsed;
            self.rated = (now, self.requests);
        }
        (self.rate * 10.0).round() / 10.0
    }

    /// Milliseconds within which half, and 99 % of the answers came since the last
    /// question; none when there were none.
    pub(super) fn times(&mut self) -> (Option<f64>, Option<f64>) {
        let Some(times) = self.times.as_mut().filter(|times| !times.is_empty()) else { return (None, None) };
        let at = |part| Some(times.value_at_quantile(part) as f64 / 1000.0);
        let found = (at(0.5), at(0.99));
        times.reset();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_times_are_those_of_the_last_interval() {
        let begun = Instant::now();
        let mut traffic = Traffic::new(begun);
        traffic.answered(Duration::from_secs(9));
        assert_eq!(traffic.times(), (None, None), "nobody watched");
        traffic.watched(true, begun);
        for time in 1..=100 {
            traffic.requests += 1;
            traffic.answered(Duration::from_millis(time));
        }
        let (half, most) = traffic.times();
        assert!(half.is_some_and(|half| (49.0..52.0).contains(&half)), "{half:?}");
        assert!(most.is_some_and(|most| (98.0..101.0).contains(&most)), "{most:?}");
        assert_eq!(traffic.times(), (None, None));
        assert_eq!(traffic.rate(begun + Duration::from_millis(500)), 0.0);
        assert_eq!(traffic.rate(begun + Duration::from_secs(2)), 50.0);
        assert_eq!(traffic.rate(begun + Duration::from_millis(2100)), 50.0);
        assert_eq!(traffic.rate(begun + Duration::from_secs(3)), 0.0);
    }
}

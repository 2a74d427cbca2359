//! When crashes are too many. Remembers only as many as it takes to know.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_secs(10 * 60);

/// The times of the last crashes.
#[derive(Debug, Clone, Default)]
pub struct CrashLog {
    times: VecDeque<Instant>,
    total: u64,
}

impl CrashLog {
    /// One more. Returns why that is too many, if it is.
    pub fn add(&mut self, now: Instant, in_short: u32, in_long: u32) -> Option<String> {
        self.total += 1;
        self.times.push_back(now);
        // One more than the limit is enough to know that it is passed.
        while self.times.len() > in_long.max(in_short) as usize + 1 {
            self.times.pop_front();
        }
        let within = |span| self.times.iter().filter(|time| now.duration_since(**time) <= span).count();
        if within(SHORT) > in_short as usize {
            return Some(format!("more than {in_short} crashes in {} s", SHORT.as_secs()));
        }
        (within(LONG) > in_long as usize)
            .then(|| format!("more than {in_long} crashes in {} min", LONG.as_secs() / 60))
    }

    /// What was is forgotten, except how many there were.
    pub fn clear(&mut self) {
        self.times.clear();
    }

    /// All there ever were.
    pub fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_is_more_than_the_limit_within_the_time() {
        let start = Instant::now();
        let mut log = CrashLog::default();
        for second in [0, 3, 6] {
            assert_eq!(log.add(start + Duration::from_secs(second), 3, 10), None);
        }
        assert!(log.add(start + Duration::from_secs(9), 3, 10).is_some());
        log.clear();
        for minute in 0..10 {
            assert_eq!(log.add(start + Duration::from_secs(60 * minute), 3, 10), None, "{minute}");
        }
        assert!(log.add(start + Duration::from_secs(599), 3, 10).is_some());
        assert_eq!(log.total(), 15);
    }
}

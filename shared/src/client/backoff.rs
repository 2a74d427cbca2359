//! Waiting times that depend on how often something failed.

use std::time::Duration;

/// Delays that double from `first` up to `cap`, each shortened at random by up
/// to a quarter, so that many who wait do not come back at once.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
    failures: u32,
}

impl Backoff {
    /// No failure yet: the next delay is `first`.
    pub fn new(first: Duration, cap: Duration) -> Self {
        Self { first, cap, failures: 0 }
    }

    /// The delay after one more failure.
    pub fn next_delay(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        // A random UUID is the randomness that the program has anyway; a quarter of a byte's range is enough.
        let jitter = u32::from(uuid::Uuid::new_v4().as_bytes().first().copied().unwrap_or(0));
        let delay = doubled.min(self.cap);
        delay.saturating_sub(delay.saturating_mul(jitter) / 1024)
    }

    /// Something worked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap_and_start_again_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
        let mut ceiling = 100;
        for _ in 0..40 {
            let delay = backoff.next_delay().as_millis();
            assert!(delay <= ceiling && delay >= ceiling * 3 / 4, "{delay} for {ceiling}");
            ceiling = (ceiling * 2).min(30_000);
        }
        backoff.reset();
        assert!(backoff.next_delay() <= Duration::from_millis(100));
    }
}

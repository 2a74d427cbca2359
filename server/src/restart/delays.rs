//! How long to wait before the next attempt: doubling, up to a cap, each
//! shortened by up to a quarter. The jitter comes from a seed, so that the same
//! history gives the same delays.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const CAP: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug, Clone)]
pub struct Delays {
    failures: u32,
    seed: u64,
}

impl Delays {
    /// Nothing has failed yet.
    pub fn new(seed: u64) -> Self {
        Self { failures: 0, seed: seed | 1 }
    }

    /// The delay after one more failure; the first time there is none, for it worked until then.
    pub fn after_failure(&mut self) -> Duration {
        let doublings = self.failures;
        self.failures = self.failures.saturating_add(1);
        if doublings == 0 {
            return Duration::ZERO;
        }
        // xorshift64: any mixing of bits will do.
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        let jitter = u32::try_from(self.seed % 256).unwrap_or(0);
        let doubled = FIRST.saturating_mul(1u32.checked_shl(doublings - 1).unwrap_or(u32::MAX)).min(CAP);
        doubled - doubled.saturating_mul(jitter) / 1024
    }

    /// Something worked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures since something worked.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_at_once_then_they_double_up_to_the_cap() {
        let mut delays = Delays::new(7);
        assert_eq!(delays.after_failure(), Duration::ZERO);
        let mut ceiling = 100;
        for _ in 0..40 {
            let delay = delays.after_failure().as_millis();
            assert!(delay <= ceiling && delay >= ceiling * 3 / 4, "{delay} for {ceiling}");
            ceiling = (ceiling * 2).min(30_000);
        }
        delays.reset();
        assert_eq!(delays.after_failure(), Duration::ZERO);
    }
}

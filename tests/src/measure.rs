//! Medians and percentiles of a run.

use std::time::Duration;

/// A sorted sample.
#[derive(Debug, Clone, Default)]
pub struct Sample(Vec<Duration>);

impl Sample {
    /// Sorts what was measured.
    pub fn of(mut values: Vec<Duration>) -> Self {
        values.sort_unstable();
        Self(values)
    }

    /// Several samples of the same as one.
    pub fn joined(parts: Vec<Self>) -> Self {
        Self::of(parts.into_iter().flat_map(|part| part.0).collect())
    }

    /// The value that this share of the sample does not exceed; zero for an empty one.
    pub fn percentile(&self, percent: u8) -> Duration {
        let last = self.0.len().saturating_sub(1);
        let position = last * usize::from(percent.min(100)) / 100;
        self.0.get(position).copied().unwrap_or_default()
    }

    /// The middle.
    pub fn median(&self) -> Duration {
        self.percentile(50)
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        self.percentile(100)
    }

    /// How many values there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Milliseconds with the digits that matter.
pub fn milliseconds(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_a_known_sample() {
        let sample = Sample::of((0..=100).rev().map(Duration::from_millis).collect());
        assert_eq!(sample.median(), Duration::from_millis(50));
        assert_eq!(sample.percentile(99), Duration::from_millis(99));
        assert_eq!(sample.longest(), Duration::from_millis(100));
        assert_eq!(Sample::default().median(), Duration::ZERO);
    }
}

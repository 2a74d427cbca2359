//! The moment at which something is looked at. The model has no clock of its own.

use std::time::Duration;

use jiff::Timestamp;

/// A moment, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since the console started; never goes back.
    pub running: Duration,
    /// The wall clock.
    pub wall: Timestamp,
}

impl Default for Now {
    fn default() -> Self {
        Self { running: Duration::ZERO, wall: Timestamp::UNIX_EPOCH }
    }
}

impl Now {
    /// How long ago that was; nothing for what is to come.
    pub fn since(self, earlier: Self) -> Duration {
        self.running.saturating_sub(earlier.running)
    }

    /// How long until then; nothing for what is over.
    pub fn until(self, later: Duration) -> Duration {
        later.saturating_sub(self.running)
    }
}

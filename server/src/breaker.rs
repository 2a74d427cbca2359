//! A circuit breaker: after some failures in a row, what fails is left alone for a
//! while instead of being tried again and again, and then tried once. Pure: it is
//! told the time and what came of each call, and must never make a call itself.

use std::time::{Duration, Instant};

use task_orchestrator_shared::report::{BreakerCheck, BreakerState};

/// Failures in a row after which no call is made.
pub const FAILURES: u32 = 5;

/// How long no call is made then, and how long a trial keeps others waiting.
pub const PAUSE: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Breaker(State);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Calls are made; so many have failed in a row.
    Closed { failures: u32 },
    /// None is made before this moment.
    Open { until: Instant },
    /// One is being made to find out. Should nothing come of it, the next is due then.
    Trying { until: Instant },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Whether a call may be made now. One that may must be followed by [`Self::succeeded`],
    /// [`Self::failed`] or [`Self::given_up`].
    ///
    /// # Errors
    ///
    /// How long it takes until one may be made.
    pub fn ask(&mut self, now: Instant) -> Result<(), Duration> {
        match self.0 {
            State::Closed { .. } => Ok(()),
            State::Open { until } | State::Trying { until } if now < until => Err(until - now),
            State::Open { .. } | State::Trying { .. } => {
                self.0 = State::Trying { until: now + PAUSE };
                Ok(())
            }
        }
    }

    /// What was called has answered, whatever it has said.
    pub fn succeeded(&mut self) {
        self.0 = State::default();
    }

    /// What was called has not answered.
    pub fn failed(&mut self, now: Instant) {
        self.0 = match self.0 {
            State::Closed { failures } if failures + 1 < FAILURES => State::Closed { failures: failures + 1 },
            // A call from before the pause tells nothing new: it does not prolong it.
            State::Open { until } => State::Open { until },
            State::Closed { .. } | State::Trying { .. } => State::Open { until: now + PAUSE },
        };
    }

    /// Nobody waits for the call any more, so nothing was learned: the next one may be
    /// made at once.
    pub fn given_up(&mut self, now: Instant) {
        if let State::Trying { .. } = self.0 {
            self.0 = State::Open { until: now };
        }
    }

    /// For people and metrics.
    pub fn check(&self, now: Instant) -> BreakerCheck {
        let (state, failures, wait) = match self.0 {
            State::Closed { failures } => (BreakerState::Closed, failures, Duration::ZERO),
            // The pause is over: the next call is the trial.
            State::Open { until } if until <= now => (BreakerState::HalfOpen, FAILURES, Duration::ZERO),
            State::Open { until } => (BreakerState::Open, FAILURES, until - now),
            State::Trying { .. } => (BreakerState::HalfOpen, FAILURES, Duration::ZERO),
        };
        BreakerCheck { state, failures, retry_after_seconds: wait.as_secs_f64() }
    }
}

#[cfg(test)]
mod tests;

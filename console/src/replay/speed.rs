//! How fast a recording is replayed.

use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// Fastest speed that is a number.
const FASTEST: f64 = 10_000.0;

/// How fast a recording is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Speed {
    /// As it was.
    #[default]
    Real,
    /// So many times as fast, or slower below one.
    Times(f64),
    /// Without any gaps.
    Max,
}

/// What is no speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected `max`, or a number above 0 and up to 10000, such as 10 or 0.5")]
pub struct NoSpeed;

impl FromStr for Speed {
    type Err = NoSpeed;

    fn from_str(text: &str) -> Result<Self, NoSpeed> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.trim_end_matches('x').parse::<f64>() {
            Ok(times) if times > 0.0 && times <= FASTEST => Ok(Self::Times(times)),
            _ => Err(NoSpeed),
        }
    }
}

impl Speed {
    /// When that comes which came so long after the beginning; at once where there are no gaps.
    pub(super) fn after(self, at: Duration) -> Option<Duration> {
        match self {
            Self::Real => Some(at),
            // A recording of years at a crawl is as good as one without an end.
            Self::Times(times) => Some(
                Duration::try_from_secs_f64(at.as_secs_f64() / times)
                    .unwrap_or(Duration::from_secs(86_400 * 365)),
            ),
            Self::Max => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_numbers_or_the_most() {
        for (text, expected) in [
            ("max", Ok(Speed::Max)),
            ("10", Ok(Speed::Times(10.0))),
            ("0.5x", Ok(Speed::Times(0.5))),
            ("0", Err(NoSpeed)),
            ("-1", Err(NoSpeed)),
            ("NaN", Err(NoSpeed)),
            ("inf", Err(NoSpeed)),
            ("10001", Err(NoSpeed)),
            ("fast", Err(NoSpeed)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
        let second = Duration::from_secs(1);
        let at = |speed: Speed| speed.after(second);
        assert_eq!(at(Speed::Real), Some(second));
        assert_eq!(at(Speed::Times(4.0)), Some(second / 4));
        assert_eq!(at(Speed::Max), None);
        assert!(Speed::Times(1e-300).after(second).unwrap() > second * 1_000_000);
    }
}

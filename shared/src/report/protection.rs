//! How the server protects itself, as health and metrics tell of it. Data only: it
//! must never decide anything.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How often clients may call tools, and how often they were refused, since the
/// worker started: a new worker begins with zero and with full buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct LimitsCheck {
    /// Clients that the worker keeps buckets for.
    pub clients: u64,
    /// Calls that only read.
    pub read: LimitCounts,
    /// Calls that write.
    pub write: LimitCounts,
    /// Calls that may look at everything there is.
    pub heavy: LimitCounts,
}

/// Calls of one family of tools by clients that limits apply to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct LimitCounts {
    /// Calls that were let through.
    pub allowed: u64,
    /// Calls that were refused with `RESTART_010`.
    pub refused: u64,
}

/// Whether a circuit breaker lets calls through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// It does.
    Closed,
    /// It does not, for a while.
    Open,
    /// One, to find out.
    HalfOpen,
}

/// A circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakerCheck {
    /// Whether it lets calls through.
    pub state: BreakerState,
    /// Failures in a row.
    pub failures: u32,
    /// Seconds until the next call is let through; 0 when one would be now.
    pub retry_after_seconds: f64,
}

impl BreakerState {
    /// Its word, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

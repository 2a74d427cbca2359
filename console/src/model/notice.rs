//! What came of what one did, in a sentence, shown for a while. Bounded: [`MAX_NOTICES`]
//! are kept; the oldest go.

use std::time::Duration;

use super::Now;
use crate::theme::Tone;

/// Most notices that are kept.
pub const MAX_NOTICES: usize = 50;

/// How long the newest is shown.
pub const SHOWN_FOR: Duration = Duration::from_secs(10);

/// What came of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How it is to be read.
    pub tone: Tone,
    /// In a sentence.
    pub text: String,
    /// When.
    pub at: Now,
}

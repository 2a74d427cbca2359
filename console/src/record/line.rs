//! The lines of a recording: one header, then what was heard, then why it ended. Pure data.

use serde::{Deserialize, Serialize};

use crate::heard::Heard;

/// The format that is written.
pub const FORMAT: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The format: [`FORMAT`].
    pub task_orchestrator_recording: u32,
    /// The version of the console that recorded it.
    pub version: String,
    /// The project directory whose server was looked at first.
    pub workspace: String,
}

/// Any other line: something that was heard, or at the end why there is no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Milliseconds since the recording began.
    pub at_ms: u64,
    /// What came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Box<Heard>>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

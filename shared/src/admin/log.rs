//! Lines of the log, and which of them somebody wants.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most lines that one question is answered with.
pub const MAX_LOG_LINES: usize = 1000;

/// Longest line that is sent, in bytes; what is more is cut off.
pub const MAX_LOG_LINE_BYTES: usize = 8 * 1024;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Every detail.
    Trace,
    /// For who looks for a defect.
    Debug,
    /// What happens.
    Info,
    /// Somebody should look some time.
    Warn,
    /// A person must look.
    Error,
}

impl LogLevel {
    /// All of them, from the least to the most.
    pub const ALL: [Self; 5] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The level of this name, in capitals or not.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(name.trim()))
    }
}

/// Which lines are wanted. Nothing given: all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogFilter {
    /// At least this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<LogLevel>,
    /// Lines about this client or session: its id or number stands in a field of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Lines that match this regular expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grep: Option<String>,
    /// How many of the newest lines come first, at most [`MAX_LOG_LINES`].
    pub tail: u32,
}

impl Default for LogFilter {
    fn default() -> Self {
        Self { level: None, session: None, grep: None, tail: 100 }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogLine {
    /// When, RFC 3339; empty where the line does not say.
    pub at: String,
    /// How much it matters; absent where the line does not say.
    pub level: Option<LogLevel>,
    /// `front` or `worker`.
    pub process: String,
    /// The process's id.
    pub pid: Option<u32>,
    /// The part of the program.
    pub target: String,
    /// What it says, with its fields.
    pub text: String,
}

/// Lines that were written since the last ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogLines {
    /// Oldest first.
    pub lines: Vec<LogLine>,
    /// Lines that were left out because the reader was too slow for them.
    pub missed: u64,
}

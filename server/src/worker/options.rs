//! What a test build of the worker may do differently. The installed program runs
//! the default, and nothing outside the source can change that.

use std::time::Duration;

use crate::link::Versions;

/// What a test build may change. The program itself always runs the default.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether replies are kept for repeated requests. Without, a replay repeats
    /// the effect: the history checker is proved by noticing that.
    pub operation_log: bool,
    /// Whether there is one more tool: a build whose list of tools differs.
    pub extra_tool: bool,
    /// The link versions that it says it speaks.
    pub link_versions: Option<Versions>,
    /// The schema that it says it serves with. Lower than the database's: it
    /// refuses as an older build would; higher: it says that it migrates.
    pub schema_target: Option<u32>,
    /// How it fails.
    pub fail: Option<Misbehaviour>,
    /// How long each page of a long call takes, in addition.
    pub page_delay: Option<Duration>,
}

/// How a test build fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misbehaviour {
    /// It says hello and never answers to being prepared.
    HangBeforePrepared,
    /// It can be prepared and never gets ready: nothing has changed by it.
    HangBeforeReady,
    /// It gets ready, and aborts at the first `tools/call`.
    CrashAfterReady,
    /// Every `tools/call` answers an internal error.
    FailCalls,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            operation_log: true,
            extra_tool: false,
            link_versions: None,
            schema_target: None,
            fail: None,
            page_delay: None,
        }
    }
}

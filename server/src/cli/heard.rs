//! What a command that follows the server hears of it: whether there is a connection,
//! the whole state, and what changes. The commands decide by this alone, so that they
//! are the same for a server and for a test.

use std::time::Duration;

use task_orchestrator_shared::admin::Welcome;
use task_orchestrator_shared::admin::view::{Delta, View};

/// Something that was heard.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Heard {
    /// There is a connection. Without a common version it may only look, which is all
    /// that who follows wants.
    Live(Box<Welcome>),
    /// Everything, in the place of what was known.
    View(Box<View>),
    /// What has changed since.
    Delta(Delta),
    /// There is no connection.
    Away {
        /// What kind of absence it is.
        why: Why,
        /// In a sentence.
        text: String,
        /// From now until the next attempt.
        retry_in: Duration,
    },
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// No server runs.
    Nobody,
    /// It went away, or does not answer.
    Lost,
    /// The caller may not connect.
    Denied,
    /// The server cannot be followed: it is too old, or does not take this client.
    Unable,
}

//! What comes in over the admin channel, in the form in which the model takes it in
//! and in which it is recorded and replayed. Pure data.

use serde::{Deserialize, Serialize};
use task_orchestrator_shared::admin::log::{LogLine, LogLines};
use task_orchestrator_shared::admin::view::{Delta, View};
use task_orchestrator_shared::admin::{Reply, Skew, Welcome};
use task_orchestrator_shared::restart::RestartEvent;

/// Names one question of this console, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(pub u64);

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LostKind {
    /// Nobody listens.
    NoServer,
    /// The server, or the way to it, failed.
    Broken,
}

/// Something that came in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "heard", rename_all = "snake_case")]
pub enum Heard {
    /// The link begins: what comes from here on is of the server that was chosen last.
    Opened,
    /// The link tries to connect.
    Connecting {
        /// For which time since a connection lasted, from one.
        attempt: u32,
    },
    /// There is a connection.
    Live {
        /// What the server says of itself, and of this console.
        welcome: Box<Welcome>,
    },
    /// There is a connection, and it may only look.
    Incompatible {
        /// What the server says.
        welcome: Box<Welcome>,
        /// Which side to upgrade.
        skew: Skew,
    },
    /// The whole state.
    View {
        /// It.
        view: Box<View>,
    },
    /// What changed.
    Delta {
        /// It.
        delta: Delta,
    },
    /// There is no connection.
    Lost {
        /// In a sentence.
        why: String,
        /// What kind of loss.
        kind: LostKind,
        /// Milliseconds until the next attempt.
        retry_in_ms: u64,
    },
    /// The server is not for this console.
    Denied {
        /// In a sentence.
        why: String,
        /// Milliseconds until the next attempt.
        retry_in_ms: u64,
    },
    /// Nothing was heard for a while, and the server has not answered a probe since.
    Silent,
    /// It answers again.
    Alive,
    /// The answer to a question.
    Answer {
        /// Which question.
        tag: Tag,
        /// What came of it.
        answer: Answer,
    },
    /// Something happened before the answer.
    Event {
        /// Of which question.
        tag: Tag,
        /// What.
        event: RestartEvent,
    },
    /// The newest lines of the log, with those that are known from before among them.
    LogBegins {
        /// Oldest first.
        lines: Vec<LogLine>,
    },
    /// More lines.
    Log {
        /// They.
        lines: LogLines,
    },
    /// No more lines come.
    LogEnds {
        /// In a sentence.
        why: String,
    },
}

impl Heard {
    /// Its name, for crash reports: nothing of what is in it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Connecting { .. } => "connecting",
            Self::Live { .. } => "live",
            Self::Incompatible { .. } => "incompatible",
            Self::View { .. } => "view",
            Self::Delta { .. } => "delta",
            Self::Lost { .. } => "lost",
            Self::Denied { .. } => "denied",
            Self::Silent => "silent",
            Self::Alive => "alive",
            Self::Answer { .. } => "answer",
            Self::Event { .. } => "event",
            Self::LogBegins { .. } => "log-begins",
            Self::Log { .. } => "log",
            Self::LogEnds { .. } => "log-ends",
        }
    }
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A reply, which may be a refusal.
    Reply(Box<Reply>),
    /// None, with the reason and the next step in a sentence.
    Failed(String),
}

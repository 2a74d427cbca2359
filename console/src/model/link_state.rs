//! How the console stands with the server: one of these, on every screen.

use std::time::Duration;

use task_orchestrator_shared::admin::{Skew, Welcome};

use super::Now;
use crate::heard::LostKind;

/// How the console stands with the server.
#[derive(Debug, Clone, PartialEq)]
pub enum LinkState {
    /// Not asked yet, or an attempt is being made.
    Connecting {
        /// For which time, from one; 0 before the first.
        attempt: u32,
        /// What went wrong before, where something did.
        last: Option<Lost>,
    },
    /// What is shown is what is.
    Live(Box<Welcome>),
    /// There is a connection, and the server is silent.
    Stale {
        /// Who the server was.
        welcome: Box<Welcome>,
        /// Since when nothing was heard.
        since: Now,
    },
    /// There is a connection, and both sides speak different versions.
    Incompatible {
        /// Who the server is.
        welcome: Box<Welcome>,
        /// Which side to upgrade.
        skew: Skew,
    },
    /// The next attempt is waited for.
    Waiting {
        /// The attempt that comes next, from one.
        attempt: u32,
        /// Why there is no connection.
        lost: Lost,
        /// When it is made, as [`Now::running`].
        next: Duration,
    },
    /// The server is not for this console; tried again, since that may change.
    Denied {
        /// In a sentence.
        why: String,
        /// When it is tried again, as [`Now::running`].
        next: Duration,
    },
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// In a sentence, with the next step.
    pub why: String,
    /// What kind of loss.
    pub kind: LostKind,
    /// Since when.
    pub at: Now,
}

impl LinkState {
    /// What the server says of itself and of this console, while there is a connection.
    pub fn welcome(&self) -> Option<&Welcome> {
        match self {
            Self::Live(welcome) | Self::Stale { welcome, .. } | Self::Incompatible { welcome, .. } => {
                Some(welcome)
            }
            Self::Connecting { .. } | Self::Waiting { .. } | Self::Denied { .. } => None,
        }
    }

    /// Whether what is shown is what is.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live(_) | Self::Incompatible { .. })
    }

    /// Whether orders can be given.
    pub fn takes_orders(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// Its name, the same on every screen.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connecting { last: None, .. } => "Connecting",
            Self::Connecting { last: Some(_), .. } | Self::Waiting { .. } => "Reconnecting",
            Self::Live(_) => "Live",
            Self::Stale { .. } => "Stale",
            Self::Incompatible { .. } => "Incompatible",
            Self::Denied { .. } => "Denied",
        }
    }
}

//! Why a server cannot be followed, so that it is of no use to go on.

use thiserror::Error;

use super::heard::{Heard, Why};
use crate::exit::Exit;

/// The server cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Unfollowed {
    /// The caller may not.
    #[error("{0}")]
    Denied(String),
    /// The server is too old for it, or does not take this client.
    #[error("{0}")]
    Unable(String),
    /// Nothing more can be heard.
    #[error("the connection to the server ended for good")]
    Ended,
}

impl Unfollowed {
    /// Whether what was heard means that.
    pub(super) fn of(heard: &Heard) -> Option<Self> {
        match heard {
            Heard::Away { why: Why::Denied, text, .. } => Some(Self::Denied(text.clone())),
            Heard::Away { why: Why::Unable, text, .. } => Some(Self::Unable(text.clone())),
            Heard::Away { why: Why::Nobody | Why::Lost, .. }
            | Heard::Live(_)
            | Heard::View(_)
            | Heard::Delta(_) => None,
        }
    }

    /// What it means for the shell.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Denied(_) => Exit::Denied,
            Self::Unable(_) | Self::Ended => Exit::Failed,
        }
    }
}

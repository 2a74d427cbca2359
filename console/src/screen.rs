//! The screens there are.

use serde::{Deserialize, Serialize};

/// A screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Screen {
    /// How everything is.
    #[default]
    Overview,
    /// Client sessions.
    Connections,
    /// The restart that runs, and earlier ones.
    Restarts,
    /// Snapshots and backups.
    State,
    /// Sessions of work and plans.
    Tasks,
    /// Requests that were given up.
    DeadLetters,
    /// Lines of the log.
    Logs,
    /// Who did what.
    Audit,
    /// The configuration in force.
    Configuration,
}

impl Screen {
    /// All of them, in the order of their keys.
    pub const ALL: [Self; 9] = [
        Self::Overview,
        Self::Connections,
        Self::Restarts,
        Self::State,
        Self::Tasks,
        Self::DeadLetters,
        Self::Logs,
        Self::Audit,
        Self::Configuration,
    ];

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Connections => "Connections",
            Self::Restarts => "Restarts",
            Self::State => "State",
            Self::Tasks => "Tasks",
            Self::DeadLetters => "Dead letters",
            Self::Logs => "Logs",
            Self::Audit => "Audit",
            Self::Configuration => "Configuration",
        }
    }

    /// Its title where there is little room, in at most five letters.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Overview => "Over",
            Self::Connections => "Conn",
            Self::Restarts => "Rest",
            Self::State => "State",
            Self::Tasks => "Tasks",
            Self::DeadLetters => "Dead",
            Self::Logs => "Logs",
            Self::Audit => "Audit",
            Self::Configuration => "Conf",
        }
    }

    /// The one that comes after it; the first after the last.
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|screen| *screen == self).unwrap_or(0);
        Self::ALL.get(at + 1).copied().unwrap_or_default()
    }

    /// The one that comes before it; the last before the first.
    pub fn previous(self) -> Self {
        let at = Self::ALL.iter().position(|screen| *screen == self).unwrap_or(0);
        at.checked_sub(1).and_then(|at| Self::ALL.get(at)).copied().unwrap_or(Self::Configuration)
    }
}

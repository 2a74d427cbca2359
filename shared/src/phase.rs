//! The phases of a restart, by the names that an operator sees everywhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a restart is. A projection of the restart machine's state: nobody
/// keeps a phase beside it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No restart.
    #[default]
    Idle,
    /// The next worker is started and proved, the snapshot written, while service goes on.
    Preparation,
    /// New requests are held back.
    MaintenanceMode,
    /// Long work is asked to stop at a checkpoint, or stays with the old worker.
    TaskSuspension,
    /// What is not in the database is collected.
    StateSerialization,
    /// The sessions are fixed and the database belongs to the next worker.
    ConnectionPreservation,
    /// The next worker takes over.
    ProcessRestart,
    /// It gets the sessions.
    StateRestoration,
    /// What was held is sent to it; files are put in order.
    ServiceResume,
    /// It serves.
    Complete,
    /// Nothing has changed: the old worker serves on, or none could be started.
    Failed,
    /// The previous build serves again.
    RolledBack,
}

impl Phase {
    /// The eight in their order.
    pub const EIGHT: [Self; 8] = [
        Self::Preparation,
        Self::MaintenanceMode,
        Self::TaskSuspension,
        Self::StateSerialization,
        Self::ConnectionPreservation,
        Self::ProcessRestart,
        Self::StateRestoration,
        Self::ServiceResume,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Preparation => "preparation",
            Self::MaintenanceMode => "maintenance_mode",
            Self::TaskSuspension => "task_suspension",
            Self::StateSerialization => "state_serialization",
            Self::ConnectionPreservation => "connection_preservation",
            Self::ProcessRestart => "process_restart",
            Self::StateRestoration => "state_restoration",
            Self::ServiceResume => "service_resume",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
        }
    }

    /// Percent of the eight phases that are behind it.
    pub const fn progress(self) -> u8 {
        match self {
            Self::Idle | Self::Preparation | Self::Failed | Self::RolledBack => 0,
            Self::MaintenanceMode => 50,
            Self::TaskSuspension => 55,
            Self::StateSerialization => 60,
            Self::ConnectionPreservation => 65,
            Self::ProcessRestart => 70,
            Self::StateRestoration => 80,
            Self::ServiceResume => 90,
            Self::Complete => 100,
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

//! Roles, and what each may do: the one table for the admin channel and for MCP.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// A role, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May watch.
    Readonly,
    /// May also measure and look at everything.
    Monitor,
    /// May also do what loses nothing.
    Operator,
    /// May do everything.
    Admin,
}

impl Role {
    /// All of them, from the least to the most.
    pub const ALL: [Self; 4] = [Self::Readonly, Self::Monitor, Self::Operator, Self::Admin];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Readonly => "readonly",
            Self::Monitor => "monitor",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether this role may do that. Every operation stands in exactly one place
    /// here, and what is not allowed is denied.
    pub const fn may(self, operation: Operation) -> bool {
        let least = match operation {
            Operation::WhoAmI | Operation::ViewRoles | Operation::View | Operation::RestartStatus => {
                Self::Readonly
            }
            Operation::HealthCheck
            | Operation::ShutdownPrepare
            | Operation::ReconnectTest
            | Operation::ViewBackups
            | Operation::ViewDeadLetters
            | Operation::ViewLogs
            | Operation::ViewConfig
            | Operation::ViewAudit
            | Operation::ViewTasks
            | Operation::ViewRequests => Self::Monitor,
            Operation::GracefulRestart
            | Operation::CancelRestart
            | Operation::Rollback
            | Operation::Maintenance
            | Operation::Snapshot
            | Operation::PinBackup
            | Operation::ReadDeadLetter
            | Operation::RetryDeadLetter
            | Operation::ClearBuffers
            | Operation::LogLevel
            | Operation::ReloadConfig => Self::Operator,
            Operation::EmergencyRestart
            | Operation::RunProgram
            | Operation::RestoreBackup
            | Operation::PruneBackups
            | Operation::DisconnectSession
            | Operation::DiscardDeadLetter
            | Operation::ManageTokens
            | Operation::Stop => Self::Admin,
        };
        self as u8 >= least as u8
    }

    /// The least role that may do that.
    pub fn least_for(operation: Operation) -> Self {
        Self::ALL.into_iter().find(|role| role.may(operation)).unwrap_or(Self::Admin)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! operations {
    ($($(#[doc = $doc:literal])+ $operation:ident = $name:literal,)+) => {
        /// What somebody wants to do with the server itself.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum Operation { $($(#[doc = $doc])+ #[serde(rename = $name)] $operation,)+ }

        impl Operation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$operation,)+];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$operation => $name,)+ }
            }
        }
    };
}

operations! {
    /// See who one is for the server.
    WhoAmI = "who_am_i",
    /// See who may do what.
    ViewRoles = "view_roles",
    /// See the server, its clients and what happens.
    View = "view",
    /// See where a restart is, and the history.
    RestartStatus = "restart_status",
    /// Measure how the server is.
    HealthCheck = "health_check",
    /// See whether a restart would go through.
    ShutdownPrepare = "shutdown_prepare",
    /// Send something through connections.
    ReconnectTest = "reconnect_test",
    /// List, check and compare snapshots and backups.
    ViewBackups = "view_backups",
    /// List dead letters, without what their clients had written.
    ViewDeadLetters = "view_dead_letters",
    /// Read the log.
    ViewLogs = "view_logs",
    /// See the configuration in force.
    ViewConfig = "view_config",
    /// Read and check the audit.
    ViewAudit = "view_audit",
    /// See the work in the database: titles and how far each is.
    ViewTasks = "view_tasks",
    /// See which requests a client waits for.
    ViewRequests = "view_requests",
    /// Restart gracefully with a snapshot.
    GracefulRestart = "graceful_restart",
    /// Call a restart off.
    CancelRestart = "cancel_restart",
    /// Go back to the previous build.
    Rollback = "rollback",
    /// Hold requests back, or let them through.
    Maintenance = "maintenance",
    /// Take a snapshot.
    Snapshot = "snapshot",
    /// Keep a backup whatever its age, or not any more.
    PinBackup = "pin_backup",
    /// Read a request that was not carried out.
    ReadDeadLetter = "read_dead_letter",
    /// Try a request again that was not carried out.
    RetryDeadLetter = "retry_dead_letter",
    /// Change how much is logged.
    LogLevel = "log_level",
    /// Read the configuration again.
    ReloadConfig = "reload_config",
    /// Restart at once, or without a snapshot.
    EmergencyRestart = "emergency_restart",
    /// Have a program run that the configuration does not name: it runs as the server's user.
    RunProgram = "run_program",
    /// Put a snapshot or backup in the place of the database.
    RestoreBackup = "restore_backup",
    /// Remove backups.
    PruneBackups = "prune_backups",
    /// Answer what waits with an error.
    ClearBuffers = "clear_buffers",
    /// End a client's session.
    DisconnectSession = "disconnect_session",
    /// Forget a request that was not carried out.
    DiscardDeadLetter = "discard_dead_letter",
    /// Let clients on the network in with a token, or not any more.
    ManageTokens = "manage_tokens",
    /// End the server.
    Stop = "stop",
}

impl Operation {
    /// Whether it changes something: then it is done only once it is written in the audit.
    pub const fn is_privileged(self) -> bool {
        !Role::Monitor.may(self)
    }
}

/// Reads operations without those that this build does not know: a server that is newer
/// within one version of the protocol may have more.
pub(crate) fn known_operations<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Operation>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let known = |name: String| Operation::ALL.iter().copied().find(|known| known.as_str() == name);
    Ok(names.into_iter().filter_map(known).collect())
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mcp_role_may_what_the_contract_says() {
        use Operation::*;
        let table = [
            (Role::Readonly, [true, false, false, false, false, false]),
            (Role::Monitor, [true, true, true, true, false, false]),
            (Role::Operator, [true, true, true, true, true, false]),
            (Role::Admin, [true, true, true, true, true, true]),
        ];
        let operations =
            [RestartStatus, HealthCheck, ShutdownPrepare, ReconnectTest, GracefulRestart, EmergencyRestart];
        for (role, expected) in table {
            assert_eq!(operations.map(|operation| role.may(operation)), expected, "{role}");
        }
        assert_eq!(Role::least_for(EmergencyRestart), Role::Admin);
        assert_eq!(Role::least_for(ReconnectTest), Role::Monitor);
    }

    #[test]
    fn a_higher_role_may_whatever_a_lower_one_may() {
        for operation in Operation::ALL {
            let allowed = Role::ALL.map(|role| role.may(*operation));
            assert!(allowed.is_sorted() && allowed[3], "{operation}: {allowed:?}");
        }
    }

    #[test]
    fn what_only_looks_is_not_privileged() {
        let privileged = Operation::ALL.iter().filter(|operation| operation.is_privileged());
        assert!(privileged.clone().all(|operation| !operation.as_str().starts_with("view")));
        assert_eq!(privileged.count(), 19);
    }

    #[test]
    fn names_are_the_wire_s() {
        for operation in Operation::ALL {
            assert_eq!(serde_json::to_value(operation).unwrap(), operation.as_str());
        }
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
            assert_eq!(Role::named(role.as_str()), Some(role));
        }
    }
}

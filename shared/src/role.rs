//! Roles, and what each may do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A role, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May see where a restart is.
    Readonly,
    /// May also look at everything else.
    Monitor,
    /// May also restart gracefully.
    Operator,
    /// May do everything.
    Admin,
}

impl Role {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Readonly => "readonly",
            Self::Monitor => "monitor",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Whether this role may do that. Every operation is named here: what is
    /// not allowed is denied.
    pub const fn may(self, operation: Operation) -> bool {
        match (operation, self) {
            (Operation::RestartStatus, _) => true,
            (
                Operation::HealthCheck | Operation::ShutdownPrepare | Operation::ReconnectTest,
                Self::Monitor | Self::Operator | Self::Admin,
            ) => true,
            (Operation::GracefulRestart, Self::Operator | Self::Admin) => true,
            (Operation::EmergencyRestart, Self::Admin) => true,
            (
                Operation::HealthCheck
                | Operation::ShutdownPrepare
                | Operation::ReconnectTest
                | Operation::GracefulRestart
                | Operation::EmergencyRestart,
                _,
            ) => false,
        }
    }

    /// The least role that may do that.
    pub fn least_for(operation: Operation) -> Self {
        let all = [Self::Readonly, Self::Monitor, Self::Operator];
        all.into_iter().find(|role| role.may(operation)).unwrap_or(Self::Admin)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What somebody wants to do with the server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// See where a restart is, and the history.
    RestartStatus,
    /// See how the server is.
    HealthCheck,
    /// See whether a restart would go through.
    ShutdownPrepare,
    /// Send something through connections.
    ReconnectTest,
    /// Restart gracefully with a snapshot.
    GracefulRestart,
    /// Restart at once, or without a snapshot.
    EmergencyRestart,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_the_contract_says() {
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
}

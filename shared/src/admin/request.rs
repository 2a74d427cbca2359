//! What can be asked for, and what is said with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::log::LogFilter;
use super::token::SealedToken;
use crate::restart::RestartRequest;
use crate::role::{Operation, Role};

/// Longest reason, in characters.
pub const MAX_REASON: usize = 1000;

/// Longest idempotency key, in bytes.
pub const MAX_KEY_BYTES: usize = 128;

/// What goes with any operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The generation that the caller believes to serve: with another one, the
    /// operation is refused, because what the caller looked at is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_generation: Option<u64>,
    /// Drawn by the caller for one intention: asked again with the same key, the
    /// operation is not done again, and its outcome is found again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Why, for the audit; at most [`MAX_REASON`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "method", content = "params", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Who the caller is for the server.
    WhoAmI,
    /// Who may do what.
    Roles,
    /// What runs, and how it is.
    Status,
    /// The whole state now, then numbered deltas as they happen, until
    /// [`Request::Unsubscribe`]. A reader who is too slow gets a new whole state.
    Subscribe,
    /// No more deltas.
    Unsubscribe,
    /// The newest lines of the log now, then more as they are written, until
    /// [`Request::Unfollow`].
    FollowLogs(LogFilter),
    /// No more lines.
    Unfollow,
    /// Measure how everything is.
    Health,
    /// Look whether a restart would go through.
    Prepare,
    /// Where a restart is, and what there was.
    RestartStatus {
        /// Newest restarts to tell of, at most 1000.
        limit: u32,
    },
    /// Send something through one connection or all.
    ReconnectTest {
        /// The client's id, or `None` for all.
        session: Option<String>,
    },
    /// Restart the worker. Events are sent until the answer, which is the true outcome.
    Restart(Box<RestartRequest>),
    /// Call the restart that runs off, where that is still possible.
    CancelRestart,
    /// Hold new requests back, or let them through again.
    Maintenance {
        /// Which of the two.
        on: bool,
    },
    /// Take a snapshot now, verified.
    Snapshot,
    /// Every snapshot and backup.
    Backups,
    /// Read one from end to end, or all of them.
    VerifyBackup {
        /// The file's name, or `None` for all.
        name: Option<String>,
    },
    /// What differs between two snapshots, or between one and the database.
    CompareBackups {
        /// The file's name, or `database`.
        older: String,
        /// The file's name, or `database`.
        newer: String,
    },
    /// What a restore would lose.
    PlanRestore {
        /// The file's name.
        name: String,
    },
    /// Put a snapshot or backup in the place of the database. Requests wait meanwhile;
    /// what would be lost is exported first.
    RestoreBackup {
        /// The file's name.
        name: String,
    },
    /// Remove and compress what the configuration does not keep.
    PruneBackups {
        /// Only say what would be done.
        dry_run: bool,
    },
    /// Keep a backup whatever its age, or not any more.
    PinBackup {
        /// The file's name.
        name: String,
        /// Which of the two.
        pinned: bool,
    },
    /// Answer what waits for a worker with a retryable error.
    ClearBuffers {
        /// The client's id, or `None` for all.
        session: Option<String>,
    },
    /// End a client's session; what it waits for is answered with an error.
    DisconnectSession {
        /// The client's id.
        session: String,
    },
    /// The newest dead letters, without their contents, at most 1000.
    DeadLetters {
        /// How many.
        limit: u32,
    },
    /// One dead letter, whole.
    DeadLetter {
        /// Its number.
        id: u64,
    },
    /// Send a dead letter to the worker again. The reply is the worker's answer.
    RetryDeadLetter {
        /// Its number.
        id: u64,
    },
    /// Forget a dead letter.
    DiscardDeadLetter {
        /// Its number.
        id: u64,
    },
    /// Change how much front and workers write to their log files, until they are
    /// restarted or the configuration is read again.
    LogLevel {
        /// error, warn, info, debug or trace.
        level: String,
    },
    /// Read the configuration again. What cannot change at run time is named.
    ReloadConfig,
    /// Every key with its value and where that comes from.
    ShowConfig,
    /// The newest records of the audit, at most 1000.
    Audit {
        /// How many.
        limit: u32,
    },
    /// Check the whole audit.
    VerifyAudit,
    /// Let clients on the network in with a token. Who asks has made it, and keeps its secret.
    AddToken(Box<SealedToken>),
    /// Let nobody in with a token any more, and close what is open with it.
    RevokeToken {
        /// Its name.
        name: String,
    },
    /// The sessions, plans and tasks in the database, and the long calls at a checkpoint.
    Tasks,
    /// One client session with the requests that it waits for, and what happened to
    /// its connection.
    Session {
        /// The client's id.
        session: String,
    },
    /// End the server and disconnect its clients.
    Stop,
}

impl Request {
    /// What the caller must be allowed to do for it.
    pub fn operation(&self) -> Operation {
        match self {
            Self::WhoAmI => Operation::WhoAmI,
            Self::Roles => Operation::ViewRoles,
            Self::Status | Self::Subscribe | Self::Unsubscribe => Operation::View,
            Self::FollowLogs(_) | Self::Unfollow => Operation::ViewLogs,
            Self::Health => Operation::HealthCheck,
            Self::Prepare => Operation::ShutdownPrepare,
            Self::RestartStatus { .. } => Operation::RestartStatus,
            Self::ReconnectTest { .. } => Operation::ReconnectTest,
            Self::Restart(request) => restart_operation(request),
            Self::CancelRestart => Operation::CancelRestart,
            Self::Maintenance { .. } => Operation::Maintenance,
            Self::Snapshot => Operation::Snapshot,
            Self::Backups
            | Self::VerifyBackup { .. }
            | Self::CompareBackups { .. }
            | Self::PlanRestore { .. }
            | Self::PruneBackups { dry_run: true } => Operation::ViewBackups,
            Self::RestoreBackup { .. } => Operation::RestoreBackup,
            Self::PruneBackups { dry_run: false } => Operation::PruneBackups,
            Self::PinBackup { .. } => Operation::PinBackup,
            Self::ClearBuffers { .. } => Operation::ClearBuffers,
            Self::DisconnectSession { .. } => Operation::DisconnectSession,
            Self::DeadLetters { .. } => Operation::ViewDeadLetters,
            Self::DeadLetter { .. } => Operation::ReadDeadLetter,
            Self::RetryDeadLetter { .. } => Operation::RetryDeadLetter,
            Self::DiscardDeadLetter { .. } => Operation::DiscardDeadLetter,
            Self::LogLevel { .. } => Operation::LogLevel,
            Self::ReloadConfig => Operation::ReloadConfig,
            Self::ShowConfig => Operation::ViewConfig,
            Self::Audit { .. } | Self::VerifyAudit => Operation::ViewAudit,
            Self::AddToken(_) | Self::RevokeToken { .. } => Operation::ManageTokens,
            Self::Tasks => Operation::ViewTasks,
            Self::Session { .. } => Operation::ViewRequests,
            Self::Stop => Operation::Stop,
        }
    }

    /// What it is done to, for the audit.
    pub fn target(&self) -> Option<String> {
        match self {
            Self::ReconnectTest { session } | Self::ClearBuffers { session } => session.clone(),
            Self::DisconnectSession { session } | Self::Session { session } => Some(session.clone()),
            Self::VerifyBackup { name } => name.clone(),
            Self::PlanRestore { name } | Self::RestoreBackup { name } | Self::PinBackup { name, .. } => {
                Some(name.clone())
            }
            Self::CompareBackups { older, newer } => Some(format!("{older} {newer}")),
            Self::DeadLetter { id } | Self::RetryDeadLetter { id } | Self::DiscardDeadLetter { id } => {
                Some(id.to_string())
            }
            Self::Restart(request) => request.binary.clone(),
            Self::LogLevel { level } => Some(level.clone()),
            Self::AddToken(token) => Some(token.name.clone()),
            Self::RevokeToken { name } => Some(name.clone()),
            Self::Maintenance { on } => Some(if *on { "on" } else { "off" }.to_owned()),
            Self::WhoAmI
            | Self::Roles
            | Self::Status
            | Self::Subscribe
            | Self::Unsubscribe
            | Self::FollowLogs(_)
            | Self::Unfollow
            | Self::Health
            | Self::Prepare
            | Self::RestartStatus { .. }
            | Self::CancelRestart
            | Self::Snapshot
            | Self::Backups
            | Self::PruneBackups { .. }
            | Self::DeadLetters { .. }
            | Self::ReloadConfig
            | Self::ShowConfig
            | Self::Audit { .. }
            | Self::VerifyAudit
            | Self::Tasks
            | Self::Stop => None,
        }
    }

    /// At least one of each, for tables and tests.
    pub fn samples() -> Vec<Self> {
        let name = || "current_state.json".to_owned();
        let session = || "0198f0c2-0000-7000-8000-000000000000".to_owned();
        let emergency = RestartRequest { graceful: false, ..RestartRequest::default() };
        let other =
            RestartRequest { binary: Some("/no/such/program".to_owned()), ..RestartRequest::default() };
        let back = RestartRequest { rollback: true, ..RestartRequest::default() };
        vec![
            Self::WhoAmI,
            Self::Roles,
            Self::Status,
            Self::Subscribe,
            Self::Unsubscribe,
            Self::FollowLogs(LogFilter::default()),
            Self::Unfollow,
            Self::Health,
            Self::Prepare,
            Self::RestartStatus { limit: 10 },
            Self::ReconnectTest { session: None },
            Self::Restart(Box::default()),
            Self::Restart(Box::new(emergency)),
            Self::Restart(Box::new(other)),
            Self::Restart(Box::new(back)),
            Self::CancelRestart,
            Self::Maintenance { on: false },
            Self::Snapshot,
            Self::Backups,
            Self::VerifyBackup { name: Some(name()) },
            Self::CompareBackups { older: name(), newer: "database".to_owned() },
            Self::PlanRestore { name: name() },
            Self::RestoreBackup { name: name() },
            Self::PruneBackups { dry_run: true },
            Self::PruneBackups { dry_run: false },
            Self::PinBackup { name: name(), pinned: true },
            Self::ClearBuffers { session: Some(session()) },
            Self::DisconnectSession { session: session() },
            Self::DeadLetters { limit: 10 },
            Self::DeadLetter { id: 1 },
            Self::RetryDeadLetter { id: 1 },
            Self::DiscardDeadLetter { id: 1 },
            Self::LogLevel { level: "info".to_owned() },
            Self::ReloadConfig,
            Self::ShowConfig,
            Self::Audit { limit: 10 },
            Self::VerifyAudit,
            Self::AddToken(Box::new(sample_token())),
            Self::RevokeToken { name: "no-such-token".to_owned() },
            Self::Tasks,
            Self::Session { session: session() },
            Self::Stop,
        ]
    }

    /// Its method on the wire.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::WhoAmI => "who_am_i",
            Self::Roles => "roles",
            Self::Status => "status",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::FollowLogs(_) => "follow_logs",
            Self::Unfollow => "unfollow",
            Self::Health => "health",
            Self::Prepare => "prepare",
            Self::RestartStatus { .. } => "restart_status",
            Self::ReconnectTest { .. } => "reconnect_test",
            Self::Restart(_) => "restart",
            Self::CancelRestart => "cancel_restart",
            Self::Maintenance { .. } => "maintenance",
            Self::Snapshot => "snapshot",
            Self::Backups => "backups",
            Self::VerifyBackup { .. } => "verify_backup",
            Self::CompareBackups { .. } => "compare_backups",
            Self::PlanRestore { .. } => "plan_restore",
            Self::RestoreBackup { .. } => "restore_backup",
            Self::PruneBackups { .. } => "prune_backups",
            Self::PinBackup { .. } => "pin_backup",
            Self::ClearBuffers { .. } => "clear_buffers",
            Self::DisconnectSession { .. } => "disconnect_session",
            Self::DeadLetters { .. } => "dead_letters",
            Self::DeadLetter { .. } => "dead_letter",
            Self::RetryDeadLetter { .. } => "retry_dead_letter",
            Self::DiscardDeadLetter { .. } => "discard_dead_letter",
            Self::LogLevel { .. } => "log_level",
            Self::ReloadConfig => "reload_config",
            Self::ShowConfig => "show_config",
            Self::Audit { .. } => "audit",
            Self::VerifyAudit => "verify_audit",
            Self::AddToken(_) => "add_token",
            Self::RevokeToken { .. } => "revoke_token",
            Self::Tasks => "tasks",
            Self::Session { .. } => "session",
            Self::Stop => "stop",
        }
    }
}

/// Nobody has its secret, and it has expired.
fn sample_token() -> SealedToken {
    SealedToken {
        name: "sample".to_owned(),
        role: Role::Readonly,
        created: "2026-01-01T00:00:00Z".to_owned(),
        expires: Some("2026-01-02T00:00:00Z".to_owned()),
        ends_with: "AAAA".to_owned(),
        id: "A".repeat(11),
        salt: "A".repeat(22),
        hash: "A".repeat(43),
    }
}

/// What somebody must be allowed to do for this restart: the most that it asks for.
pub fn restart_operation(request: &RestartRequest) -> Operation {
    if request.binary.is_some() {
        Operation::RunProgram
    } else if !request.graceful || !request.preserve_state {
        Operation::EmergencyRestart
    } else if request.clear_buffers {
        Operation::ClearBuffers
    } else if request.rollback {
        Operation::Rollback
    } else {
        Operation::GracefulRestart
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_is_a_sample_of_every_operation_and_its_name_is_the_wire_s() {
        let mut operations = BTreeSet::new();
        for request in Request::samples() {
            operations.insert(request.operation());
            assert_eq!(serde_json::to_value(&request).unwrap()["method"], request.method());
        }
        let all: BTreeSet<Operation> = Operation::ALL.iter().copied().collect();
        assert_eq!(operations, all);
    }

    #[test]
    fn a_restart_needs_the_right_to_the_most_that_it_asks_for() {
        let with = |change: fn(&mut RestartRequest)| {
            let mut request = RestartRequest::default();
            change(&mut request);
            restart_operation(&request)
        };
        assert_eq!(with(|_| {}), Operation::GracefulRestart);
        assert_eq!(with(|request| request.drain = true), Operation::GracefulRestart);
        assert_eq!(with(|request| request.rollback = true), Operation::Rollback);
        assert_eq!(with(|request| request.preserve_state = false), Operation::EmergencyRestart);
        assert_eq!(with(|request| request.graceful = false), Operation::EmergencyRestart);
        assert_eq!(with(|request| request.clear_buffers = true), Operation::ClearBuffers);
        assert_eq!(with(|request| request.binary = Some("/bin/sh".to_owned())), Operation::RunProgram);
    }
}

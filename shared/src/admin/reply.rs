//! What comes of an operation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::audit::{AuditRecord, AuditVerdict};
use super::backup::{Backup, Comparison, Pruned, RestorePlan, Restored, Verified};
use super::config::{ConfigEntry, Reloaded};
use super::hello::WhoAmI;
use super::log::LogLine;
use super::session_detail::SessionDetail;
use super::status::Status;
use super::tasks::TaskTree;
use super::view::View;
use crate::error_code::ErrorCode;
use crate::report::{DeadLetter, Health, Readiness, ReconnectTest, RestartStatus};
use crate::restart::{RestartReport, StateReport};
use crate::role::{Operation, Role};

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Reply {
    /// To [`Request::WhoAmI`](super::Request::WhoAmI).
    WhoAmI(Box<WhoAmI>),
    /// To [`Request::Roles`](super::Request::Roles).
    Roles(Box<Roles>),
    /// To [`Request::Status`](super::Request::Status).
    Status(Box<Status>),
    /// To [`Request::Subscribe`](super::Request::Subscribe): deltas follow that begin behind it.
    View(Box<View>),
    /// To [`Request::FollowLogs`](super::Request::FollowLogs): the newest lines, oldest first.
    LogLines(Vec<LogLine>),
    /// To [`Request::Health`](super::Request::Health).
    Health(Box<Health>),
    /// To [`Request::Prepare`](super::Request::Prepare).
    Readiness(Box<Readiness>),
    /// To [`Request::RestartStatus`](super::Request::RestartStatus).
    RestartStatus(Box<RestartStatus>),
    /// To [`Request::ReconnectTest`](super::Request::ReconnectTest).
    ReconnectTest(Box<ReconnectTest>),
    /// To [`Request::Restart`](super::Request::Restart).
    Restart(Box<RestartReport>),
    /// To [`Request::Snapshot`](super::Request::Snapshot).
    Snapshot(Box<StateReport>),
    /// To [`Request::Backups`](super::Request::Backups), newest first.
    Backups(Vec<Backup>),
    /// To [`Request::VerifyBackup`](super::Request::VerifyBackup).
    Verified(Vec<Verified>),
    /// To [`Request::CompareBackups`](super::Request::CompareBackups).
    Comparison(Box<Comparison>),
    /// To [`Request::PlanRestore`](super::Request::PlanRestore).
    RestorePlan(Box<RestorePlan>),
    /// To [`Request::RestoreBackup`](super::Request::RestoreBackup).
    Restored(Box<Restored>),
    /// To [`Request::PruneBackups`](super::Request::PruneBackups).
    Pruned(Box<Pruned>),
    /// To [`Request::DeadLetters`](super::Request::DeadLetters).
    DeadLetters(Vec<DeadLetter>),
    /// To [`Request::DeadLetter`](super::Request::DeadLetter).
    DeadLetter(Box<DeadLetter>),
    /// To [`Request::RetryDeadLetter`](super::Request::RetryDeadLetter): the worker's answer.
    Retried(serde_json::Value),
    /// To [`Request::ReloadConfig`](super::Request::ReloadConfig).
    Reloaded(Box<Reloaded>),
    /// To [`Request::ShowConfig`](super::Request::ShowConfig).
    Config(Vec<ConfigEntry>),
    /// To [`Request::Audit`](super::Request::Audit), newest first.
    Audit(Vec<AuditRecord>),
    /// To [`Request::VerifyAudit`](super::Request::VerifyAudit).
    AuditVerdict(Box<AuditVerdict>),
    /// To [`Request::Tasks`](super::Request::Tasks).
    Tasks(Box<TaskTree>),
    /// To [`Request::Session`](super::Request::Session).
    Session(Box<SessionDetail>),
    /// To [`Request::Stop`](super::Request::Stop): the server is about to end.
    Stopping(Stopping),
    /// Done, and there is nothing more to say.
    Done(Done),
    /// Not done, with the reason.
    Refused(Refusal),
}

/// What was done, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// The sentence.
    pub message: String,
}

/// Why an operation was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// The stable code.
    pub error_code: ErrorCode,
    /// What is in the way.
    pub error: String,
    /// What to do next.
    pub hint: String,
}

/// The server ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stopping {
    /// The process that ends.
    pub pid: u32,
    /// Client sessions that end with it.
    pub sessions: u64,
}

/// Who may do what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Roles {
    /// Each operation with the least role that may do it.
    pub operations: Vec<OperationRole>,
    /// What the configuration grants, and what holds without it.
    pub grants: Vec<Grant>,
    /// The role of MCP clients on standard input and output.
    pub stdio_role: Role,
}

/// The least role for an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperationRole {
    /// The operation.
    pub operation: Operation,
    /// The least role that may do it.
    pub least: Role,
    /// Whether it is written in the audit before it is done.
    pub privileged: bool,
}

/// A role that somebody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// `owner`, `root`, `user:NAME`, `group:NAME`.
    pub to: String,
    /// The number that the system knows it by.
    pub id: u32,
    /// The role.
    pub role: Role,
}

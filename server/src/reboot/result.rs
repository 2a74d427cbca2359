//! What `orchestrator_restart_server` answers, made from the report of the restart.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::restart::{
    Kind, MigrationReport, Outcome, PhaseRecord, Reason, RestartError, RestartId, RestartReport, StateReport,
};

use crate::tool::failure::Failure;

/// A restart as the tool tells of it: the contract's names and units.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RestartResult {
    /// Whether it has ended as it was meant to; false while it runs.
    pub success: bool,
    /// Which restart.
    pub restart_id: RestartId,
    /// Where it is, or where it ended.
    pub phase: Phase,
    /// 0 to 100.
    pub progress: u8,
    /// In a sentence.
    pub message: String,
    /// What went wrong, in order.
    pub errors: Vec<RestartError>,
    /// How it ended; null while it runs.
    pub outcome: Option<Outcome>,
    /// How it came about.
    pub kind: Kind,
    /// Why.
    pub restart_reason: Reason,
    /// Whether the successor was to be proved first.
    pub graceful: bool,
    /// Whether a snapshot was to be taken.
    pub preserve_state: bool,
    /// How long it might take, in seconds.
    pub timeout: u32,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// When it ended, RFC 3339; null while it runs.
    pub completed_at: Option<String>,
    /// How long it took, or has taken so far, in seconds.
    pub duration: f64,
    /// Longest time that any request was held, in milliseconds.
    pub downtime_ms: f64,
    /// Requests that were held at any time.
    pub buffered_requests: u64,
    /// Requests that were sent to a second worker.
    pub replayed_requests: u64,
    /// Requests that were answered with a retryable error instead of being sent on.
    pub cleared_requests: u64,
    /// The process before.
    pub old_pid: Option<u32>,
    /// The process after.
    pub new_pid: Option<u32>,
    /// Times a worker has taken over in this workspace, this restart included.
    pub generation: u64,
    /// The snapshot, where one was taken.
    pub state: Option<StateReport>,
    /// The migration, where one was due.
    pub migration: Option<MigrationReport>,
    /// How long each phase took.
    pub phases: Vec<PhaseRecord>,
    /// The fields of every failed call, where it did not end as it was meant to.
    /// The schema of every tool's result has them anyway.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub failure: Option<Failure>,
}

impl RestartResult {
    /// Whether the call has failed.
    pub fn is_error(&self) -> bool {
        self.failure.is_some()
    }
}

impl From<&RestartReport> for RestartResult {
    fn from(report: &RestartReport) -> Self {
        Self {
            success: report.is_success(),
            restart_id: report.restart_id.clone(),
            phase: report.phase,
            progress: report.progress,
            message: report.message.clone(),
            errors: report.errors.clone(),
            outcome: report.outcome,
            kind: report.kind,
            restart_reason: report.reason,
            graceful: report.graceful,
            preserve_state: report.preserve_state,
            timeout: report.timeout,
            started_at: report.started_at.clone(),
            completed_at: report.completed_at.clone(),
            duration: report.duration_ms / 1000.0,
            downtime_ms: report.downtime_ms,
            buffered_requests: report.buffered_requests,
            replayed_requests: report.replayed_requests,
            cleared_requests: report.cleared_requests,
            old_pid: report.old_pid,
            new_pid: report.new_pid,
            generation: report.generation,
            state: report.state.clone(),
            migration: report.migration.clone(),
            phases: report.phases.clone(),
            failure: failure(report),
        }
    }
}

/// The failure that a restart is which has ended otherwise than it was meant to.
fn failure(report: &RestartReport) -> Option<Failure> {
    let outcome = report.outcome.filter(|outcome| *outcome != Outcome::Complete)?;
    // What went wrong first is what led to all the rest.
    let (code, error) = match (report.errors.first(), outcome) {
        (Some(first), _) => (first.error_code, first.error.clone()),
        (None, Outcome::Cancelled) => (ErrorCode::NotReady, report.message.clone()),
        (None, _) => (ErrorCode::WorkerUnavailable, report.message.clone()),
    };
    let details = json!({ "restart_id": report.restart_id, "outcome": outcome, "phase": report.phase });
    let hint = format!("{} {}", standing(outcome), next_step(code));
    Some(Failure::new(code, error, hint.trim_end()).with_details(details))
}

/// What runs now.
const fn standing(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "",
        Outcome::Failed => {
            "What served before goes on where that was possible: orchestrator_health_check tells."
        }
        Outcome::RolledBack => "The previous build serves again, with everything that was acknowledged.",
        Outcome::Cancelled => "Nothing has changed; the server goes on as before.",
    }
}

/// What to do about it.
const fn next_step(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::NotReady => "Resolve what orchestrator_shutdown_prepare lists, then restart again.",
        ErrorCode::TimeoutExceeded => {
            "Restart again with a larger timeout, or when less work is in progress."
        }
        ErrorCode::StateSerializationFailed => {
            "Look at the space on the disk and at the permissions of server_state, then restart again."
        }
        ErrorCode::WorkerUnavailable => {
            "The new process did not get ready: its last lines in the log tell why."
        }
        ErrorCode::ConnectionFailed => "orchestrator_reconnect_test tells which sessions are concerned.",
        ErrorCode::DatabaseFailed => "orchestrator_health_check tells what is wrong with the database.",
        ErrorCode::Overloaded => "Wait as long as the error says, then restart again.",
        ErrorCode::SafeMode => {
            "Only reading and administration work until an administrator leaves safe mode."
        }
        _ => "The server's log has the details.",
    }
}

//! A restart as it is asked for, watched and reported: one set of types for the
//! MCP tools, the commands, the console and the history.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error_code::ErrorCode;
use crate::phase::Phase;

/// Identifies one restart, whoever joined it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RestartId(pub String);

impl std::fmt::Display for RestartId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why it is done. Some reasons do more than restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The configuration is read again.
    ConfigurationUpdate,
    /// The database moves to a newer schema.
    SchemaMigration,
    /// Something is wrong: the request buffers are cleared, each with an answer.
    ErrorRecovery,
    /// Somebody wants it.
    #[default]
    #[serde(alias = "manual_restart")]
    ManualRequest,
    /// At once, without a snapshot.
    EmergencyShutdown,
}

impl Reason {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConfigurationUpdate => "configuration_update",
            Self::SchemaMigration => "schema_migration",
            Self::ErrorRecovery => "error_recovery",
            Self::ManualRequest => "manual_request",
            Self::EmergencyShutdown => "emergency_shutdown",
        }
    }
}

/// How it came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Asked for; nothing that works is ended before its successor is proved.
    Graceful,
    /// Asked for; the worker is ended at once.
    Emergency,
    /// The worker ended by itself, or was found hung.
    Crash,
    /// Back to the previous build, asked for or by itself during probation.
    Rollback,
}

impl Kind {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Graceful => "graceful",
            Self::Emergency => "emergency",
            Self::Crash => "crash",
            Self::Rollback => "rollback",
        }
    }
}

/// Shortest and longest time that may be asked for, in seconds.
pub const TIMEOUT_SECONDS: std::ops::RangeInclusive<u32> = 10..=300;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestartRequest {
    /// Whether the successor is proved before anything is ended.
    #[serde(default = "yes")]
    pub graceful: bool,
    /// Whether a snapshot is taken.
    #[serde(default = "yes")]
    pub preserve_state: bool,
    /// How long it may take, in seconds; the configuration's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// Why.
    #[serde(default)]
    pub reason: Reason,
    /// What its asker says about it, for the history; at most 1000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Let everything in flight finish first instead of handing over.
    #[serde(default)]
    pub drain: bool,
    /// The program to run from now on; the configured one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<String>,
    /// Whether the configured build command runs first, where there is one.
    #[serde(default = "yes")]
    pub build: bool,
    /// Whether what waits in the request buffers is answered with an error
    /// instead of being sent on. `error_recovery` always does that.
    #[serde(default)]
    pub clear_buffers: bool,
    /// Go back to the previous build.
    #[serde(default)]
    pub rollback: bool,
}

const fn yes() -> bool {
    true
}

impl Default for RestartRequest {
    fn default() -> Self {
        Self {
            graceful: true,
            preserve_state: true,
            timeout: None,
            reason: Reason::default(),
            note: None,
            drain: false,
            binary: None,
            build: true,
            clear_buffers: false,
            rollback: false,
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The successor serves.
    Complete,
    /// It did not come to that; who served before serves on, where that was possible.
    Failed,
    /// The previous build serves again.
    RolledBack,
    /// Called off before anything had changed.
    Cancelled,
}

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RestartError {
    /// The stable code.
    pub error_code: ErrorCode,
    /// What happened.
    pub error: String,
    /// In which phase.
    pub phase: Phase,
}

/// How long one phase took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseRecord {
    /// Which.
    pub phase: Phase,
    /// Milliseconds from the begin of the restart to the begin of the phase.
    pub started_ms: f64,
    /// Milliseconds that it took; absent while it runs.
    pub duration_ms: Option<f64>,
}

/// The snapshot that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateReport {
    /// The file's name in `server_state/`.
    pub snapshot: String,
    /// SHA-256 of its content, as in its `integrity_hash`.
    pub sha256: String,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// Open tasks in it.
    pub active_tasks: u64,
    /// Client sessions in it.
    pub client_sessions: u64,
}

/// The migration that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MigrationReport {
    /// The schema before.
    pub from: u32,
    /// The schema after.
    pub to: u32,
    /// The backup that was made before, by its name in `server_state/`.
    pub backup: Option<String>,
}

/// The builds on both sides of a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuildReport {
    /// Version that the program says of itself.
    pub version: String,
    /// SHA-256 of the program's file, where it was read.
    pub sha256: Option<String>,
    /// Where it was found.
    pub path: String,
}

/// A restart that runs or has ended: the true outcome, all of it measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RestartReport {
    /// Which.
    pub restart_id: RestartId,
    /// How it came about.
    pub kind: Kind,
    /// Why.
    pub reason: Reason,
    /// What its asker said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who asked: `mcp:CLIENT`, `admin:uid=UID`, `watch`, `watchdog`.
    pub requested_by: String,
    /// How it ended; absent while it runs.
    pub outcome: Option<Outcome>,
    /// Where it is, or where it ended.
    pub phase: Phase,
    /// 0 to 100.
    pub progress: u8,
    /// In a sentence.
    pub message: String,
    /// What went wrong, in order.
    pub errors: Vec<RestartError>,
    /// Whether the successor was to be proved first.
    pub graceful: bool,
    /// Whether a snapshot was to be taken.
    pub preserve_state: bool,
    /// How long it might take, in seconds.
    pub timeout: u32,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// When it ended, RFC 3339.
    pub completed_at: Option<String>,
    /// Milliseconds from begin to end, or so far.
    pub duration_ms: f64,
    /// Longest time that any request was held, in milliseconds.
    pub downtime_ms: f64,
    /// Requests that were held at any time.
    pub buffered_requests: u64,
    /// Requests that were sent to a second worker.
    pub replayed_requests: u64,
    /// Requests that were answered with an error instead of being sent on.
    pub cleared_requests: u64,
    /// Long calls that were suspended at a checkpoint.
    pub suspended: u64,
    /// The worker before.
    pub old_pid: Option<u32>,
    /// The worker after.
    pub new_pid: Option<u32>,
    /// Times a worker has taken over in this workspace, this restart included.
    pub generation: u64,
    /// The snapshot, where one was taken.
    pub state: Option<StateReport>,
    /// The migration, where one was due.
    pub migration: Option<MigrationReport>,
    /// The build before.
    pub old_build: Option<BuildReport>,
    /// The build after.
    pub new_build: Option<BuildReport>,
    /// The phases it went through.
    pub phases: Vec<PhaseRecord>,
}

impl RestartReport {
    /// Whether it ended as it was meant to.
    pub fn is_success(&self) -> bool {
        self.outcome == Some(Outcome::Complete)
    }
}

/// Something happened in a restart: what is streamed to who waits for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RestartEvent {
    /// It went on to another phase, or there is more to say about this one.
    Progress(Progress),
    /// A line of the build command's output; the newest 500 are kept for who comes later.
    BuildOutput {
        /// The line, without its end.
        line: String,
    },
}

/// How far a restart is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// Which restart.
    pub restart_id: RestartId,
    /// Where it is.
    pub phase: Phase,
    /// 0 to 100.
    pub progress: u8,
    /// What it does or waits for, in a sentence.
    pub message: String,
    /// Milliseconds since it began.
    pub elapsed_ms: f64,
    /// Milliseconds until this step is given up.
    pub deadline_ms: Option<f64>,
    /// Requests held at present.
    pub held: u64,
    /// Requests with a worker at present.
    pub in_flight: u64,
}

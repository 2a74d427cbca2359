//! What is reported of the server itself: one set of types for the MCP tools and
//! the admin channel. Field names are the contract of the reboot tools.

mod protection;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use protection::{BreakerCheck, BreakerState, LimitCounts, LimitsCheck};

use crate::error_code::ErrorCode;
use crate::phase::Phase;
use crate::restart::{Kind, Outcome, PhaseRecord, Reason, RestartError, RestartId};

/// How one part of the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Healthy,
    /// It works, and somebody should look.
    Degraded,
    /// It does not work.
    Unhealthy,
}

/// `orchestrator_health_check`: every figure measured at the call, or with its age.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// Whether `status` is healthy.
    pub healthy: bool,
    /// The worst of the checks.
    pub status: Level,
    /// When it was measured, RFC 3339.
    pub timestamp: String,
    /// Version of the front.
    pub server_version: String,
    /// Seconds since the front started.
    pub uptime_seconds: u64,
    /// Whether too many crashes have led to safe mode, and why.
    pub safe_mode: Option<String>,
    /// What a person must look at, until it is over.
    #[serde(default)]
    pub alerts: Vec<Alert>,
    /// Everything that was looked at.
    pub checks: Checks,
}

/// Something that a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alert {
    /// What: `safe_mode`, `restarts_fail`, `snapshot_broken`.
    pub kind: String,
    /// In words.
    pub detail: String,
    /// Since when, RFC 3339.
    pub raised_at: String,
    /// How often it has happened since.
    pub times: u32,
}

/// What a health check looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Checks {
    /// Whether a restart would go through; absent when not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reboot_readiness: Option<RebootReadiness>,
    /// The database; absent when not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseCheck>,
    /// The clients; absent when not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<ConnectionsCheck>,
    /// The worker process.
    pub worker: WorkerCheck,
    /// The disk that the workspace is on.
    pub disk: DiskCheck,
    /// Memory of the server's processes.
    pub memory: MemoryCheck,
    /// Snapshots and backups.
    pub state: StateCheck,
    /// How often clients may call tools; absent while no worker has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsCheck>,
    /// Circuit breakers by what they protect: `build`, the build command.
    #[serde(default)]
    pub breakers: std::collections::BTreeMap<String, BreakerCheck>,
}

/// Whether a restart would go through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RebootReadiness {
    /// Whether it would.
    pub ready: bool,
    /// What is in the way.
    pub issues: Vec<String>,
    /// The facts.
    pub details: ReadinessDetails,
}

/// The facts of [`RebootReadiness`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadinessDetails {
    /// Whether new requests are held back.
    pub maintenance_mode: bool,
    /// Whether the server is about to end.
    pub shutdown_in_progress: bool,
    /// Whether the directory of the snapshots exists.
    pub state_manager_initialized: bool,
    /// Whether a file could be written and removed there, tried at the call.
    pub state_manager_accessible: bool,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseCheck {
    /// Whether the worker could ask it.
    pub connected: bool,
    /// How it is.
    pub status: Level,
    /// `ok`, or what SQLite's quick check found, or why it was not asked.
    pub integrity: String,
    /// Its schema.
    pub schema_version: Option<u32>,
    /// Bytes of the file.
    pub size_bytes: Option<u64>,
    /// Bytes of its write-ahead log.
    pub wal_bytes: Option<u64>,
    /// Mutating operations that wait or run.
    pub transactions_pending: Option<u64>,
    /// Connections that the worker has open.
    pub connections_open: Option<u64>,
    /// How long a read took.
    pub latency_ms: Option<f64>,
    /// How long ago these figures were measured, in milliseconds.
    pub age_ms: Option<u64>,
}

/// The clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionsCheck {
    /// Client sessions.
    pub active_connections: u64,
    /// How many by transport.
    pub by_transport: std::collections::BTreeMap<String, u64>,
    /// How many by state: active (something in flight), idle, waiting (held back), slow.
    pub by_state: std::collections::BTreeMap<String, u64>,
    /// How they are.
    pub status: Level,
}

/// The worker process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerCheck {
    /// Its process id.
    pub pid: Option<u32>,
    /// Times a worker has taken over in this workspace.
    pub generation: u64,
    /// Resident memory at its last sign of life.
    pub rss_bytes: Option<u64>,
    /// Milliseconds since its last sign of life.
    pub last_heartbeat_ms: Option<u64>,
    /// Requests with it.
    pub in_flight: u64,
    /// Ends without being asked to, since the front started.
    pub crashes: u64,
    /// How it is.
    pub status: Level,
}

/// The disk that the workspace is on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiskCheck {
    /// Bytes that may still be written.
    pub free_bytes: Option<u64>,
    /// How it is: degraded below 1 GiB, unhealthy below 64 MiB.
    pub status: Level,
}

/// Memory of the server's processes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryCheck {
    /// Resident memory of the front.
    pub front_rss_bytes: Option<u64>,
    /// Resident memory of the worker at its last sign of life.
    pub worker_rss_bytes: Option<u64>,
    /// Bytes that requests hold in the front's buffers.
    pub buffered_bytes: u64,
}

/// Snapshots and backups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StateCheck {
    /// Bytes of `current_state.json`, where there is one.
    pub current_state_bytes: Option<u64>,
    /// Older snapshots and database backups.
    pub backups: u64,
    /// When a snapshot was last written and verified, RFC 3339.
    pub last_verified: Option<String>,
    /// How it is.
    pub status: Level,
}

/// `orchestrator_shutdown_prepare`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    /// Whether a restart would go through.
    pub ready_for_shutdown: bool,
    /// What is in the way.
    pub blocking_issues: Vec<String>,
    /// When it was looked at, RFC 3339.
    pub timestamp: String,
    /// More facts.
    pub details: ReadinessDetails,
    /// What was looked at.
    pub checks: ReadinessChecks,
}

/// What [`Readiness`] looks at; what was not asked for is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReadinessChecks {
    /// Work in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_tasks: Option<ActiveTasksCheck>,
    /// The database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseReadiness>,
    /// The clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_connections: Option<ClientsReadiness>,
}

/// Work in progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActiveTasksCheck {
    /// Tasks with status active; they are in the database and cross a restart there.
    pub count: u64,
    /// Long calls that run and stop at a checkpoint when asked.
    pub suspendable: u64,
    /// `ready`, or why not.
    pub status: String,
}

/// The database before a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseReadiness {
    /// Mutating operations that wait or run.
    pub transactions_pending: u64,
    /// Connections that the worker has open.
    pub connections_open: u64,
    /// `ready`, or why not.
    pub status: String,
}

/// The clients before a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientsReadiness {
    /// Client sessions.
    pub active_connections: u64,
    /// Those that read what they are sent.
    pub notifiable: u64,
    /// Requests that are not answered.
    pub in_flight_requests: u64,
    /// `ready`, or why not.
    pub status: String,
}

/// `orchestrator_restart_status`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RestartStatus {
    /// The restart that runs, or the last one of this front.
    pub current_status: CurrentStatus,
    /// When this was told, RFC 3339.
    pub timestamp: String,
    /// Earlier ones; absent when not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
}

/// The restart that runs, or the last one of this front.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CurrentStatus {
    /// Which; absent when there was none.
    pub restart_id: Option<RestartId>,
    /// Where it is; idle when none runs.
    pub phase: Phase,
    /// 0 to 100.
    pub progress: u8,
    /// In a sentence.
    pub message: String,
    /// When it began, RFC 3339.
    pub started_at: Option<String>,
    /// When it is expected to end, from what earlier ones took; RFC 3339.
    pub estimated_completion: Option<String>,
    /// What went wrong; absent when only the number was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<RestartError>>,
    /// How many things went wrong.
    pub error_count: u64,
    /// Whether new requests are held back.
    pub maintenance_mode: bool,
    /// Whether too many crashes have led to safe mode, and why.
    pub safe_mode: Option<String>,
}

/// Earlier restarts. Kept by the front, whatever happens to workers and database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// The newest, newest first.
    pub recent_restarts: Vec<PastRestart>,
    /// How many there were.
    pub total_restarts: u64,
    /// How many of them ended as they were meant to.
    pub successful_restarts: u64,
    /// When the last of those ended, RFC 3339.
    pub last_successful_restart: Option<String>,
    /// How long those took on average, in seconds.
    pub average_duration: Option<f64>,
    /// The part of the last day's restarts and recoveries that went well, 0 to 1;
    /// absent when there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_rate_24h: Option<f64>,
}

/// One earlier restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PastRestart {
    /// Which.
    pub restart_id: RestartId,
    /// When it ended, RFC 3339.
    pub timestamp: String,
    /// Why.
    pub reason: Reason,
    /// How it came about.
    pub kind: Kind,
    /// Whether it ended as it was meant to.
    pub success: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in seconds.
    pub duration: f64,
    /// Longest time that any request was held, in milliseconds.
    pub downtime_ms: f64,
    /// Who asked.
    pub requested_by: String,
    /// The phases it went through.
    pub phases: Vec<PhaseRecord>,
    /// What went wrong first.
    pub error: Option<RestartError>,
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestStatus {
    /// Everything was reached.
    Pass,
    /// Some of it was.
    Partial,
    /// Nothing was.
    Fail,
}

/// `orchestrator_reconnect_test`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReconnectTest {
    /// Whether everything that was to be reached has answered or run out of time.
    pub test_completed: bool,
    /// When, RFC 3339.
    pub timestamp: String,
    /// The outcome.
    pub overall_status: TestStatus,
    /// What was found.
    pub results: ReconnectResults,
}

/// What a reconnect test found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReconnectResults {
    /// All of them; absent when one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_sessions: Option<AllSessions>,
    /// The one that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_test: Option<SessionTest>,
    /// The request buffers; absent when not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_status: Option<BufferStatus>,
    /// How often sessions were established again; absent when not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconnection_stats: Option<ReconnectionStats>,
}

/// All sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AllSessions {
    /// How many there are.
    pub total_sessions: u64,
    /// Those whose shim answered.
    pub reachable_sessions: u64,
    /// Those that a new worker could take over.
    pub reconnect_capable: u64,
    /// The outcome.
    pub status: TestStatus,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionTest {
    /// Which.
    pub session_id: String,
    /// Whether its shim answered.
    pub reachable: bool,
    /// Whether a new worker could take it over.
    pub reconnect_capable: bool,
    /// How long the answer took.
    pub round_trip_ms: Option<f64>,
    /// The outcome.
    pub status: TestStatus,
}

/// The request buffers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BufferStatus {
    /// Requests that wait for a worker.
    pub total_buffered_requests: u64,
    /// Their bytes.
    pub total_buffered_bytes: u64,
    /// Sessions that have any.
    pub sessions_with_buffers: u64,
    /// Requests that one session may have waiting.
    pub capacity_per_session: u64,
    /// Age of the oldest.
    pub oldest_age_seconds: Option<f64>,
    /// How they are.
    pub status: Level,
}

/// How often sessions were established again at a new worker, since the front started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReconnectionStats {
    /// How often it went well.
    pub successful_reconnections: u64,
    /// How often it did not.
    pub failed_reconnections: u64,
    /// How long it took on average, in seconds.
    pub average_reconnection_time: Option<f64>,
    /// The part that went well, 0 to 1; absent when there was none.
    pub success_rate: Option<f64>,
    /// The outcome.
    pub status: TestStatus,
}

/// Why a request became a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadCause {
    /// Two workers ended while they had it.
    Quarantined,
    /// It waited longer than `buffer.expiry`.
    Expired,
    /// It could not be sent to another worker.
    NotReplayable,
}

/// A request that was answered with an error instead of being carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// Its number.
    pub id: u64,
    /// When it became one, RFC 3339.
    pub at: String,
    /// Why.
    pub cause: DeadCause,
    /// What its client was told.
    pub error_code: ErrorCode,
    /// The client's id.
    pub client: String,
    /// Its place among the client's messages.
    pub sequence: u64,
    /// The method, and the tool's name where it was a call of one.
    pub method: String,
    /// Bytes of the message.
    pub bytes: u64,
    /// The message; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<serde_json::Value>,
    /// How often it was tried again by hand.
    pub retries: u32,
}

//! The first words on each connection, and the records that open a session.
//!
//! A version mismatch is a polite refusal before anything has moved: both sides
//! name the range that they understand, and the highest common one is spoken.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::phase::Phase;
use task_orchestrator_shared::report::LimitsCheck;
use task_orchestrator_shared::restart::{MigrationReport, RestartId};
use thiserror::Error;

use super::ClientId;

/// The link versions that this build understands. Version 2 has no [`Order::ReadTasks`];
/// version 1 had no standby and was never released.
pub const PROTOCOL: Versions = Versions { min: 2, max: 3 };

/// The first version whose workers can be told [`Order::ReadTasks`].
pub const READS_TASKS: u16 = 3;

/// Ids of questions to clients are numbered from the generation times this, so
/// that no two workers use one id, and the front knows who asked. With fewer than
/// 2^33 generations they stay below 2^53, which every JSON reader keeps exactly.
pub const QUESTIONS_PER_GENERATION: u64 = 1 << 20;

/// A range of link versions, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Oldest understood.
    pub min: u16,
    /// Newest understood.
    pub max: u16,
}

/// Why two processes cannot talk.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HelloError {
    /// No version is common to both.
    #[error(
        "the other side speaks link versions {}..={}, this build {}..={}: upgrade the older one",
        theirs.min, theirs.max, ours.min, ours.max
    )]
    NoCommonVersion {
        /// What this build understands.
        ours: Versions,
        /// What the other side offered.
        theirs: Versions,
    },
}

impl Versions {
    /// The newest version that both understand.
    ///
    /// # Errors
    ///
    /// [`HelloError::NoCommonVersion`] when the ranges do not meet.
    pub fn agree(self, theirs: Self) -> Result<u16, HelloError> {
        let newest = self.max.min(theirs.max);
        if newest >= self.min.max(theirs.min) {
            Ok(newest)
        } else {
            Err(HelloError::NoCommonVersion { ours: self, theirs })
        }
    }
}

/// shim to front: who connects, and what a former front left it for this session.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShimHello {
    /// Link versions the shim understands.
    pub versions: Versions,
    /// The program's version, for people.
    pub build: String,
    /// The client's id, drawn by the shim when it started.
    pub client: ClientId,
    /// The shim's process id.
    pub pid: u32,
    /// The session's record that the last front sent, unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<RawValue>>,
}

/// front to shim: accepted.
#[derive(Debug, Serialize, Deserialize)]
pub struct Welcome {
    /// The version that both speak from here on.
    pub version: u16,
    /// The front's version, for people.
    pub build: String,
    /// The front's process id.
    pub pid: u32,
}

/// worker to front: what has been started.
#[derive(Debug, Serialize, Deserialize)]
pub struct WorkerHello {
    /// Link versions the worker understands.
    pub versions: Versions,
    /// The worker's version, for people.
    pub build: String,
    /// The worker's process id.
    pub pid: u32,
    /// The database schema that this build wants.
    pub schema: u32,
}

/// worker to front: opened, read and proved, without having written anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerPrepared {
    /// The schema that this build serves with.
    pub schema: u32,
    /// The schema of the database.
    pub found: u32,
    /// Whether the database is moved to [`Self::schema`] at the activation: nobody
    /// else may write while that happens.
    pub migration_due: bool,
    /// Whether the build of the database's present schema can go on after the migration.
    pub reversible: bool,
    /// Open tasks that it sees.
    pub open_tasks: u64,
}

/// How a worker takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakeOver {
    /// No earlier worker writes any more.
    #[default]
    Alone,
    /// The worker of the epoch before may still write, until it is retired: what
    /// it has in flight stays with it.
    Handover,
}

/// front to worker: take over and serve. Also to a worker that has served
/// before: when its successor failed, it takes the database back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Activation {
    /// Whether it has to share the database for a while.
    pub take_over: TakeOver,
    /// What the front says about itself.
    pub front: FrontState,
}

/// front to worker: how the front is, for what clients ask and are told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FrontState {
    /// Where a restart is.
    pub phase: Phase,
    /// Whether new requests are held back.
    pub maintenance_mode: bool,
    /// Too many crashes: nothing that writes is carried out.
    pub safe_mode: bool,
    /// The restart that runs, or that has just ended.
    pub restart: Option<RestartId>,
    /// When the front started, seconds since the Unix epoch.
    pub front_started_at: i64,
    /// How much workers write to their log file, where somebody wants it otherwise
    /// than the configuration says.
    #[serde(default)]
    pub log_level: Option<String>,
}

/// worker to front: it serves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkerReady {
    /// Its generation, which the database has counted on.
    pub generation: u64,
    /// Open tasks that it sees: read after it has taken over.
    pub open_tasks: u64,
    /// The migration that it did.
    pub migration: Option<MigrationReport>,
}

/// front to worker: something to do beside the requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFrame {
    /// Drawn by the front; the outcome names it.
    pub job: u64,
    /// What.
    pub order: Order,
}

/// What a worker can be told to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Write all that the database knows of the active work into a new file, from
    /// one moment, and sync it. The active worker's.
    Snapshot {
        /// The file, which does not exist.
        file: PathBuf,
        /// What the front knows of it.
        header: SnapshotHeader,
    },
    /// Read that file, check it, and compare it with the database. The standby's.
    VerifySnapshot {
        /// The file.
        file: PathBuf,
        /// What its writer said about it.
        bulk: SnapshotBulk,
    },
    /// Copy the database into a backup and verify that.
    Backup {
        /// Where backups are.
        directory: PathBuf,
    },
    /// Bring long calls to their next checkpoint and hand them back.
    Suspend,
    /// Measure how the database is.
    Inspect,
    /// Read the work as a tree, for administrators. The active worker's, since [`READS_TASKS`].
    ReadTasks,
}

/// What the front knows of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SnapshotHeader {
    /// The restart that it is taken for.
    pub restart_id: String,
    /// Why there is a restart.
    pub restart_reason: String,
    /// The generation that it is taken of.
    pub generation: u64,
}

/// What the writer of a snapshot's bulk says about it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SnapshotBulk {
    /// SHA-256 of the bytes written so far, in hexadecimal.
    pub sha256: String,
    /// How many bytes that are.
    pub bytes: u64,
    /// Open tasks in it.
    pub active_tasks: u64,
    /// Suspended calls in it.
    pub suspended_tasks: u64,
}

/// worker to front: what came of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutcomeFrame {
    /// Which order.
    pub job: u64,
    /// What came of it.
    pub result: Result<Done, OrderFailure>,
}

/// What an order resulted in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// [`Order::Snapshot`]
    Snapshot(SnapshotBulk),
    /// [`Order::VerifySnapshot`]: the file is what it should be.
    Verified,
    /// [`Order::Backup`]: its name.
    Backup(String),
    /// [`Order::Suspend`]: how many were asked to stop.
    Suspending(u64),
    /// [`Order::Inspect`]
    Inspection(Inspection),
    /// [`Order::ReadTasks`]
    Tasks(Unread),
}

/// Something that is passed on without being read: reading it takes time that the
/// front's own task does not have.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Unread(pub Box<RawValue>);

impl PartialEq for Unread {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

/// Why an order could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFailure {
    /// The stable code.
    pub error_code: ErrorCode,
    /// What happened.
    pub error: String,
}

/// The database as the worker measures it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Inspection {
    /// Its schema.
    pub schema_version: u32,
    /// Whether SQLite's quick check found nothing wrong.
    pub intact: bool,
    /// What it found, otherwise.
    pub problems: Vec<String>,
    /// Bytes of the file.
    pub size_bytes: u64,
    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
    /// Mutating operations that wait or run.
    pub transactions_pending: u64,
    /// Connections that the worker has open.
    pub connections_open: u64,
    /// How long a read took, in microseconds.
    pub latency_micros: u64,
    /// Tasks with status active.
    pub active_tasks: u64,
    /// Open tasks.
    pub open_tasks: u64,
    /// Long calls that run and can be suspended.
    pub suspendable: u64,
}

/// worker to front: its figures, with each sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerFigures {
    /// Requests that it is working on.
    pub in_flight: u64,
    /// Resident memory in bytes, where the system tells.
    pub rss_bytes: Option<u64>,
    /// How often clients were let through to the tools; older workers do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsCheck>,
}

/// front to shim: the front ends on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goodbye {
    /// Whether the client is to be served on by the next front; otherwise its session is over.
    pub resume: bool,
    /// Why, for people.
    pub reason: String,
}

/// front to worker: a session, new or taken over.
#[derive(Debug, Serialize, Deserialize)]
pub struct SessionOpening {
    /// Whose session it is.
    pub client: ClientId,
    /// What an earlier worker left for this session; absent for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<RawValue>>,
    /// Who the client is for limits, over HTTP; absent where each session is a client of
    /// its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The request's `mcp-*` headers, lower case, in the order in which they came: of a
    /// session that is one request over HTTP. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Vec<(String, String)>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_common_version_is_spoken() {
        let ours = Versions { min: 2, max: 3 };
        assert_eq!(ours.agree(Versions { min: 3, max: 9 }), Ok(3));
        assert_eq!(ours.agree(Versions { min: 1, max: 2 }), Ok(2));
    }

    #[test]
    fn what_is_not_read_crosses_the_link_as_it_is() {
        let raw = RawValue::from_string(r#"{"rows": [1,2]}"#.to_owned()).unwrap();
        let outcome = OutcomeFrame { job: 7, result: Ok(Done::Tasks(Unread(raw))) };
        let wire = serde_json::to_vec(&outcome).unwrap();
        assert_eq!(serde_json::from_slice::<OutcomeFrame>(&wire).unwrap(), outcome);
        assert!(String::from_utf8(wire).unwrap().contains(r#"{"rows": [1,2]}"#));
    }

    #[test]
    fn ranges_that_do_not_meet_are_refused_with_the_next_step() {
        let error = Versions { min: 2, max: 3 }.agree(Versions { min: 4, max: 5 }).unwrap_err();
        assert!(error.to_string().contains("upgrade the older one"));
    }
}

//! What the machine is told. Each event names the worker or the job that it is
//! about, so that one from the past is recognised.

use task_orchestrator_shared::error_code::ErrorCode;
use task_orchestrator_shared::restart::{RestartId, RestartRequest};

use super::ids::{BuildId, JobId, WorkerId};
use crate::link::{SnapshotBulk, WorkerPrepared, WorkerReady};

/// Why something did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The stable code.
    pub code: ErrorCode,
    /// What happened, and where possible what to do.
    pub text: String,
}

impl Trouble {
    /// A trouble with this code.
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// A restart that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Its name, should it be the one that is carried out.
    pub id: RestartId,
    /// What is wanted.
    pub request: RestartRequest,
    /// Who wants it, for the history.
    pub by: String,
    /// Whether something has to be done while no worker lives: then it is no
    /// handover, whatever is requested, and [`Done::Apart`] comes in between.
    pub apart: bool,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// The build command succeeded.
    Built,
    /// Nothing is in the way, and this is what to run.
    Examined(BuildId),
    /// The bulk of the snapshot is in its file.
    Snapshot(SnapshotBulk),
    /// It is what it should be.
    Verified,
    /// The plan is on the disk.
    Planned,
    /// The snapshot has its name.
    Sealed,
    /// What had to be done while no worker lived is done.
    Apart,
}

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody wants a restart.
    Asked(Box<Ask>),
    /// Somebody wants it called off.
    CancelAsked,
    /// A job has ended.
    JobDone(JobId, Result<Done, Trouble>),
    /// A worker could serve.
    Prepared(WorkerId, WorkerPrepared),
    /// A worker serves.
    Ready(WorkerId, WorkerReady),
    /// A worker process is gone, or could not even be started.
    Ended {
        /// Which.
        worker: WorkerId,
        /// In words.
        reason: String,
        /// Whether it has said that another attempt is useless.
        hopeless: bool,
    },
    /// A worker gives no sign of life.
    Hung(WorkerId),
    /// A worker fails one request after the other by its own fault.
    Failing(WorkerId),
    /// New requests are held back.
    Held,
    /// Nothing has to be waited for at this worker.
    Settled(WorkerId),
    /// What is not in the database has been collected.
    Collected,
    /// The table of sessions is fixed.
    Fixed,
    /// The worker has the sessions.
    Restored(WorkerId),
    /// What was held has been sent.
    Released,
    /// Time has passed.
    Timer,
    /// The front ends.
    Stop,
}

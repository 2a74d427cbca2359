//! What the machine wants done. What can fail, or takes time, comes back as an event.

use std::time::Instant;

use task_orchestrator_shared::restart::{Outcome, RestartId};

use super::ids::{BuildId, JobId, WorkerId};
use super::run::Run;
use crate::link::{SnapshotBulk, TakeOver};

/// How a worker process begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// It proves itself and stands by.
    Prepare,
    /// It serves as soon as it can.
    Activate,
}

/// Something to be done.
#[derive(Debug)]
pub enum Effect {
    /// Run the build command. Comes back as [`Done::Built`](super::event::Done::Built).
    Build(JobId),
    /// Look whether anything is in the way, and open the program. Comes back as
    /// [`Done::Examined`](super::event::Done::Examined).
    Examine {
        /// Comes back under this number.
        job: JobId,
        /// The program that was asked for; the configured one where absent.
        binary: Option<String>,
        /// A build that is open already and is to be used.
        known: Option<BuildId>,
        /// Whether the configuration is read again.
        reload: bool,
    },
    /// Start a worker of this build.
    Start {
        /// Its number from here on.
        worker: WorkerId,
        /// Which program.
        build: BuildId,
        /// What it is to do.
        begin: Begin,
    },
    /// Let a worker take the database over.
    Activate {
        /// Which.
        worker: WorkerId,
        /// Whether it shares the database.
        take_over: TakeOver,
    },
    /// Let this worker write a snapshot's bulk.
    Snapshot(JobId, WorkerId),
    /// Let this worker check it.
    Verify(JobId, WorkerId, SnapshotBulk),
    /// Write down what the next front has to run, should this one end.
    Plan {
        /// Comes back under this number.
        job: JobId,
        /// What serves, or is to serve from here on.
        current: BuildId,
        /// The other one: what served before, or is about to be tried.
        other: Option<BuildId>,
    },
    /// Hold new requests back. Comes back as [`Event::Held`](super::Event::Held).
    Hold,
    /// Ask this worker's long calls to stop at a checkpoint. With `drain`,
    /// [`Event::Settled`](super::Event::Settled) comes once nothing is in flight with it, otherwise at once.
    Suspend {
        /// Which.
        worker: WorkerId,
        /// Whether everything has to finish.
        drain: bool,
    },
    /// Collect what is not in the database. Comes back as [`Event::Collected`](super::Event::Collected).
    Collect,
    /// Fix the table of sessions. Comes back as [`Event::Fixed`](super::Event::Fixed).
    Fix,
    /// Give this worker the sessions. Comes back as [`Event::Restored`](super::Event::Restored).
    Restore(WorkerId),
    /// Send what was held to this worker, and what comes from here on. Comes back
    /// as [`Event::Released`](super::Event::Released).
    Release {
        /// Who gets it.
        to: WorkerId,
        /// Whether what was held is answered with an error instead.
        clear: bool,
    },
    /// No worker lives: do what needs that. Comes back as [`Done::Apart`](super::event::Done::Apart).
    Apart(JobId),
    /// Complete the snapshot and give it its name. Comes back as [`Done::Sealed`](super::event::Done::Sealed).
    Seal(JobId, SnapshotBulk),
    /// Remove what was written of a snapshot that is not wanted any more.
    DiscardSnapshot,
    /// Watch for the moment when nothing is in flight with this worker any more:
    /// then [`Event::Settled`](super::Event::Settled).
    Watch(WorkerId),
    /// The former worker writes no more: tell the active one, and send that what
    /// the former has not answered.
    Retire(WorkerId),
    /// Let a worker finish and exit.
    Stop(WorkerId),
    /// End a worker at once.
    Kill(WorkerId),
    /// Workers are to know that the front's state has changed.
    TellFront,
    /// No worker can be started at present: requests are refused, with this reason.
    Refuse(String),
    /// A restart has ended.
    Verdict(Box<Verdict>),
    /// What was asked for last runs already: the outcome of this restart is theirs.
    Joined(RestartId),
    /// Whether calling it off was possible; otherwise why not.
    CancelAnswer(Result<(), String>),
    /// Too many crashes: a person must look.
    SafeModeEntered(String),
    /// Safe mode has ended.
    SafeModeLeft,
}

/// How a restart ended.
#[derive(Debug)]
pub struct Verdict {
    /// The restart.
    pub run: Run,
    /// How.
    pub outcome: Outcome,
    /// In a sentence.
    pub message: String,
    /// When.
    pub at: Instant,
}

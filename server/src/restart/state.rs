//! Where the machine is. What exists only in one state is in that state's type.

use std::time::Instant;

use task_orchestrator_shared::phase::Phase;

use super::ids::{BuildId, JobId, WorkerId};
use super::run::Run;

/// The worker that serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Active {
    /// Which.
    pub worker: WorkerId,
    /// What it runs.
    pub build: BuildId,
}

/// See the module.
#[derive(Debug)]
pub enum State {
    /// A worker serves and nothing else happens.
    Serving(Serving),
    /// A restart runs.
    Restarting {
        /// The restart.
        run: Box<Run>,
        /// Where it is.
        step: Step,
    },
    /// No worker lives; the next attempt is made at a time.
    Recovering {
        /// The restart that all attempts belong to.
        run: Box<Run>,
        /// When.
        until: Instant,
    },
    /// The front ends; nothing is started any more.
    Stopping {
        /// Who is still alive.
        alive: Vec<WorkerId>,
    },
}

/// A worker serves.
#[derive(Debug, Clone, Copy)]
pub struct Serving {
    /// Which.
    pub active: Active,
    /// Until when trouble brings the previous build back.
    pub probation: Option<Instant>,
}

/// Where a restart is. The fence is a type: only [`Before`] it can be called off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The old worker could serve on as if nothing had been.
    Before(Before),
    /// It could not.
    After(After),
}

/// Steps before the fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// The build command runs.
    Build {
        /// Its job.
        job: JobId,
        /// When it is given up.
        deadline: Instant,
    },
    /// It is looked at what could be in the way.
    Examine(JobId),
    /// A former worker or a spare has to be gone first: two generations at most are alive.
    Clear,
    /// The next worker proves itself.
    Prove {
        /// Which.
        worker: WorkerId,
        /// When it is given up.
        deadline: Instant,
    },
    /// The old worker writes the snapshot's bulk.
    Snapshot {
        /// Its job.
        job: JobId,
        /// Who stands by.
        standby: WorkerId,
        /// Whether everything stands still already.
        is_still: bool,
    },
    /// The standby checks it.
    Verify {
        /// Its job.
        job: JobId,
        /// Who stands by.
        standby: WorkerId,
        /// Whether everything stands still already.
        is_still: bool,
    },
    /// What the next front is to run is written down.
    Plan {
        /// Its job.
        job: JobId,
        /// Who stands by.
        standby: WorkerId,
    },
    /// New requests are being held back.
    Hold(WorkerId),
    /// Work in flight is asked to stop, or waited for.
    Suspend {
        /// Who stands by.
        standby: WorkerId,
        /// When waiting ends.
        deadline: Instant,
    },
    /// What is not in the database is collected.
    Collect(WorkerId),
    /// The snapshot is completed while everything stands still.
    Seal {
        /// Its job.
        job: JobId,
        /// Who stands by.
        standby: WorkerId,
    },
    /// The table of sessions is fixed.
    Fix(WorkerId),
}

/// Steps after the fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// A worker is ended; its end is waited for.
    End {
        /// Which.
        worker: WorkerId,
        /// When it is killed again: a process in the kernel's hands may take its time.
        deadline: Instant,
    },
    /// No worker may live: the rest of them is waited for, then what needs that is done.
    Apart {
        /// Its job, once nobody lives.
        job: Option<JobId>,
        /// When those who still live are killed again. The job itself takes its time.
        deadline: Instant,
    },
    /// A worker is started that is to serve at once.
    Start {
        /// Which.
        worker: WorkerId,
        /// What it runs.
        build: BuildId,
        /// When it is given up.
        deadline: Instant,
    },
    /// The standby takes over.
    Promote {
        /// Which.
        worker: WorkerId,
        /// What it runs.
        build: BuildId,
        /// When it is given up.
        deadline: Instant,
    },
    /// The old worker takes the database back.
    TakeBack {
        /// When it is given up.
        deadline: Instant,
    },
    /// The sessions are given to the worker.
    Restore(Active),
    /// What was held is sent to it.
    Resume(Active),
    /// It serves; the snapshot is completed.
    Seal {
        /// Its job.
        job: JobId,
        /// Who serves.
        active: Active,
    },
}

impl Step {
    /// The phase that a person sees.
    pub fn phase(&self) -> Phase {
        match self {
            Self::Before(before) => match before {
                Before::Build { .. }
                | Before::Examine(_)
                | Before::Clear
                | Before::Prove { .. }
                | Before::Snapshot { is_still: false, .. }
                | Before::Verify { is_still: false, .. }
                | Before::Plan { .. } => Phase::Preparation,
                Before::Hold(_) => Phase::MaintenanceMode,
                Before::Suspend { .. } => Phase::TaskSuspension,
                Before::Snapshot { is_still: true, .. }
                | Before::Verify { is_still: true, .. }
                | Before::Collect(_)
                | Before::Seal { .. } => Phase::StateSerialization,
                Before::Fix(_) => Phase::ConnectionPreservation,
            },
            Self::After(after) => match after {
                After::End { .. }
                | After::Apart { .. }
                | After::Start { .. }
                | After::Promote { .. }
                | After::TakeBack { .. } => Phase::ProcessRestart,
                After::Restore(_) => Phase::StateRestoration,
                After::Resume(_) | After::Seal { .. } => Phase::ServiceResume,
            },
        }
    }

    /// 0 to 100. Preparation is most of a restart, so its steps count.
    pub fn progress(&self) -> u8 {
        match self {
            Self::Before(Before::Build { .. }) => 2,
            Self::Before(Before::Examine(_)) => 5,
            Self::Before(Before::Clear) => 8,
            Self::Before(Before::Prove { .. }) => 10,
            Self::Before(Before::Snapshot { is_still: false, .. }) => 25,
            Self::Before(Before::Verify { is_still: false, .. }) => 35,
            Self::Before(Before::Plan { .. }) => 45,
            Self::After(After::Seal { .. }) => 95,
            other => other.phase().progress(),
        }
    }

    /// What it does or waits for.
    pub fn message(&self) -> &'static str {
        match self {
            Self::Before(before) => match before {
                Before::Build { .. } => "the build command runs",
                Before::Examine(_) => "looking whether anything is in the way",
                Before::Clear => "the former worker has to finish first",
                Before::Prove { .. } => "the next worker starts and proves itself",
                Before::Snapshot { .. } => "the snapshot is written",
                Before::Verify { .. } => "the next worker checks the snapshot",
                Before::Plan { .. } => "the plan is written down",
                Before::Hold(_) => "new requests are held back",
                Before::Suspend { .. } => "work in flight comes to a checkpoint",
                Before::Collect(_) => "the sessions' records are collected",
                Before::Seal { .. } => "the snapshot is completed",
                Before::Fix(_) => "the table of sessions is fixed",
            },
            Self::After(after) => match after {
                After::End { .. } => "the worker is ended",
                After::Apart { job: None, .. } => "every worker is ended",
                After::Apart { job: Some(_), .. } => "the database is put in its place",
                After::Start { .. } => "a worker starts",
                After::Promote { .. } => "the next worker takes over",
                After::TakeBack { .. } => "the old worker takes over again",
                After::Restore(_) => "the sessions are handed over",
                After::Resume(_) => "held requests are sent on",
                After::Seal { .. } => "the new worker serves; the snapshot is completed",
            },
        }
    }
}

//! The workers beside the one that serves: a spare, and the former one that
//! finishes what it holds. At most one of the two is ever wanted.

use std::time::Instant;

use super::super::ids::{BuildId, WorkerId};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Crew {
    pub(super) spare: Spare,
    pub(super) former: Option<Former>,
}

/// A worker that stands by.
#[derive(Debug, Default)]
pub(super) enum Spare {
    /// None, and none is wanted.
    #[default]
    None,
    /// One is started at this time.
    Due(Instant),
    /// One was started and has not proved itself.
    Starting { worker: WorkerId, build: BuildId, deadline: Instant },
    /// It could take over at once.
    Ready { worker: WorkerId, build: BuildId },
    /// It is not wanted any more and was killed; its end has not been seen.
    Leaving(WorkerId),
}

/// A worker whose successor serves.
#[derive(Debug)]
pub(super) struct Former {
    pub(super) worker: WorkerId,
    /// When what it has not finished is taken from it.
    pub(super) until: Instant,
    /// It was told to stop, or was killed: when to kill it (again).
    pub(super) leaving: Option<Instant>,
}

impl Spare {
    pub(super) fn worker(&self) -> Option<WorkerId> {
        match self {
            Self::None | Self::Due(_) => None,
            Self::Starting { worker, .. } | Self::Ready { worker, .. } | Self::Leaving(worker) => {
                Some(*worker)
            }
        }
    }

    pub(super) fn wakes_at(&self) -> Option<Instant> {
        match self {
            Self::Due(at) => Some(*at),
            Self::Starting { deadline, .. } => Some(*deadline),
            Self::None | Self::Ready { .. } | Self::Leaving(_) => None,
        }
    }
}

impl Crew {
    pub(super) fn is_alone(&self) -> bool {
        self.former.is_none() && self.spare.worker().is_none()
    }

    pub(super) fn wakes_at(&self) -> Option<Instant> {
        let former = self.former.as_ref().map(|former| former.leaving.unwrap_or(former.until));
        [former, self.spare.wakes_at()].into_iter().flatten().min()
    }
}

//! The server's processes while they are disturbed: how many workers there are at
//! once, and whether a front that lives through it all grows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use task_orchestrator::workspace::{Surroundings, Workspace as Place};
use task_orchestrator_shared::admin::{Context, Reply, Request, Status};
use task_orchestrator_shared::client::{Target, once};

use crate::{Workspace, process};

/// Disturbances after which a front has everything that it will have.
const SETTLED: u32 = 20;

/// Descriptors by which a front may differ: a caller's connection comes and goes.
const DESCRIPTORS: usize = 4;

/// How often is looked, as far as the machine has time for it.
const EVERY: Duration = Duration::from_millis(5);

/// How long a front may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// A front at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Front {
    pid: u32,
    descriptors: usize,
    resident: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Watched {
    server: Target,
    is_over: AtomicBool,
    problems: Mutex<Vec<String>>,
    settled: Mutex<Option<Front>>,
}

impl Watched {
    pub(super) fn new(workspace: &Workspace) -> Result<Self> {
        let place = Place::discover(Some(workspace.path()), &Surroundings::of_process()?)?;
        Ok(Self {
            server: Target::new(place.admin_socket(), "watcher"),
            is_over: AtomicBool::new(false),
            problems: Mutex::default(),
            settled: Mutex::default(),
        })
    }

    /// Looks again and again until it is over.
    pub(super) fn watch(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            if let Some(status) = self.status() {
                self.count(&status);
            }
            std::thread::park_timeout(EVERY);
        }
    }

    fn status(&self) -> Option<Status> {
        // A front that has just been killed answers nobody.
        match once(&self.server, Request::Status, Context::default(), Some(PATIENCE), |_| {}) {
            Ok(Reply::Status(status)) => Some(*status),
            _ => None,
        }
    }

    /// Two generations may be alive; one that was killed and is not reaped yet is not.
    fn count(&self, status: &Status) {
        let active = status.worker.as_ref().map(|worker| worker.pid);
        let mut told: Vec<u32> = active.into_iter().chain(status.standby).chain(status.former).collect();
        told.sort_unstable();
        told.dedup();
        told.retain(|pid| process::lives(*pid));
        if told.len() > 2 {
            self.report(format!("{} workers are alive at once: {told:?}", told.len()));
        }
    }

    /// So many disturbances are over.
    pub(super) fn after(&self, disturbances: u32) {
        if disturbances == SETTLED {
            *self.settled.lock().unwrap_or_else(PoisonError::into_inner) = self.front();
        }
    }

    /// All of them are.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        let before = *self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        // A front that was killed in between has nothing to be compared with.
        if let (Some(before), Some(now)) = (before, self.front())
            && before.pid == now.pid
        {
            self.compare(before, now);
        }
    }

    fn compare(&self, before: Front, now: Front) {
        // Those of callers who have just hung up may be among the first: fewer is no news.
        if now.descriptors > before.descriptors + DESCRIPTORS {
            self.report(format!(
                "the front had {} descriptors, then {}",
                before.descriptors, now.descriptors
            ));
        }
        if now.resident > before.resident + before.resident / 5 {
            self.report(format!("the front took {} bytes, then {}", before.resident, now.resident));
        }
    }

    fn front(&self) -> Option<Front> {
        let pid = self.status()?.pid;
        let descriptors = process::descriptors(pid).ok()?;
        Some(Front { pid, descriptors, resident: process::resident_bytes(pid).ok()? })
    }

    fn report(&self, problem: String) {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
    }

    pub(super) fn problems(&self) -> Vec<String> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_front_that_grows_is_seen() {
        let watched = |now: Front| {
            let watched = Watched {
                server: Target::new("", ""),
                is_over: AtomicBool::new(false),
                problems: Mutex::default(),
                settled: Mutex::default(),
            };
            watched.compare(Front { pid: 1, descriptors: 40, resident: 1000 }, now);
            watched.problems().len()
        };
        assert_eq!(watched(Front { pid: 1, descriptors: 44, resident: 1200 }), 0);
        assert_eq!(watched(Front { pid: 1, descriptors: 45, resident: 1000 }), 1);
        assert_eq!(watched(Front { pid: 1, descriptors: 35, resident: 1200 }), 0);
        assert_eq!(watched(Front { pid: 1, descriptors: 46, resident: 1201 }), 2);
    }
}

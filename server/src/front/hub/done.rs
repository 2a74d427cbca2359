//! What has come of the front's own jobs.

use std::time::Instant;

use crate::front::jobs::JobOutcome;
use crate::restart::build::Build;
use crate::restart::{self, BuildId, JobId};

use super::Hub;
use super::stream::Slow;

impl Hub {
    pub(super) fn job_ended(&mut self, job: JobId, outcome: JobOutcome, now: Instant) {
        use restart::event::Done;
        let result = match outcome {
            JobOutcome::Built(result) => self.jobs.building().ended(job, result, now).map(|()| Done::Built),
            JobOutcome::Planned(result) => {
                if let Err(trouble) = &result {
                    tracing::error!(trouble.text, "the plan");
                }
                result.map(|()| Done::Planned)
            }
            JobOutcome::Examined(result) => result.map(|examined| {
                if let Some(loaded) = examined.config {
                    self.reconfigure(loaded);
                }
                Done::Examined(self.register(examined.build))
            }),
            JobOutcome::Sealed(result) if self.is_taking(job) => return self.snapshot_taken(result),
            JobOutcome::Restored(result) => self.was_put_in_place(result),
            JobOutcome::Rotated => return self.measure(&[Slow::Backups]),
            JobOutcome::Sealed(result) => result.map(|sealed| {
                self.sealed(job, sealed);
                Done::Sealed
            }),
        };
        self.feed(restart::Event::JobDone(job, result), now);
    }

    /// The build's number; `None` stands for the one that runs, or is to be run again.
    fn register(&mut self, build: Option<Build>) -> BuildId {
        let target = self.machine.running().map(|(run, _)| run.target);
        let Some(build) = build else { return target.unwrap_or(self.machine.builds().0) };
        let same = |known: &&BuildId| {
            self.builds.get(*known).is_some_and(|known| {
                known.identity() == build.identity()
                    || known.known_sha256().is_some_and(|sha256| Some(sha256) == build.known_sha256())
            })
        };
        if let Some(known) = self.builds.keys().find(same).copied() {
            return known;
        }
        let id = BuildId(self.next_build);
        self.next_build += 1;
        self.builds.insert(id, build);
        id
    }
}
